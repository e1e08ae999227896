"""Prepared documents as the COPY rows of one transaction. Pure: no connection is touched here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lightrag_integrations.contributions import PreparedChunk, PreparedDocument
from lightrag_integrations.errors import InputError, SchemaError
from lightrag_integrations.storage.postgres.wire import (
    Raw,
    boolean,
    float8,
    halfvec,
    int4,
    int8,
    jsonb,
    signed_hash,
    text,
    unit,
)
from lightrag_integrations.text.postings import PackedPostings

__all__ = ["Batch", "Placed", "chunk_rows", "entity_keys", "fact_rows", "mention_rows", "note_rows", "pairs",
           "posting_rows", "tie_of",
           "validate", "vector"]  # fmt: skip

MAX_KEY_BYTES = 2000
"""PostgreSQL's index entries end at about 2,700 bytes."""

Row = Sequence[bytes | None]


@dataclass(frozen=True, slots=True)
class Placed:
    """A chunk with the surrogate ids it is stored under."""

    id: int
    document: int
    tie: int
    prepared: PreparedChunk


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything of one transaction, with its surrogate ids."""

    placed: Sequence[Placed]
    entities: Mapping[str, int]
    relations: Mapping[tuple[int, int], int]
    dimension: int | None


def validate(documents: Sequence[PreparedDocument]) -> None:
    """Refuse what can't be stored, before anything is written.

    Raises:
        InputError: Naming every bad item.
    """
    problems: list[str] = []
    seen: dict[str, str] = {}
    for document in documents:
        problems += _bad_id("document", document.document.id)
        for prepared in document.chunks:
            chunk_id = prepared.chunk.id
            problems += _bad_id("chunk", chunk_id)
            if chunk_id in seen:
                problems.append(
                    f"chunk id {chunk_id!r} occurs twice (documents {seen[chunk_id]!r}, {document.document.id!r})"
                )
            seen[chunk_id] = document.document.id
            problems += _bad_contributions(prepared)
    if len({document.document.id for document in documents}) < len(documents):
        problems.append("a document id occurs twice in one call")
    if problems:
        raise InputError(f"can't store: {'; '.join(problems)}", tuple(problems))


def _bad_id(kind: str, value: str) -> list[str]:
    if not value or len(value.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        return [f"{kind} id {value[:40]!r} has {len(value)} characters; expected 1 to {MAX_KEY_BYTES} bytes"]
    return []


def _bad_contributions(prepared: PreparedChunk) -> list[str]:
    keys = [mention.key for mention in prepared.mentions]
    known = set(keys)
    problems = [problem for key in known for problem in _bad_id("entity", key)]
    if len(known) < len(keys):
        problems.append(f"chunk {prepared.chunk.id!r} mentions an entity twice; expected one mention for each key")
    for fact in prepared.facts:
        if fact.source_key not in known or fact.target_key not in known:
            problems.append(
                f"chunk {prepared.chunk.id!r} tells a fact about {fact.source_key!r} and {fact.target_key!r} "
                "without mentioning both"
            )
        if not abs(fact.weight) < float("inf"):
            problems.append(
                f"chunk {prepared.chunk.id!r} tells a fact of weight {fact.weight}; expected a finite number"
            )
    return problems


def entity_keys(documents: Sequence[PreparedDocument]) -> list[str]:
    """Every entity key, sorted: the order in which rows are locked."""
    return sorted({mention.key for document in documents for chunk in document.chunks for mention in chunk.mentions})


def pairs(placed: Sequence[Placed], entities: Mapping[str, int]) -> list[tuple[int, int]]:
    """Every unordered pair of entities with a fact, sorted."""
    found = set()
    for chunk in placed:
        for fact in chunk.prepared.facts:
            found.add(_pair(entities[fact.source_key], entities[fact.target_key]))
    return sorted(found)


def chunk_rows(batch: Batch) -> Iterator[Row]:
    """Rows of `chunk`, in the order of the callers' ids, so that two writers of the same ids can't deadlock."""
    for placed in sorted(batch.placed, key=lambda one: one.prepared.chunk.id):
        prepared, chunk = placed.prepared, placed.prepared.chunk
        yield (
            int4(placed.id), int4(placed.document), text(chunk.id), int8(placed.tie), int4(chunk.position),
            int4(chunk.start), int4(chunk.end), int4(chunk.token_count), int4(prepared.length), text(chunk.title),
            text(chunk.text), text(prepared.content_hash), jsonb(chunk.metadata),
            vector(prepared.embedding, batch.dimension),
        )  # fmt: skip


def mention_rows(batch: Batch) -> Iterator[Row]:
    """Rows of `mention`."""
    for placed in batch.placed:
        for mention in placed.prepared.mentions:
            yield (
                int4(batch.entities[mention.key]), int4(placed.id), int8(placed.tie), boolean(mention.is_title),
                text(mention.surface), text(mention.type), text(mention.description),
            )  # fmt: skip


def fact_rows(batch: Batch) -> Iterator[Row]:
    """Rows of `fact`."""
    for placed in batch.placed:
        for ordinal, fact in enumerate(placed.prepared.facts):
            source, target = batch.entities[fact.source_key], batch.entities[fact.target_key]
            yield (
                int4(batch.relations[_pair(source, target)]), int4(placed.id), int4(ordinal), int4(source),
                int4(target), int8(placed.tie), float8(fact.weight), boolean(fact.cooccurrence), int4(fact.start),
                int4(fact.end), jsonb(list(fact.keywords)), text(fact.description),
                vector(fact.embedding, batch.dimension),
            )  # fmt: skip


def note_rows(batch: Batch) -> Iterator[Row]:
    """Rows of `note`."""
    for placed in batch.placed:
        for note in placed.prepared.notes:
            yield (
                int4(placed.id), None if note.ordinal is None else int4(note.ordinal), text(note.source),
                text(note.target), text(note.label), jsonb(note.properties),
            )  # fmt: skip


def posting_rows(segment: int, postings: Sequence[PackedPostings]) -> Iterator[Row]:
    """Rows of `postings`."""
    segment_id = int8(segment)
    for one in postings:
        yield (
            segment_id, int8(one.term), int4(one.block), int4(one.count), one.chunks, one.tfs, one.lengths,
        )  # fmt: skip


def vector(values: Sequence[float] | None, dimension: int | None) -> Raw | None:
    """A vector as it is stored.

    Raises:
        SchemaError: Its dimension is not that of the index.
        ModelError: It has NaN or infinite parts.
    """
    if values is None:
        return None
    if len(values) != dimension:
        raise SchemaError(
            f"got a vector of dimension {len(values)}, the index holds "
            f"{'no vectors yet: call check_embedding first' if dimension is None else f'dimension {dimension}'}"
        )
    normal = unit(values)
    return None if normal is None else halfvec(normal)


def tie_of(chunk_id: str) -> int:
    """Orders chunks of equal weight in the same way after any history."""
    return signed_hash("chunk", chunk_id)


def _pair(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one <= other else (other, one)
