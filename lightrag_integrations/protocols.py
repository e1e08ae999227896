"""The extension points and the seams between rooms, as protocols.

`Extractor`, `Embedder`, `ChatModel`, `Reranker` and `Tokenizer` are for users too. `Store` and `Reader` are the seam
between the algorithms (`ingest`, `retrieve`) and PostgreSQL (`storage`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from lightrag_integrations.models import Chunk, DocumentState, DocumentStatus, Extraction, FactView, Hit, IndexStatus

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lightrag_integrations.contributions import (
        PendingDocument,
        PreparedDocument,
        StoredDocument,
        Usage,
    )
    from lightrag_integrations.filters import Filter

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = [
    "ChatModel",
    "ChatReply",
    "ChunkRow",
    "EdgeBatch",
    "Embedder",
    "EntityRow",
    "Extractor",
    "FactRow",
    "Message",
    "Posting",
    "Reader",
    "ReplyFormat",
    "Reranker",
    "Store",
    "Tokenizer",
]

ReplyFormat = Literal["json_schema", "json_object", "tool", "text"]
TextKind = Literal["document", "query"]


# --- models -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A model's reply. `truncated` when it stopped at its length limit."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    truncated: bool = False


@runtime_checkable
class ChatModel(Protocol):
    """A chat model. Errors are `ModelError` (with `retryable`) or `FormatUnsupported`."""

    name: str
    """Identifies model and endpoint in fingerprints and the ledger; never holds a secret."""
    formats: tuple[ReplyFormat, ...]
    """Ways of asking for structured output, strongest first; `text` is always last."""

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat = "text",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> ChatReply:
        """Answer once. `schema` is a JSON schema (with a `title`), needed by `json_schema` and `tool`."""
        ...

    def stream(self, messages: Sequence[Message], *, max_tokens: int | None = None) -> AsyncIterator[str]:
        """Yield the answer in pieces."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Texts to vectors.

    An optional attribute `lexical = True` says that the vectors hold no more than the words do (`HashEmbedder`):
    `mix` then leaves them out. The object stays the caller's: a handle never closes it.
    """

    fingerprint: str

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Sequence[Sequence[float]]:
        """One vector for each text, all of one dimension, in order."""
        ...


@runtime_checkable
class Extractor(Protocol):
    """One chunk to entities and relations. Same chunk, same fingerprint: same answer, as it is cached.

    An optional attribute `cacheable = False` keeps answers out of the cache (cheap, deterministic extractors).
    """

    fingerprint: str

    async def extract(self, chunk: Chunk) -> Extraction:
        """Extract from `chunk.content`; sees no other chunk."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """Reorders hits. Pure: returns new hits with new scores, best first, at most `top_n`."""

    async def rerank(self, query: str, hits: Sequence[Hit], *, top_n: int | None = None) -> Sequence[Hit]:
        """Rank `hits` for `query`; no hits: `[]`."""
        ...


@runtime_checkable
class Tokenizer(Protocol):
    """Counts and cuts text in tokens, without the network."""

    fingerprint: str

    def count(self, text: str) -> int:
        """Number of tokens of `text`."""
        ...

    def cut(self, text: str, limit: int) -> str:
        """The longest prefix of `text` of at most `limit` tokens, never splitting a character."""
        ...


# --- rows that storage hands to retrieval -------------------------------------------------------------------------
# Integer ids are PostgreSQL's surrogate keys: meaningful within one `Reader` only.


@dataclass(frozen=True, slots=True)
class Posting:
    """The visible chunks that hold a term: deletions subtracted, filter applied. Three arrays of one length."""

    term: int
    chunks: Ints
    tfs: Ints
    lengths: Ints


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A visible chunk."""

    id: int
    chunk_id: str
    document_id: str
    title: str
    text: str
    source: str
    position: int
    start: int
    end: int
    metadata: Mapping[str, Any]
    content_hash: str


