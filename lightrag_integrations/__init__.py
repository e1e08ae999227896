"""Knowledge-graph retrieval on PostgreSQL, as first-class LangChain and LlamaIndex components."""

from __future__ import annotations

import logging
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightrag_integrations.edits import Alias, Hidden, Override
    from lightrag_integrations.errors import (
        BudgetExceeded,
        ConfigurationError,
        ConnectionFailed,
        ConnectionLost,
        EmbeddingMismatch,
        IndexClosed,
        IndexNotFound,
        InputError,
        LightRAGError,
        MirrorError,
        MissingDependency,
        ModelError,
        SchemaError,
        ServerError,
        StorageError,
    )
    from lightrag_integrations.evaluate.questions import EvaluationQuestion
    from lightrag_integrations.evaluate.report import EvaluationReport
    from lightrag_integrations.evaluate.settings import Setting
    from lightrag_integrations.graph.duplicates import Duplicate
    from lightrag_integrations.index import LightRAGIndex
    from lightrag_integrations.ingest.lexical import LexicalExtractor
    from lightrag_integrations.migrate.report import ImportReport
    from lightrag_integrations.migrate.sources import (
        LangChainCollection,
        LangChainTable,
        LightRAGDirectory,
        LightRAGWorkspace,
        LlamaIndexTable,
    )
    from lightrag_integrations.models import (
        Answer,
        Chunk,
        ChunkEntity,
        ChunkGraph,
        ChunkLink,
        ChunkRelation,
        Citation,
        Context,
        Document,
        EntityView,
        Evidence,
        ExtractedEntity,
        ExtractedRelation,
        Extraction,
        FactView,
        Hit,
        PathStep,
        RelationView,
        RetrievalResult,
        Seed,
        Subgraph,
    )
    from lightrag_integrations.notes import NodeView, TripleView
    from lightrag_integrations.observe import Event, LoggingObserver, Observer
    from lightrag_integrations.options import (
        AnswerOptions,
        ConnectOptions,
        IndexOptions,
        IngestOptions,
        QueryOptions,
        SummaryOptions,
        TaskModels,
        WalkOptions,
    )
    from lightrag_integrations.protocols import ChatModel, Embedder, Extractor, Reranker, Tokenizer
    from lightrag_integrations.providers.offline import HashEmbedder
    from lightrag_integrations.providers.openai import OpenAIChatModel, OpenAIEmbedder
    from lightrag_integrations.reports import (
        DocumentStatus,
        IndexStatus,
        IngestReport,
        MirrorReport,
        Reembedding,
        ReembedReport,
        RepairReport,
        SummaryEstimate,
        SummaryReport,
    )
    from lightrag_integrations.rerank.cross_encoder import CrossEncoderReranker
    from lightrag_integrations.rerank.http import HTTPReranker
    from lightrag_integrations.rerank.lexical import LexicalReranker
    from lightrag_integrations.rerank.model import LLMReranker
    from lightrag_integrations.stats import IndexStats
    from lightrag_integrations.storage.embedded.describe import ServerInfo, describe_server
    from lightrag_integrations.stores import Stores
    from lightrag_integrations.telemetry.otel import OpenTelemetryTracer
    from lightrag_integrations.tracing import Span, Tracer

__all__ = [
    "Alias",
    "Answer",
    "AnswerOptions",
    "BudgetExceeded",
    "ChatModel",
    "Chunk",
    "ChunkEntity",
    "ChunkGraph",
    "ChunkLink",
    "ChunkRelation",
    "Citation",
    "ConfigurationError",
    "ConnectOptions",
    "ConnectionFailed",
    "ConnectionLost",
    "Context",
    "CrossEncoderReranker",
    "Document",
    "DocumentStatus",
    "Duplicate",
    "Embedder",
    "EmbeddingMismatch",
    "EntityView",
    "EvaluationQuestion",
    "EvaluationReport",
    "Event",
    "Evidence",
    "ExtractedEntity",
    "ExtractedRelation",
    "Extraction",
    "Extractor",
    "FactView",
    "HTTPReranker",
    "HashEmbedder",
    "Hidden",
    "Hit",
    "ImportReport",
    "IndexClosed",
    "IndexNotFound",
    "IndexOptions",
    "IndexStats",
    "IndexStatus",
    "IngestOptions",
    "IngestReport",
    "InputError",
    "LLMReranker",
    "LangChainCollection",
    "LangChainTable",
    "LexicalExtractor",
    "LexicalReranker",
    "LightRAGDirectory",
    "LightRAGError",
    "LightRAGIndex",
    "LightRAGWorkspace",
    "LlamaIndexTable",
    "LoggingObserver",
    "MirrorError",
    "MirrorReport",
    "MissingDependency",
    "ModelError",
    "NodeView",
    "Observer",
    "OpenAIChatModel",
    "OpenAIEmbedder",
    "OpenTelemetryTracer",
    "Override",
    "PathStep",
    "QueryOptions",
    "ReembedReport",
    "Reembedding",
    "RelationView",
    "RepairReport",
    "Reranker",
    "RetrievalResult",
    "SchemaError",
    "Seed",
    "ServerError",
    "ServerInfo",
    "Setting",
    "Span",
    "StorageError",
    "Stores",
    "Subgraph",
    "SummaryEstimate",
    "SummaryOptions",
    "SummaryReport",
    "TaskModels",
    "Tokenizer",
    "Tracer",
    "TripleView",
    "WalkOptions",
    "describe_server",
]

_HOME = MappingProxyType(
    {
        "edits": "Alias Hidden Override",
        "errors": "BudgetExceeded ConfigurationError ConnectionFailed ConnectionLost EmbeddingMismatch IndexClosed "
        "IndexNotFound InputError LightRAGError MirrorError MissingDependency ModelError SchemaError ServerError "
        "StorageError",
        "evaluate.questions": "EvaluationQuestion",
        "evaluate.report": "EvaluationReport",
        "evaluate.settings": "Setting",
        "graph.duplicates": "Duplicate",
        "index": "LightRAGIndex",
        "ingest.lexical": "LexicalExtractor",
        "migrate.report": "ImportReport",
        "migrate.sources": "LangChainCollection LangChainTable LightRAGDirectory LightRAGWorkspace LlamaIndexTable",
        "models": "Answer Chunk ChunkEntity ChunkGraph ChunkLink ChunkRelation Citation Context Document EntityView "
        "Evidence ExtractedEntity ExtractedRelation Extraction FactView Hit PathStep RelationView RetrievalResult Seed "
        "Subgraph",
        "stats": "IndexStats",
        "telemetry.otel": "OpenTelemetryTracer",
        "tracing": "Span Tracer",
        "reports": "DocumentStatus IndexStatus IngestReport MirrorReport ReembedReport Reembedding RepairReport "
        "SummaryEstimate SummaryReport",
        "notes": "NodeView TripleView",
        "observe": "Event LoggingObserver Observer",
        "options": "AnswerOptions ConnectOptions IndexOptions IngestOptions QueryOptions SummaryOptions TaskModels "
        "WalkOptions",
        "protocols": "ChatModel Embedder Extractor Reranker Tokenizer",
        "providers.offline": "HashEmbedder",
        "providers.openai": "OpenAIChatModel OpenAIEmbedder",
        "rerank.cross_encoder": "CrossEncoderReranker",
        "rerank.http": "HTTPReranker",
        "rerank.lexical": "LexicalReranker",
        "rerank.model": "LLMReranker",
        "storage.embedded.describe": "ServerInfo describe_server",
        "stores": "Stores",
    }
)


logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that importing the package stays light."""
    for module, names in _HOME.items():
        if name in names.split():
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
