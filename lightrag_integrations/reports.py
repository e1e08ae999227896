"""What an index says of itself: the state of documents, the outcome of an ingestion, counts. All frozen."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from lightrag_integrations.errors import LightRAGError, MirrorError
from lightrag_integrations.models import HIDDEN_KEY, Frozen

__all__ = [
    "DocumentState", "DocumentStatus", "IndexStatus", "IngestReport", "MirrorReport", "ReembedReport", "Reembedding",
    "RepairReport", "SummaryEstimate", "SummaryReport", "VectorIndexState",
]  # fmt: skip

DocumentState = Literal["pending", "processing", "processed", "failed"]
VectorIndexState = Literal["not needed", "missing", "building", "ready", "invalid"]


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

    @field_validator("metadata")
    @classmethod
    def _shown(cls, value: dict[str, Any]) -> dict[str, Any]:
        return {key: item for key, item in value.items() if key != HIDDEN_KEY}


class SummaryReport(Frozen):
    """What became of the entities that were worth a summary and had none."""

    made: int = 0
    failed: int = 0
    """A model or storage error; the joined descriptions are shown until a later call succeeds."""
    stopped: str = ""
    """Why the rest was not tried: the token budget, or a model that fails at everything. Empty: all were."""
    model_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    errors: dict[str, str] = Field(default_factory=dict)
    """Reason by entity name, of those that failed."""


class SummaryEstimate(Frozen):
    """What `graph.summarise` would cost if no call has to be repeated."""

    entities: int = 0
    model_calls: int = 0
    prompt_tokens: int = 0
    """In the tokenizer's count; parts of what is summarised in parts are taken to be as long as asked for."""
    max_completion_tokens: int | None = None
    """The most that the answers may take; None: no limit is set."""


class MirrorReport(Frozen):
    """What a sync did with the stores that follow an index: counts by role (vectors, graph, documents)."""

    put: dict[str, int] = Field(default_factory=dict)
    """Of chunks, documents; in the graph of entities, relations and chunks together."""
    removed: dict[str, int] = Field(default_factory=dict)
    unchanged: dict[str, int] = Field(default_factory=dict)
    """Found to be there as they are, nothing handed over."""
    failed: dict[str, str] = Field(default_factory=dict)
    """Why a store could not be brought up to date; the next sync goes on where this one ended."""
    seconds: float = 0.0

    def raise_if_failed(self) -> None:
        """For callers that have no room for a report.

        Raises:
            MirrorError: A store failed; says which and why.
        """
        if self.failed:
            raise MirrorError("; ".join(self.failed.values()))


class IngestReport(Frozen):
    """What one ingestion did. Counts are of this call."""

    documents: int = 0
    """Stored or replaced."""
    unchanged: int = 0
    """Already stored with the same text: no model call, and no write but of metadata that is new."""
    superseded: int = 0
    """Deleted, or taken over by a newer call, while this one worked on them: it stored nothing of them."""
    failed: int = 0
    processing: int = 0
    """Left alone by a retry, as others are at work on them, or were less than a lease ago and can't be asked."""
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
    unanswered_tokens: int = 0
    """Sent, by our own count, in calls that no answer came to in time: the endpoint may charge for them, and the token
    budget counts them."""
    embedding_tokens: int = 0
    dropped: int = 0
    """Extracted records refused by validation."""
    seconds: float = 0.0
    document_ids: tuple[str, ...] = ()
    """Ids of all accepted documents, in the order given."""
    errors: dict[str, str] = Field(default_factory=dict)
    """Reason by document id, for those that failed or were skipped."""
    summaries: SummaryReport | None = None
    """Where `SummaryOptions.automatic` is set; their calls and tokens are among those above."""
    mirrors: MirrorReport | None = None
    """What became of the handle's `stores`, where they are brought up to date after each ingestion."""

    def followed_by(self, later: IngestReport) -> IngestReport:
        """One report of what was done in one portion and in those after it."""
        both: IngestReport = _added(self, later)
        return both

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


class Reembedding(Frozen):
    """A change of the embedding model: how far it is."""

    model: str
    """Fingerprint of the new model."""
    dimension: int
    done: int = 0
    """Vectors made."""
    of: int = 0
    """Of so many; more when documents are stored meanwhile."""


class ReembedReport(Frozen):
    """What a change of the embedding model did. Counts are of this call."""

    model: str
    """Fingerprint of the model that the index is searched with now."""
    chunks: int = 0
    """Vectors made."""
    entities: int = 0
    facts: int = 0
    embedding_calls: int = 0
    embedding_tokens: int = 0
    rounds: int = 0
    """More than one when documents were stored meanwhile."""
    seconds: float = 0.0


class IndexStatus(Frozen):
    """Counts, lags, sizes and settings of an index."""

    name: str
    schema_name: str
    schema_version: int
    documents: int = 0
    """Stored, those being replaced included."""
    chunks: int = 0
    entities: int = 0
    relations: int = 0
    facts: int = 0
    estimated: bool = False
    """The index is large: entities, relations and facts are the server's estimates."""
    processed: int = 0
    """Stored, and nothing newer waits. This and the next three add up to what `documents.list()` lists."""
    pending: int = 0
    """Accepted, and nobody works on them; `documents.retry()` takes them up."""
    processing: int = 0
    failed: int = 0
    waiting_s: float | None = None
    """Since when the oldest pending or processing document waits; None when none does."""
    segments: int = 0
    """Parts of the keyword index, folded into fewer by upkeep."""
    deleted_chunks: int = 0
    """Still in the keyword index, subtracted by every search until upkeep folds them in."""
    idle: int = 0
    """Entities and relations that nothing tells of any more: invisible, and swept by upkeep. Not counted when
    `estimated`."""
    vector_indexes: dict[str, VectorIndexState] = Field(default_factory=dict)
    """Of chunks, entities and facts. A table of few vectors needs none; `missing` ones are built when it is quiet."""
    embedding: str = ""
    """Fingerprint of the embedding model."""
    dimension: int | None = None
    reembedding: Reembedding | None = None
    """A change of the embedding model under way or broken off."""
    sizes: dict[str, int] = Field(default_factory=dict)
    """Bytes on disk by group of tables, with their indexes."""
    size_bytes: int = 0
    """Sum of `sizes`."""
    server_version: str = ""
    pgvector_version: str = ""


class RepairReport(Frozen):
    """What a repair did."""

    mended: tuple[str, ...] = ()
    """A line for each kind of damage that was mended."""
    left: tuple[str, ...] = ()
    """What `verify` still finds, each with what to do."""


def _added(one: Any, other: Any) -> Any:
    """Counts add up, lists follow each other, of words the later count; what is missing adds nothing."""
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, Frozen):
        names = type(one).model_fields
        return one.model_copy(update={name: _added(getattr(one, name), getattr(other, name)) for name in names})
    if isinstance(one, dict):
        both = one.keys() & other.keys()
        return {**one, **other, **{key: _added(one[key], other[key]) for key in both}}
    return other or one if isinstance(one, str | bool) else one + other