@dataclass(frozen=True, slots=True)
class EntityRow:
    """A visible entity, composed from its visible mentions."""

    id: int
    key: str
    name: str
    """Commonest surface form, ties by code point."""
    type: str
    description: str
    """Distinct non-empty descriptions, joined by a line break, in (document id, position) order."""
    degree: int
    """Distinct visible entities it has relations with."""
    mentions: int
    """Visible chunks that mention it."""
    document_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FactRow:
    """A visible fact."""

    id: int
    source: int
    """Entity id."""
    target: int
    chunk: int
    """Chunk id (surrogate)."""
    weight: float
    view: FactView


@dataclass(frozen=True, slots=True)
class EdgeBatch:
    """Edges next to some nodes, at most `limit` of each kind for each node, heaviest first.

    Facts between the same two entities are separate edges here; the walk adds them up.
    """

    mentions: Sequence[tuple[int, int, float]] = ()
    """(entity, chunk, weight): weight 1; 2 where the entity is the chunk's title."""
    facts: Sequence[tuple[int, int, float, int]] = ()
    """(source entity, target entity, weight, fact id)."""
    entity_totals: Mapping[int, float] = field(default_factory=dict)
    """All visible edge weight at each entity asked for, mention and fact edges together, read or not."""
    chunk_totals: Mapping[int, float] = field(default_factory=dict)


