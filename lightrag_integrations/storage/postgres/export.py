"""Everything visible, read through cursors of the server: memory does not grow with the index."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from lightrag_integrations.contributions import Mention
from lightrag_integrations.models import FactView
from lightrag_integrations.notes import Note
from lightrag_integrations.rows import EntityRow, FactRow
from lightrag_integrations.storage.postgres.cursors import server_cursor
from lightrag_integrations.storage.postgres.entities import EntityReads, composed, is_summarised
from lightrag_integrations.storage.postgres.wire import int4_array
from lightrag_integrations.whole import WholeChunk, WholeDocument, WholeFact, WholeRelation

__all__ = ["WholeReads"]

_BATCH = 500
Row = tuple[Any, ...]


class WholeReads(EntityReads):
    """`whole.WholeReader`."""

    async def whole_documents(self) -> AsyncGenerator[WholeDocument]:
        """See `whole.WholeReader.whole_documents`."""
        async with aclosing(self._all("whole_documents")) as rows:
            async for row in rows:
                yield WholeDocument(*row)

    async def whole_chunks(self) -> AsyncGenerator[WholeChunk]:
        """See `whole.WholeReader.whole_chunks`."""
        async with aclosing(self._all("whole_chunks")) as rows:
            async for row in rows:
                *fields, mentions, notes = row
                told = tuple(Mention(*mention) for mention in mentions or ())
                yield _chunk(fields, told, tuple(Note(*note) for note in notes or ()))

    async def whole_entities(self) -> AsyncGenerator[EntityRow]:
        """See `whole.WholeReader.whole_entities`."""
        async with aclosing(self._groups("whole_entities", 2)) as groups:
            async for group in groups:
                summary = await self._summaries([group[0][0]]) if is_summarised(group) else {}
                yield composed(group, summary.get(group[0][0], ""))

    async def whole_relations(self) -> AsyncGenerator[WholeRelation]:
        """See `whole.WholeReader.whole_relations`."""
        async with aclosing(self._groups("whole_facts", 2)) as groups:
            async for group in groups:
                yield WholeRelation(tuple(_fact(row) for row in group))

    async def _groups(self, name: str, width: int) -> AsyncGenerator[list[Row]]:
        """Rows that begin with the same values, together."""
        group: list[Row] = []
        async with aclosing(self._all(name)) as rows:
            async for row in rows:
                if group and group[0][:width] != row[:width]:
                    yield group
                    group = []
                group.append(row)
        if group:
            yield group

    async def _all(self, name: str) -> AsyncGenerator[Row]:
        visible = await self._visible_ids()
        await self._rows("read_all")
        async with server_cursor(self._connection, name) as cursor:
            cursor.itersize = _BATCH
            shown = None if visible is None else int4_array(visible)
            await cursor.execute(self._layout.statements[name], {"visible": shown})
            async for row in cursor:
                yield row


def _chunk(fields: Sequence[Any], mentions: tuple[Mention, ...], notes: tuple[Note, ...]) -> WholeChunk:
    chunk_id, document_id, position, start, end, title, text, metadata = fields
    return WholeChunk(chunk_id, document_id, position, start, end, title, text, metadata, mentions, notes)


def _fact(row: Sequence[Any]) -> WholeFact:
    surrogate, source, target, chunk, *names = row[2:8]
    description, keywords, weight, chunk_id, document_id, start, end, ordinal, cooccurrence, label, noted = row[8:]
    view = FactView(
        source=names[0], target=names[1], description=description, keywords=tuple(keywords), weight=weight,
        chunk_id=chunk_id, document_id=document_id, start=start, end=end,
    )  # fmt: skip
    return WholeFact(FactRow(surrogate, source, target, chunk, weight, view), ordinal, cooccurrence, label, noted)
