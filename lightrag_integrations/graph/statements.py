"""Statements: what somebody says of the graph without a text becomes a chunk whose text is what is said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from lightrag_integrations.errors import InputError
from lightrag_integrations.evidence import HAND
from lightrag_integrations.models import (
    Chunk,
    ChunkEntity,
    ChunkGraph,
    ChunkLink,
    ChunkRelation,
    ExtractedEntity,
    ExtractedRelation,
    Frozen,
)
from lightrag_integrations.text.keys import content_hash, normalise_name

__all__ = ["entity_statement", "link_statement", "read_all", "relation_statement", "statement_id", "with_ids"]

Made = TypeVar("Made", bound=Frozen)


def read_all(given: object, kind: type[Made], name: str) -> list[Made]:
    """Models for what the caller gave: objects of the model, or dictionaries of its fields.

    Args:
        given: The caller's argument.
        kind: The model.
        name: Of the argument.

    Raises:
        InputError: Something else is among them; each is named by its place.
    """
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise InputError(f"{name}: got {type(given).__name__}; expected a list of {kind.__name__} or dictionaries")
    made: list[Made] = []
    problems: list[str] = []
    for place, item in enumerate(given):
        try:
            made.append(item if isinstance(item, kind) else kind.model_validate(item))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = "".join(f"{part}: " for part in first["loc"])
            problems.append(f"{name}[{place}]: {where}{first['msg']}")
    if problems:
        raise InputError(f"{len(problems)} problem(s), nothing was written: {'; '.join(problems[:5])}", tuple(problems))
    return made


def entity_statement(entity: ExtractedEntity) -> Chunk:
    """A chunk about an entity: its title is the name, its text the description."""
    name = _line(entity.name)
    told = ChunkEntity(**{**entity.model_dump(), "name": name, "title": True})
    text = entity.description if entity.description.strip() else name
    return Chunk(id="", document_id="", title=name, text=text, graph=ChunkGraph(entities=[told]))


def relation_statement(relation: ExtractedRelation) -> Chunk:
    """A chunk that states a relation: its text is the description."""
    source, target = _line(relation.source), _line(relation.target)
    told = ChunkRelation(**{**relation.model_dump(), "source": source, "target": target})
    words = " ".join((source, ", ".join(relation.keywords), target))
    text = relation.description if relation.description.strip() else " ".join(words.split())
    return Chunk(id="", document_id="", text=text, graph=ChunkGraph(relations=[told]))


def link_statement(link: ChunkLink) -> Chunk:
    """A chunk that states a link, for one that is not there."""
    text = " ".join((link.source, link.label, link.target))
    return Chunk(id="", document_id="", text=text, graph=ChunkGraph(links=[link]))


def with_ids(document_id: str, statements: Iterable[Chunk]) -> tuple[Chunk, ...]:
    """The statements as chunks of a document, each once; an id says what is stated, so that equal ones are the same.

    Args:
        document_id: Of the document.
        statements: From `entity_statement` and `relation_statement`.
    """
    found: dict[str, Chunk] = {}
    for one in statements:
        # What is noted may change; a statement is known by what it says.
        noted = {"__all__": {"properties", "embedding"}}
        exclude: Any = dict.fromkeys(("entities", "relations", "links"), noted)
        said = one.graph.model_dump(mode="json", exclude_none=True, exclude=exclude) if one.graph else {}
        chunk_id = f"{document_id}#{content_hash(one.content, json.dumps(said, sort_keys=True))[:24]}"
        found[chunk_id] = one.model_copy(update={"id": chunk_id, "document_id": document_id})
    return tuple(found.values())


def statement_id(kind: str, names: Sequence[str], metadata: Mapping[str, Any]) -> str:
    """The id of the document of what is said by hand of one thing: it says of what, and with what metadata.

    Args:
        kind: What is spoken of.
        names: Of it.
        metadata: What filters look at.

    Raises:
        InputError: The metadata are no JSON.
    """
    keys = sorted(map(normalise_name, names))
    try:
        shown = json.dumps(metadata, sort_keys=True, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"metadata: got what can't be written as JSON ({error}); expected JSON values") from error
    return f"{HAND}{kind}:{content_hash(*keys, shown)[:24]}"


def _line(name: str) -> str:
    return " ".join(name.split())