class Reader(Protocol):
    """One consistent, read-only snapshot of an index through one filter. Everything returned is visible."""

    async def corpus(self) -> tuple[int, int]:
        """(number of chunks, sum of their lengths in terms): BM25's N and N × mean length."""
        ...

    async def postings(self, terms: Sequence[int]) -> Sequence[Posting]:
        """Postings of the terms that occur, in the order asked."""
        ...

    async def nearest_chunks(self, vector: Sequence[float], limit: int) -> Sequence[tuple[int, float]]:
        """(chunk, cosine), best first."""
        ...

    async def nearest_entities(self, vector: Sequence[float], limit: int) -> Sequence[tuple[int, float]]:
        """(entity, cosine of its name), best first."""
        ...

    async def nearest_facts(self, vector: Sequence[float], limit: int) -> Sequence[tuple[int, float]]:
        """(fact, cosine of its description), best first."""
        ...

    async def similarities(self, vector: Sequence[float], chunks: Sequence[int]) -> Mapping[int, float]:
        """Cosine of each given chunk that has a vector."""
        ...

    async def named(self, keys: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """Entity key to (entity, number of visible chunks that mention it), for keys that exist visibly."""
        ...

    async def edges(self, *, entities: Sequence[int], chunks: Sequence[int], limit: int) -> EdgeBatch:
        """Edges next to the nodes given."""
        ...

    async def title_links(self, chunks: Sequence[int], limit: int) -> Sequence[tuple[int, int, float]]:
        """(chunk p, chunk q, 1.0) where p mentions (not as its title) an entity that is q's title; p is given.

        At most `limit` for each p. Chunks of the same entity title as p itself are left out.
        """
        ...

    async def shared_links(
        self, chunks: Sequence[int], *, max_frequency: int, limit: int
    ) -> Sequence[tuple[int, int, float]]:
        """(chunk p, chunk q, 1/√df) where both mention a non-title entity of 2 ≤ df ≤ max_frequency; p is given."""
        ...

    async def chunks(self, ids: Sequence[int]) -> Mapping[int, ChunkRow]:
        """The chunks with these surrogate ids."""
        ...

    async def find_chunks(self, chunk_ids: Sequence[str]) -> Sequence[ChunkRow]:
        """The chunks with these callers' ids, in the order asked."""
        ...

    async def all_chunks(self, limit: int | None = None) -> Sequence[ChunkRow]:
        """Every visible chunk, in (document id, position) order; the first `limit` where given."""
        ...

    async def vectors(self, chunk_ids: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """Stored vectors by callers' chunk id, of those that have one."""
        ...

    async def entities(self, ids: Sequence[int]) -> Mapping[int, EntityRow]:
        """The entities with these surrogate ids."""
        ...

    async def facts(self, ids: Sequence[int]) -> Mapping[int, FactRow]:
        """The facts with these surrogate ids."""
        ...

    async def facts_of_entities(self, entities: Sequence[int], limit: int) -> Sequence[FactRow]:
        """Facts at these entities, at most `limit` for each, heaviest first, then by document id and position."""
        ...

    async def facts_of_chunks(self, chunks: Sequence[int], limit: int) -> Sequence[FactRow]:
        """Facts told by these chunks, at most `limit` for each, in the order told."""
        ...

    async def facts_between(self, pairs: Sequence[tuple[int, int]], limit: int) -> Sequence[FactRow]:
        """Facts between each pair of entities, either direction, at most `limit` for each pair."""
        ...

    async def mentions_of_chunks(self, chunks: Sequence[int]) -> Sequence[tuple[int, int, bool]]:
        """(chunk, entity, is title)."""
        ...

    async def mentions_of_entities(self, entities: Sequence[int], limit: int) -> Sequence[tuple[int, int]]:
        """(entity, chunk), at most `limit` for each entity, in (document id, position) order."""
        ...


class Store(Protocol):
    """One index in PostgreSQL, on one pool. Opens its schema lazily, under an advisory lock."""

    async def aclose(self) -> None:
        """Close the pool."""
        ...

    def snapshot(self, where: Filter | None = None) -> AbstractAsyncContextManager[Reader]:
        """A reader on a REPEATABLE READ, READ ONLY transaction."""
        ...

    async def check_embedding(self, fingerprint: str, dimension: int) -> None:
        """Record both at first use; `SchemaError` if the index holds vectors of another model or dimension."""
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

    async def chunk_hashes(self, document_ids: Sequence[str]) -> Mapping[str, Mapping[str, tuple[str, str]]]:
        """Document id to {chunk id: (content hash, metadata as canonical JSON)} of its stored chunks."""
        ...

    async def accept(self, documents: Sequence[PendingDocument], *, owner: str, lease_s: float) -> None:
        """Write pending rows, leased by `owner`, in one transaction. An older one of the same id is replaced."""
        ...

    async def extend_lease(self, document_ids: Sequence[str], *, owner: str, lease_s: float) -> None:
        """Keep the leases of documents still being worked on."""
        ...

    async def claim(
        self, document_ids: Sequence[str] | None, *, owner: str, lease_s: float, limit: int
    ) -> Sequence[PendingDocument]:
        """Lease failed, unleased and expired pending documents (all, or these) for a retry; attempts go up by one."""
        ...

    async def known_vectors(self, document_ids: Sequence[str]) -> Mapping[str, Sequence[float]]:
        """Vectors of the stored chunks and facts of these documents, by SHA-256 hex of the embedded text."""
        ...

    async def embedded_entities(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of these entity keys that have a vector already."""
        ...

    async def cached_extractions(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Extraction]:
        """Cached results by (chunk content hash, extractor fingerprint)."""
        ...

    async def cache_extraction(self, key: tuple[str, str], extraction: Extraction, usage: Usage) -> None:
        """Keep a paid answer at once, with its ledger line, in one transaction."""
        ...

    async def record_usage(self, usages: Sequence[Usage]) -> None:
        """Append to the ledger."""
        ...

    async def commit(self, documents: Sequence[PreparedDocument], *, owner: str) -> None:
        """Store documents and remove their pending rows, in one transaction, with all derived rows and postings.

        A document whose pending row is gone or is leased by another owner is left out (somebody newer took over).
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

    async def statuses(
        self, *, status: DocumentState | None, document_ids: Sequence[str] | None, limit: int | None
    ) -> Sequence[DocumentStatus]:
        """States of documents, ordered by id. A document being replaced is listed once, with its pending state."""
        ...

    async def document_text(self, document_id: str) -> str | None:
        """The stored text; `None` when there is no such visible document."""
        ...

    async def status(self) -> IndexStatus:
        """Counts and settings."""
        ...

    async def ledger(self) -> Sequence[Usage]:
        """Totals by kind, model and cached (one `Usage` each, tokens summed)."""
        ...

    async def compact(self) -> None:
        """Fold segments and anti-segments; sweep identities without contributions. Safe beside readers and writers."""
        ...

    async def verify(self) -> Sequence[str]:
        """Check every invariant; one line for each violation, none when all is well."""
        ...

    async def dump(self) -> str:
        """Canonical text of the content (see `LightRAGIndex.dump`)."""
        ...

    async def drop(self) -> None:
        """Drop the index's schema and everything in it."""
        ...
