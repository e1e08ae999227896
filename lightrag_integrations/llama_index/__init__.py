"""LlamaIndex components over a `LightRAGIndex`: transform, vector store, retriever, reranker and tool spec."""

from __future__ import annotations

from lightrag_integrations.errors import MissingDependency

try:
    import llama_index.core  # noqa: F401
except ModuleNotFoundError as error:
    raise MissingDependency(
        "llama-index-core is not installed; it comes with the extra: pip install 'lightrag-integrations[llama-index]'"
    ) from error

from lightrag_integrations.llama_index.index import LightRAGPropertyGraphIndex
from lightrag_integrations.llama_index.postprocessor import LightRAGRerank
from lightrag_integrations.llama_index.property_graph import LightRAGPropertyGraphStore
from lightrag_integrations.llama_index.property_graph_retriever import LightRAGContextRetriever
from lightrag_integrations.llama_index.query_engine import LightRAGQueryEngine
from lightrag_integrations.llama_index.retriever import LightRAGRetriever
from lightrag_integrations.llama_index.synthesizer import LightRAGSynthesizer
from lightrag_integrations.llama_index.tool import LightRAGToolSpec
from lightrag_integrations.llama_index.transform import LightRAGTransform
from lightrag_integrations.llama_index.vector_store import LightRAGVectorStore

__all__ = [
    "LightRAGContextRetriever",
    "LightRAGPropertyGraphIndex",
    "LightRAGPropertyGraphStore",
    "LightRAGQueryEngine",
    "LightRAGRerank",
    "LightRAGRetriever",
    "LightRAGSynthesizer",
    "LightRAGToolSpec",
    "LightRAGTransform",
    "LightRAGVectorStore",
]
