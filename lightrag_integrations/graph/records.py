"""The records of an export: plain JSON values, no surrogate ids, nothing an adapter keeps for itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lightrag_integrations.models import HIDDEN_KEY
from lightrag_integrations.rows import EntityRow
from lightrag_integrations.whole import WholeChunk, WholeDocument, WholeRelation

__all__ = ["FORMAT", "chunk_record", "document_record", "entity_record", "joined", "relation_record"]

FORMAT = "lightrag-integrations graph 1"


def document_record(document: WholeDocument) -> dict[str, Any]:
    """A document, without its text: that is in its chunks."""
    return {
        "id": document.document_id, "title": document.title, "source": document.source,
        "metadata": _shown(document.metadata),
    }  # fmt: skip


def chunk_record(chunk: WholeChunk) -> dict[str, Any]:
    """A chunk with what it mentions."""
    noted: dict[str, dict[str, Any]] = {}
    for note in chunk.notes:
        if not note.target:
            noted.setdefault(note.source, {}).update(note.properties)
    links = [
        {"source": one.source, "target": one.target, "label": one.label, "properties": one.properties}
        for one in chunk.notes
        if one.target
    ]
    return {
        "id": chunk.chunk_id, "document_id": chunk.document_id, "position": chunk.position, "start": chunk.start,
        "end": chunk.end, "title": chunk.title, "text": chunk.text, "metadata": _shown(chunk.metadata),
        "mentions": [
            {
                "name": one.surface, "type": one.type, "description": one.description, "title": one.is_title,
                **({"properties": noted[one.key]} if one.key in noted else {}),
            }
            for one in chunk.mentions
        ],
        **({"links": links} if links else {}),
    }  # fmt: skip


def entity_record(entity: EntityRow) -> dict[str, Any]:
    """An entity as all its mentions describe it."""
    return entity.view().model_dump(mode="json")


def relation_record(relation: WholeRelation) -> dict[str, Any]:
    """A relation with its facts."""
    view = relation.view.model_dump(mode="json")
    for told, fact in zip(view["facts"], relation.facts, strict=True):
        told |= {"ordinal": fact.ordinal, "cooccurrence": fact.cooccurrence}
        if fact.label is not None:
            told |= {"label": fact.label, "properties": fact.properties}
    return view


def joined(values: Sequence[str]) -> str:
    """A list in one cell: as JSON, since ids and keywords may hold any character."""
    return json.dumps(list(values), ensure_ascii=False)


def _shown(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key != HIDDEN_KEY}
