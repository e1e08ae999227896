"""What an index says of itself: the state of documents, the outcome of an ingestion, counts. All frozen."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lightrag_integrations.errors import LightRAGError
from lightrag_integrations.models import Frozen

__all__ = ["DocumentState", "DocumentStatus", "IndexStatus", "IngestReport"]

DocumentState = Literal["pending", "processing", "processed", "failed"]


class DocumentStatus(Frozen):
    """State of one document."""

    id: str
    status: DocumentState
    title: str = ""
    source: str = ""
    chunks: int = 0
    error: str = ""
    attempts: int = 0
    """How often it was taken up again after its first ingestion."""
    metadata: dict[str, Any] = Field(default_factory=dict)


class IngestReport(Frozen):
    """What one ingestion did. Counts are of this call."""

    documents: int = 0
    """Stored or replaced."""
    unchanged: int = 0
    """Already stored with the same content: no model call, no write."""
    superseded: int = 0
    """Deleted, or taken over by a newer call, while this one worked on them: it stored nothing of them."""
    failed: int = 0
    chunks: int = 0
    entities: int = 0
    """Mentions stored (an entity in three chunks counts three times)."""
    relations: int = 0
    """Facts stored."""
    model_calls: int = 0
    cached: int = 0
    """Extractions answered by the cache."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    embedding_tokens: int = 0
    dropped: int = 0
    """Extracted records refused by validation."""
    seconds: float = 0.0
    document_ids: tuple[str, ...] = ()
    """Ids of all accepted documents, in the order given."""
    errors: dict[str, str] = Field(default_factory=dict)
    """Reason by document id, for those that failed or were skipped."""

    def raise_if_failed(self) -> None:
        """For callers that have no room for a report.

        Raises:
            LightRAGError: A document was not stored; says which and why.
        """
        if self.failed:
            document_id, reason = next(iter(self.errors.items()), ("", "unknown"))
            raise LightRAGError(
                f"{self.failed} documents were not stored; the first, {document_id!r}: {reason}. "
                "index.documents.retry() tries them again"
            )


class IndexStatus(Frozen):
    """Counts and settings of an index."""

    name: str
    schema_name: str
    schema_version: int
    documents: int = 0
    chunks: int = 0
    entities: int = 0
    relations: int = 0
    facts: int = 0
    pending: int = 0
    processing: int = 0
    failed: int = 0
    embedding: str = ""
    """Fingerprint of the embedding model."""
    dimension: int | None = None
    size_bytes: int = 0
    server_version: str = ""
    pgvector_version: str = ""
