"""LlamaIndex components over a `LightRAGIndex`: transform, vector store, retriever, reranker and tool spec."""

from __future__ import annotations

from importlib.util import find_spec

from lightrag_integrations.errors import MissingDependency

if find_spec("llama_index") is None or find_spec("llama_index.core") is None:
    raise MissingDependency(
        "llama-index-core is not installed; it comes with the extra: pip install 'lightrag-integrations[llama-index]'"
    )

from lightrag_integrations.llama_index.postprocessor import LightRAGRerank
from lightrag_integrations.llama_index.retriever import LightRAGRetriever
from lightrag_integrations.llama_index.tool import LightRAGToolSpec
from lightrag_integrations.llama_index.transform import LightRAGTransform
from lightrag_integrations.llama_index.vector_store import LightRAGVectorStore

__all__ = ["LightRAGRerank", "LightRAGRetriever", "LightRAGToolSpec", "LightRAGTransform", "LightRAGVectorStore"]
