"""The seam between the algorithms (`ingest`, `retrieve`) and PostgreSQL (`storage`); for reading see `reader`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal, Protocol

from lightrag_integrations.edits import Edits
from lightrag_integrations.mirrored import MirrorStore
from lightrag_integrations.models import Extraction
from lightrag_integrations.reader import Reader
from lightrag_integrations.recording import RecordStore
from lightrag_integrations.refill import Refilling
from lightrag_integrations.reports import DocumentState, DocumentStatus, IndexStatus, RepairReport
from lightrag_integrations.rework import Reworking
from lightrag_integrations.stats import PoolStats
from lightrag_integrations.summaries import SummaryStore

if TYPE_CHECKING:
    from lightrag_integrations.contributions import (
        PaidAnswer,
        PendingDocument,
        PreparedDocument,
        StoredChunk,
        StoredDocument,
        Usage,
    )
    from lightrag_integrations.filters import Filter
    from lightrag_integrations.rows import Ahead

__all__ = ["Onto", "Store"]

Onto = Literal["any", "nothing", "own"]


class Store(Refilling, SummaryStore, RecordStore, Reworking, MirrorStore, Protocol):
    """One index in PostgreSQL, on one pool. Opens its schema lazily, under an advisory lock."""

    async def aclose(self) -> None:
        """Close the pool."""
        ...

    async def reachable(self) -> None:
        """Return at once unless the server is known to have gone away; then wait for it, for a limited time.

        Raises:
            StorageError: It stays away.
        """
        ...

    def snapshot(
        self,
        where: Filter | None = None,
        *,
        model: str | None = None,
        ahead: Ahead | None = None,
        ef_search: int | None = None,
    ) -> AbstractAsyncContextManager[Reader]:
        """A reader on a REPEATABLE READ, READ ONLY transaction.

        Args:
            where: The filter.
            model: That the questions' vectors come from, where that is known.
            ahead: What will be asked first.
            ef_search: Candidates that a search through a vector index keeps at least.
        """
        ...

    async def check_embedding(self, fingerprint: str, dimension: int) -> None:
        """Record both at first use; `EmbeddingMismatch` if the index holds other vectors."""
        ...

    async def record_settings(self, settings: Mapping[str, str]) -> None:
        """Record fingerprints (tokenizer, chunker) in `meta`, first value wins."""
        ...

    async def settings(self) -> Mapping[str, str]:
        """What is recorded: `embedding` and `dimension` once there are vectors, and the settings given."""
        ...

    async def stored(self, document_ids: Sequence[str]) -> Mapping[str, StoredDocument]:
        """What is stored of these documents."""
        ...

    async def chunk_hashes(self, document_ids: Sequence[str]) -> Mapping[str, Mapping[str, StoredChunk]]:
        """Document id to {chunk id: what is known of it} of its stored chunks."""
        ...

    async def accept(
        self, documents: Sequence[PendingDocument], *, owner: str, lease_s: float, onto: Onto = "any"
    ) -> frozenset[str]:
        """Write pending rows, leased by `owner`, in one transaction.

        Args:
            documents: What to write.
            owner: Who works on them.
            lease_s: For so long.
            onto: What may be there already of a document: any row, which is replaced, nothing, or the owner's own row.

        Returns:
            The ids of the documents written down; the others are left as they are.
        """
        ...

    async def extend_lease(self, document_ids: Sequence[str], *, owner: str, lease_s: float) -> None:
        """Keep the leases of documents still being worked on."""
        ...

    async def claim(
        self, document_ids: Sequence[str] | None, *, owner: str, lease_s: float, limit: int
    ) -> Sequence[PendingDocument]:
        """Lease failed, unleased and expired pending documents (all, or these) for a retry; attempts go up by one."""
        ...

    async def known_vectors(
        self, document_ids: Sequence[str], *, model: str | None = None
    ) -> Mapping[str, Sequence[float]]:
        """Vectors (of this model only) of these documents' chunks and facts, by SHA-256 hex of the embedded text."""
        ...

    async def embedded_entities(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of these entity keys that have a vector already."""
        ...

    async def cached_extractions(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Extraction]:
        """Cached results by (chunk content hash, extractor fingerprint)."""
        ...

    async def cache_extractions(self, answers: Sequence[PaidAnswer]) -> None:
        """Keep paid answers at once, with the ledger lines of the calls that led to them, in one transaction."""
        ...

    async def record_usage(self, usages: Sequence[Usage]) -> None:
        """Append to the ledger."""
        ...

    def pool(self) -> PoolStats | None:
        """The connections as they are now; None while there is no pool. May be called from any thread."""
        ...

    async def commit(self, documents: Sequence[PreparedDocument], *, owner: str) -> frozenset[str]:
        """Store documents and remove their pending rows, in one transaction, with all derived rows and postings.

        A document whose pending row is gone (it was deleted) or is leased by another owner (somebody newer took over)
        is left out.

        Returns:
            The ids of the documents stored.
        """
        ...

    async def update_metadata(self, documents: Sequence[PendingDocument]) -> None:
        """Same content, other source or metadata: rewrite only those, on document and chunks, in one transaction."""
        ...

    async def fail(self, errors: Mapping[str, str], *, owner: str) -> None:
        """Mark pending documents failed with their reasons and end their leases."""
        ...

    async def delete(self, document_ids: Sequence[str]) -> int:
        """Remove documents (and their pending rows) with all contributions, in one transaction; how many existed."""
        ...

    async def delete_chunks(self, chunk_ids: Sequence[str]) -> int:
        """Remove chunks by callers' ids; documents left without chunks go too. How many chunks existed."""
        ...

    async def edits(self) -> Edits:
        """All that was said by hand about names."""
        ...

    async def edit(self, change: Callable[[Edits], Edits]) -> tuple[Edits, Edits]:
        """Change the edits, and what they make of what is said, in one transaction.

        Args:
            change: Makes the new edits of the old ones, which nobody else changes meanwhile. May be called again.

        Returns:
            The edits before and after.
        """
        ...

    async def statuses(
        self, *, status: DocumentState | None, document_ids: Sequence[str] | None, limit: int | None
    ) -> Sequence[DocumentStatus]:
        """States of documents, ordered by id. A document being replaced is listed once, with its pending state."""
        ...

    async def document_text(self, document_id: str) -> str | None:
        """The stored text; `None` when there is no such visible document."""
        ...

    async def status(self) -> IndexStatus:
        """Counts, lags, sizes and settings."""
        ...

    async def ledger(self) -> Sequence[Usage]:
        """Totals by kind, model and cached (one `Usage` each, calls and tokens summed)."""
        ...

    async def compact(self, *, forget: bool = False) -> None:
        """Fold segments and anti-segments; sweep identities without contributions. Safe beside readers and writers.

        Args:
            forget: Also drop cached extractions of text that no chunk has any more.
        """
        ...

    async def verify(self) -> Sequence[str]:
        """Check every invariant; one line for each violation, none when all is well."""
        ...

    async def repair(self) -> RepairReport:
        """Mend from documents, chunks and what they tell whatever can be; readers go on, writers wait meanwhile."""
        ...

    async def dump(self) -> str:
        """Canonical text of the content (see `LightRAGIndex.dump`)."""
        ...

    async def names(self) -> list[str]:
        """Names of all indexes of the database, in order; this one need not be among them."""
        ...

    async def there(self) -> bool:
        """Whether the index has been made; makes none."""
        ...

    async def drop(self) -> None:
        """Drop the index's schema and everything in it."""
        ...
