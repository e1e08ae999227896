"""Is this input fit to be stored? Every reason against it, in words, before anything is written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from lightrag_integrations.ingest.given import graph_problems
from lightrag_integrations.models import Chunk, ChunkGraph, Document, Extraction

__all__ = ["MAX_ID_BYTES", "document_problems", "plain_json", "same_json"]

MAX_ID_BYTES = 1024
"""PostgreSQL's index rows end near 2,700 bytes."""
_MAX_DEPTH = 64
_MAX_INT_BITS = 1024
_INT4_END = 2**31
_EXPONENT_FROM = 1e16
"""Floats from here on are whole, and written with an exponent."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def document_problems(document: Document) -> Iterator[str]:
    """Everything wrong with one document by itself.

    Args:
        document: Any document, also one made without validation.

    Yields:
        A line for each problem: what was got, what is expected.
    """
    for name in ("id", "title", "source", "text"):
        yield from _text_problems(getattr(document, name), name)
    yield from _id_problems(document.id, "id")
    yield from _metadata_problems(document.metadata, "metadata")
    if document.chunks is None:
        if isinstance(document.text, str) and not document.text.strip():
            yield "text is empty or white space; give text or chunks"
        return
    if not document.chunks:
        yield "chunks is empty; give at least one chunk, or none at all to have the text split"
    for number, chunk in enumerate(document.chunks):
        for problem in _chunk_problems(chunk, document):
            yield f"chunk {number}: {problem}"


def _chunk_problems(chunk: Chunk, document: Document) -> Iterator[str]:
    if not isinstance(chunk, Chunk):
        yield f"got {type(chunk).__name__}; expected a Chunk"
        return
    for name in ("id", "title", "text"):
        yield from _text_problems(getattr(chunk, name), name)
    yield from _id_problems(chunk.id, "id")
    for name in ("position", "start", "end", "token_count"):
        yield from _place_problems(getattr(chunk, name), name)
    yield from _metadata_problems(chunk.metadata, "metadata")
    if isinstance(chunk.text, str) and not chunk.text.strip():
        yield "text is empty or white space"
    if document.id and chunk.document_id and chunk.document_id != document.id:
        yield f"document_id is {chunk.document_id!r:.80}, but the document's id is {document.id!r:.80}"
    if chunk.embedding is not None:
        if not chunk.embedding:
            yield "embedding has no values; leave it out to have it made"
        if not all(isinstance(value, int | float) and math.isfinite(value) for value in chunk.embedding):
            yield "embedding holds NaN, infinity or something that is no number"
    for given in (chunk.extraction, chunk.graph):
        yield from _extraction_problems(given)
    yield from graph_problems(chunk.graph)


def _extraction_problems(extraction: Extraction | ChunkGraph | None) -> Iterator[str]:
    if extraction is None:
        return
    for entity in extraction.entities:
        for value in (entity.name, entity.type, entity.description):
            yield from _text_problems(value, "extraction: an entity's text")
        yield from _note_problems(entity, f"properties of {entity.name!r:.80}")
    for relation in extraction.relations:
        for value in (relation.source, relation.target, relation.description, *relation.keywords):
            yield from _text_problems(value, "extraction: a relation's text")
        yield from _note_problems(relation, f"properties of a relation of {relation.source!r:.80}")
    for link in getattr(extraction, "links", None) or ():
        for value in (link.source, link.target, link.label):
            yield from _text_problems(value, "a link's text")
            yield from _id_problems(value, "a link's text")
        if not link.source or not link.target:
            yield "a link has an empty end; expected the id of a chunk or document, or the name of an entity"
        yield from _note_problems(link, f"properties of a link of {link.source!r:.80}")


def _note_problems(given: object, name: str) -> Iterator[str]:
    properties = getattr(given, "properties", None)
    if properties is not None:
        yield from _metadata_problems(properties, name)


def _text_problems(value: object, name: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{name} is {type(value).__name__}; expected text"
        return
    found = _UNSTORABLE.search(value)
    if found:
        kind = "a NUL character" if found.group() == "\x00" else "a lone surrogate"
        yield f"{name} holds {kind} at {found.start()}, which PostgreSQL cannot store; remove it"


def _id_problems(value: object, name: str) -> Iterator[str]:
    if isinstance(value, str) and len(value.encode("utf-8", "surrogatepass")) > MAX_ID_BYTES:
        yield f"{name} has {len(value)} characters; expected at most {MAX_ID_BYTES} bytes of UTF-8"


def _place_problems(value: object, name: str) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _INT4_END:
        yield f"{name} is {value!r:.40}; expected a whole number from 0 to {_INT4_END - 1}"


def _metadata_problems(value: object, name: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{name} is {type(value).__name__}; expected a dict"
        return
    yield from _json_problems(value, name, 0)


def _json_problems(value: object, name: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        yield f"{name:.80} is nested more than {_MAX_DEPTH} deep"
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str):
                yield from _text_problems(key, f"a key of {name}")
                yield from _json_problems(item, f"{name}[{key!r}]", depth + 1)
            else:
                yield f"{name} has the key {key!r:.80} of type {type(key).__name__}; expected text"
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _json_problems(item, f"{name}[{number}]", depth + 1)
    else:
        yield from _scalar_problems(value, name)


def _scalar_problems(value: object, name: str) -> Iterator[str]:
    if isinstance(value, str):
        yield from _text_problems(value, name)
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield f"{name} is {value}; JSON has no such number"
    elif isinstance(value, int):
        if value.bit_length() > _MAX_INT_BITS:
            yield f"{name} is a whole number of {value.bit_length()} bits; expected at most {_MAX_INT_BITS}"
    elif value is not None:
        yield f"{name} is {type(value).__name__}, which is no JSON value; convert it, e.g. with str() or isoformat()"


def plain_json(value: Any) -> Any:
    """A copy in plain JSON types, as PostgreSQL gives it back.

    Tuples become lists, subclasses of str, int and float their base, and floats that are written with an exponent
    whole numbers: PostgreSQL keeps the decimal digits, so 1e23 comes back as 10 to the 23rd, another number.
    """
    if isinstance(value, dict):
        return {str.__str__(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, float):
        number = float.__float__(value)
        return int(Decimal(repr(number))) if abs(number) >= _EXPONENT_FROM else number
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int.__int__(value)
    # Not str(): an enumeration of strings has a __str__ of its own.
    return str.__str__(value) if isinstance(value, str) else value


def same_json(first: Any, second: Any) -> bool:
    """Equality of JSON values: numbers by value, but never a bool with a number."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same_json(item, second[key]) for key, item in first.items())
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(same_json, first, second))
    return isinstance(first, bool) == isinstance(second, bool) and bool(first == second)
