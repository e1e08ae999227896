"""Prepared documents as the COPY rows of one transaction. Pure: no connection is touched here."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lightrag_integrations.contributions import PreparedChunk, PreparedDocument
from lightrag_integrations.errors import InputError, SchemaError
from lightrag_integrations.storage.postgres.wire import (
    Raw,
    field,
    fixed,
    halfvec,
    jsonb,
    signed_hash,
    text,
    unit,
)
from lightrag_integrations.text.postings import PackedPostings

__all__ = ["Batch", "Placed", "chunk_rows", "entity_keys", "fact_rows", "mention_rows", "note_rows", "pair_code",
           "pair_ends", "pairs", "posting_rows", "tie_of", "validate", "vector"]  # fmt: skip

MAX_KEY_BYTES = 2000
"""PostgreSQL's index entries end at about 2,700 bytes."""

_CHUNK = struct.Struct(">h5iq10i")
_MENTION = struct.Struct(">h5iqi?")
_FACT = struct.Struct(">h11iqidi?4i")
_POSTINGS = struct.Struct(">hiqiq4i")
_PLACED_NOTE = struct.Struct(">h4i")
_NOTE = struct.Struct(">h2i")
_NO_KEYWORDS = jsonb(())

Row = bytes
"""Of a COPY: the number of its fields, and each field after its size."""


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
    relations: Mapping[int, int]
    """By `pair_code`."""
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


def pairs(placed: Sequence[Placed], entities: Mapping[str, int]) -> set[int]:
    """The code of every pair of entities with a fact."""
    return {
        pair_code(entities[fact.source_key], entities[fact.target_key])
        for chunk in placed
        for fact in chunk.prepared.facts
    }


def chunk_rows(batch: Batch) -> Iterator[Row]:
    """Rows of `chunk`, in the order of the callers' ids, so that two writers of the same ids can't deadlock."""
    for placed in sorted(batch.placed, key=lambda one: one.prepared.chunk.id):
        prepared, chunk = placed.prepared, placed.prepared.chunk
        head = fixed(
            _CHUNK, 14, 4, placed.id, 4, placed.document, 8, placed.tie, 4, chunk.position, 4, chunk.start, 4,
            chunk.end, 4, chunk.token_count, 4, prepared.length,
        )  # fmt: skip
        yield b"".join((
            head, text(chunk.id), text(chunk.title), text(chunk.text), text(prepared.content_hash),
            jsonb(chunk.metadata), field(vector(prepared.embedding, batch.dimension)),
        ))  # fmt: skip


def mention_rows(batch: Batch) -> Iterator[Row]:
    """Rows of `mention`."""
    for placed in batch.placed:
        for mention in placed.prepared.mentions:
            entity = batch.entities[mention.key]
            head = fixed(_MENTION, 7, 4, entity, 4, placed.id, 8, placed.tie, 1, mention.is_title)
            yield b"".join((head, text(mention.surface), text(mention.type), text(mention.description)))


def fact_rows(batch: Batch) -> Iterator[Row]:
    """Rows of `fact`."""
    entities, relations = batch.entities, batch.relations
    for placed in batch.placed:
        told: dict[str, bytes] = {}  # many facts have one sentence
        for ordinal, fact in enumerate(placed.prepared.facts):
            source, target = entities[fact.source_key], entities[fact.target_key]
            if fact.description not in told:
                told[fact.description] = text(fact.description)
            head = fixed(
                _FACT, 13, 4, relations[pair_code(source, target)], 4, placed.id, 4, ordinal, 4, source, 4, target, 8,
                placed.tie, 8, fact.weight, 1, fact.cooccurrence, 4, fact.start, 4, fact.end,
            )  # fmt: skip
            yield b"".join((
                head, jsonb(fact.keywords) if fact.keywords else _NO_KEYWORDS, told[fact.description],
                field(vector(fact.embedding, batch.dimension)),
            ))  # fmt: skip


def note_rows(batch: Batch) -> Iterator[Row]:
    """Rows of `note`."""
    for placed in batch.placed:
        for note in placed.prepared.notes:
            if note.ordinal is None:
                head = fixed(_NOTE, 6, 4, placed.id) + field(None)
            else:
                head = fixed(_PLACED_NOTE, 6, 4, placed.id, 4, note.ordinal)
            yield b"".join((head, text(note.source), text(note.target), text(note.label), jsonb(note.properties)))


def posting_rows(segment: int, postings: Iterable[PackedPostings]) -> Iterator[Row]:
    """Rows of `postings`."""
    for one in postings:
        head = fixed(_POSTINGS, 7, 8, segment, 8, one.term, 4, one.block, 4, one.count)
        yield b"".join((head, field(one.chunks), field(one.tfs), field(one.lengths)))


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


def pair_code(one: int, other: int) -> int:
    """A pair of entities in any order, as one number: pairs sort by the lower one, then by the higher.

    A batch has tens of thousands, and tuples would keep the garbage collector busy.
    """
    return (one << 32) + other if one <= other else (other << 32) + one


def pair_ends(code: int) -> tuple[int, int]:
    """The reverse of `pair_code`, the lower first."""
    return divmod(code, 1 << 32)
