"""Statements: what somebody says of the graph without a text becomes a chunk whose text is what is said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from lightrag_integrations.errors import InputError
from lightrag_integrations.models import (
    Chunk,
    ChunkEntity,
    ChunkGraph,
    ChunkRelation,
    ExtractedEntity,
    ExtractedRelation,
    Frozen,
)
from lightrag_integrations.text.keys import content_hash

__all__ = ["entity_statement", "read_all", "relation_statement", "with_ids"]

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
    told = ChunkEntity(name=name, type=entity.type, description=entity.description, title=True)
    text = entity.description if entity.description.strip() else name
    return Chunk(id="", document_id="", title=name, text=text, graph=ChunkGraph(entities=[told]))


def relation_statement(relation: ExtractedRelation) -> Chunk:
    """A chunk that states a relation: its text is the description."""
    source, target = _line(relation.source), _line(relation.target)
    told = ChunkRelation(
        source=source, target=target, keywords=relation.keywords, description=relation.description,
        weight=relation.weight,
    )  # fmt: skip
    words = " ".join((source, ", ".join(relation.keywords), target))
    text = relation.description if relation.description.strip() else " ".join(words.split())
    return Chunk(id="", document_id="", text=text, graph=ChunkGraph(relations=[told]))


def with_ids(document_id: str, statements: Iterable[Chunk]) -> tuple[Chunk, ...]:
    """The statements as chunks of a document, each once; an id says what is stated, so that equal ones are the same.

    Args:
        document_id: Of the document.
        statements: From `entity_statement` and `relation_statement`.
    """
    found: dict[str, Chunk] = {}
    for one in statements:
        said: dict[str, Any] = one.graph.model_dump(mode="json") if one.graph else {}
        chunk_id = f"{document_id}#{content_hash(one.content, json.dumps(said, sort_keys=True))[:24]}"
        found[chunk_id] = one.model_copy(update={"id": chunk_id, "document_id": document_id})
    return tuple(found.values())


def _line(name: str) -> str:
    return " ".join(name.split())
