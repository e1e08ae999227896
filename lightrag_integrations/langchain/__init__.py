"""LangChain components over a `LightRAGIndex`: retriever, vector store, records, ingestor, reranker, tool."""

from __future__ import annotations

from lightrag_integrations.errors import MissingDependency

try:
    import langchain_core  # noqa: F401
except ModuleNotFoundError as error:
    raise MissingDependency(
        "langchain-core is not installed; it comes with the extra: pip install 'lightrag-integrations[langchain]'"
    ) from error

from lightrag_integrations.langchain.compressor import LightRAGReranker
from lightrag_integrations.langchain.ingestor import LightRAGIngestor
from lightrag_integrations.langchain.record_manager import LightRAGRecordManager
from lightrag_integrations.langchain.retriever import LightRAGRetriever
from lightrag_integrations.langchain.self_query import LightRAGTranslator
from lightrag_integrations.langchain.stores import StoredEmbeddings
from lightrag_integrations.langchain.tool import LightRAGTool
from lightrag_integrations.langchain.vector_store import LightRAGVectorStore

__all__ = [
    "LightRAGIngestor",
    "LightRAGRecordManager",
    "LightRAGReranker",
    "LightRAGRetriever",
    "LightRAGTool",
    "LightRAGTranslator",
    "LightRAGVectorStore",
    "StoredEmbeddings",
]
