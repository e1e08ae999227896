"""An export as text, piece by piece: JSON, GraphML, and CSV of entities and of relations."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import Any, TypeVar

from lightrag_integrations.graph.graphml import graphml
from lightrag_integrations.graph.records import (
    FORMAT,
    chunk_record,
    document_record,
    entity_record,
    joined,
    relation_record,
)  # fmt: skip
from lightrag_integrations.whole import WholeReader

__all__ = ["FILES", "Pieces"]

T = TypeVar("T")
Pieces = Callable[[WholeReader], AsyncGenerator[str]]


async def _json(reader: WholeReader) -> AsyncGenerator[str]:
    """One object, a record to a line."""
    yield f'{{"format": {json.dumps(FORMAT)}'
    for section in (
        _section("documents", reader.whole_documents(), document_record),
        _section("chunks", reader.whole_chunks(), chunk_record),
        _section("entities", reader.whole_entities(), entity_record),
        _section("relations", reader.whole_relations(), relation_record),
    ):
        async with aclosing(section) as pieces:
            async for piece in pieces:
                yield piece
    yield "\n}\n"


async def _section(name: str, rows: AsyncGenerator[T], record: Callable[[T], Mapping[str, Any]]) -> AsyncGenerator[str]:
    yield f',\n"{name}": ['
    before = "\n"
    async with aclosing(rows) as listed:
        async for row in listed:
            yield before + json.dumps(record(row), ensure_ascii=False, sort_keys=True)
            before = ",\n"
    yield "\n]"


async def _entities(reader: WholeReader) -> AsyncGenerator[str]:
    yield _line(["name", "type", "description", "degree", "mentions", "document_ids"])
    async with aclosing(reader.whole_entities()) as rows:
        async for row in rows:
            view = row.view()
            yield _line([view.name, view.type, view.description, view.degree, view.mentions, joined(view.document_ids)])


async def _relations(reader: WholeReader) -> AsyncGenerator[str]:
    """A line for each fact; the facts of a relation follow each other."""
    yield _line(
        ["source", "target", "description", "keywords", "weight", "document_id", "chunk_id", "start", "end"]
    )  # fmt: skip
    async with aclosing(reader.whole_relations()) as rows:
        async for row in rows:
            for fact in row.view.facts:
                yield _line(
                    [
                        fact.source, fact.target, fact.description, joined(fact.keywords), fact.weight,
                        fact.document_id, fact.chunk_id, fact.start, fact.end,
                    ]
                )  # fmt: skip


def _line(cells: list[Any]) -> str:
    text = io.StringIO(newline="")
    # The writer quotes only those line breaks that it ends lines with itself; readers end a line at any of them.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


FILES: MappingProxyType[str, MappingProxyType[str, Pieces]] = MappingProxyType(
    {
        "json": MappingProxyType({"graph.json": _json}),
        "graphml": MappingProxyType({"graph.graphml": graphml}),
        "csv": MappingProxyType({"entities.csv": _entities, "relations.csv": _relations}),
    }
)
"""The files of each format."""
