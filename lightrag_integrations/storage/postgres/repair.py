"""Mends what can be mended from the truth: documents, chunks, and what chunks tell."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from lightrag_integrations.edits import Edits
from lightrag_integrations.reports import RepairReport
from lightrag_integrations.storage.postgres.edits import apply_edits, lock_edits, read_edits, write_edits
from lightrag_integrations.storage.postgres.filled import FILLING, layout_for
from lightrag_integrations.storage.postgres.maintenance import build_vector_indexes, for_each_table
from lightrag_integrations.storage.postgres.parts import run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.postings import StoredWords, chunk_batches, compare, words_of
from lightrag_integrations.storage.postgres.reads import INDEX_NAMES, recorded_dimension
from lightrag_integrations.storage.postgres.rows import posting_rows, tie_of
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.verify import VerifyPart, other_problems, shown, wrong_roots
from lightrag_integrations.storage.postgres.wire import signed_hash
from lightrag_integrations.storage.postgres.write import add_segment, copy_in
from lightrag_integrations.text.keys import normalise_name
from lightrag_integrations.text.postings import invert_terms

__all__ = ["RepairPart"]

_GRAPH = (
    ("mend_ends", "chunks whose facts got the ends of their relation back"),
    ("mend_relations", "relations made from their facts"),
    ("mend_facts", "chunks whose facts were put to the right relation"),
)
_IDLE = (
    ("mend_idle_relations", "relations that nothing tells of any more, swept before upkeep did (no damage)"),
    ("mend_idle_entities", "entities that nothing tells of any more, swept before upkeep did (no damage)"),
    ("mend_summaries", "summaries of nothing, removed; graph.summarise() makes new ones"),
)
_ORPHANS = (
    ("mend_orphaned_chunks", "chunks whose document is gone, removed; ingest their documents again"),
    ("mend_orphaned_mentions", "mentions by chunks that are gone, removed"),
    ("mend_orphaned_facts", "facts told by chunks that are gone, removed"),
    ("mend_orphaned_asides", "what was put aside for edits by chunks that are gone, removed"),
)
_NOTES = (("mend_notes", "chunks with notes of what is gone, removed"),)
_POSTINGS = (("mend_postings", "segments that are gone, their keyword postings removed"),)
_TIES = (
    ("mend_mention_ties", "chunks whose mentions were put in order"),
    ("mend_fact_ties", "chunks whose facts were put in order"),
)
_PENDING = (
    ("mend_leases", "leases that nobody holds any more, ended; documents.retry() takes the documents up"),
    ("mend_records", "records written after now, by a clock that was ahead, now written now"),
    ("mend_pending_chunks", "pending documents whose list of chunks was made from their chunks"),
)
_VECTORS = (
    ("mend_chunk_vectors", "chunks whose vector was brought to length one, or dropped where that can't be"),
    ("mend_entity_vectors", "entities whose vector was brought to length one, or dropped where that can't be"),
    ("mend_hidden_vectors", "hidden facts whose vector was brought to length one, or dropped where that can't be"),
    ("mend_fact_vectors", "facts whose vector was brought to length one, or dropped where that can't be"),
)


class RepairPart(VerifyPart):
    """`repair` of the store."""

    async def repair(self) -> RepairReport:
        """See `store.Store.repair`.

        In one transaction, in which readers go on and writers wait, so that nothing changes under it. What only a
        model could bring back is left, and its documents are marked, so that ingesting them again stores them anew
        though they are unchanged.
        """
        # A restored index has no statistics, without which joins of whole tables take hours, and writers wait.
        await for_each_table(self._database, "ANALYZE (SKIP_LOCKED)")
        mended = await self._transact(_mend)
        self._changed(removed=True)
        mended += await self._drop_half_built()
        await build_vector_indexes(self._database, self._tuning)
        return RepairReport(mended=tuple(mended), left=tuple(await self.verify()))

    async def _drop_half_built(self) -> list[str]:
        layout = await self._database.layout()
        names = list(INDEX_NAMES)
        mended = []
        async with self._database.building, self._database.connection() as connection:
            rows = await run(connection, layout, "vector_indexes", schema=layout.schema, names=names)
            for name in (name for name, valid, building in rows if not valid and not building):
                await connection.execute(layout.statements.fill(f"DROP INDEX CONCURRENTLY IF EXISTS {{s}}.{name}"))
                mended.append(f"the half built vector index {name}, removed; it is built anew where it pays")
        return mended


async def _mend(connection: Connection, layout: Layout) -> list[str]:
    await lock_edits(connection, layout)
    layout = await layout_for(connection, layout, ())
    # A fold moves postings about; it holds this lock before any table.
    await run(connection, layout, "lock_index", key=signed_hash(layout.schema, "fold"))
    await connection.execute(layout.statements["lock_content"])
    return await _Mender(connection, layout).mend()


class _Mender:
    def __init__(self, connection: Connection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout
        self._mended: list[str] = []

    async def mend(self) -> list[str]:
        await self._settings()
        await self._each(_ORPHANS)
        await self._entities()
        await self._each(_GRAPH)
        await self._edits()
        await self._each(_IDLE)
        await self._each(_NOTES)
        await self._each(_POSTINGS)
        await self._words()
        await self._each(_TIES)
        await self._each(_PENDING)
        await self._contents()
        return self._mended

    async def _run(self, name: str, **params: Any) -> list[tuple[Any, ...]]:
        return await run(self._connection, self._layout, name, **params)

    def _tell(self, words: str, names: Sequence[str]) -> None:
        if names:
            some = sorted(set(names))
            self._mended.append(shown(words, len(some), some))

    async def _each(self, steps: Sequence[tuple[str, str]], **params: Any) -> None:
        for name, words in steps:
            self._tell(words, [str(row[0]) for row in await self._run(name, **params)])

    async def _settings(self) -> None:
        if await self._run("mend_name", index=self._layout.name):
            self._mended.append(f"the index's name {self._layout.name!r}, written down again")
        if await self._dimension() is None and (rows := await self._run("mend_dimension")):
            self._mended.append(f"the dimension {rows[0][0]} of the vectors, written down again")
        for name, most, _ in await self._run("sequences", schema=self._layout.schema):
            await self._run("mend_sequence", sequence=f'"{self._layout.schema}".{name}', most=most)
            self._mended.append(f"the sequence {name}, moved on to {most}")

    async def _dimension(self) -> int | None:
        return recorded_dimension(dict(await self._run("meta")))

    async def _entities(self) -> None:
        """Entities that are mentioned, but gone: the names of their mentions tell their keys."""
        await self._run("clear_shown")
        keys: dict[int, str] = {}
        for entity, surface in await self._run("lost_entities"):
            keys.setdefault(entity, normalise_name(surface))
        if keys:
            rows = await self._run("mend_entities", ids=list(keys), keys=list(keys.values()))
            self._tell("entities made from their mentions", [row[0] for row in rows])

    async def _edits(self) -> None:
        """What is shown, from what is said and the edits."""
        edits = await read_edits(self._connection, self._layout)
        wrong = await wrong_roots(self._connection, self._layout, edits)
        if wrong:
            await write_edits(self._connection, self._layout, before=Edits(), after=edits)
            self._tell("edits led to where their aliases lead", wrong)
        if not (await self._run("any_edits"))[0][0]:
            return
        self._tell("documents to be stored anew, marked; ingest them again",
                   [row[0] for row in await self._run("mend_baseless")])  # fmt: skip
        rows = await self._run("misshown")
        await apply_edits(self._connection, self._layout, [row[0] for row in rows])
        self._tell("chunks shown as the edits want them", [row[1] for row in rows])

    async def _words(self) -> None:
        """Lengths, order and the whole keyword index, from the chunks' texts."""
        stored, keywords = await compare(self._connection, self._layout)
        wrong = sorted({*stored.wrong_lengths, *stored.wrong_ties})
        if wrong:
            rows = await self._run(
                "mend_chunk_numbers",
                ids=[int(stored.ids[place]) for place in wrong],
                lengths=[int(stored.lengths[place]) for place in wrong],
                ties=[tie_of(stored.names[place]) for place in wrong],
            )
            self._tell("chunks whose length or place in the order was set right", [row[0] for row in rows])
        if keywords.wrong:
            await self._run("clear_postings")
            await self._run("clear_segments")
            await self._index_words(stored)
            self._mended.append(f"the keyword index, made anew from {len(stored.ids)} chunks")

    async def _index_words(self, stored: StoredWords) -> None:
        copy = self._layout.statements["copy_postings"]
        async with aclosing(chunk_batches(self._connection, self._layout)) as batches:
            async for rows in batches:
                ids, words = [row[0] for row in rows], await asyncio.to_thread(words_of, rows)
                lengths = [sum(terms.values()) for terms in words]
                segment = await add_segment(self._connection, self._layout, ids=ids, lengths=lengths, sign=1, level=1)
                packed = await asyncio.to_thread(invert_terms, ids, words, lengths)
                await copy_in(self._connection, copy, partial(posting_rows, segment, packed))

    async def _contents(self) -> None:
        """Vectors, and what only ingesting again can bring back."""
        dimension = await self._dimension()
        rows = await self._run("documents_to_redo", dimension=dimension)
        self._tell("documents to be stored anew, marked; ingest them again", [row[0] for row in rows])
        if dimension is not None:
            await self._each(_VECTORS, dimension=dimension)
        await self._others()

    async def _others(self) -> None:
        """Vectors that are not searched: what can't be gone on with is dropped, and made again by `reembed`."""
        if not await other_problems(self._connection, self._layout):
            return
        await self._run("forget_meta", keys=list(FILLING))
        await self._run("clear_blank")
        await self._run("set_meta", keys=["emptying"], values=["1"])
        self._mended.append("vectors of a model that is not in use; upkeep drops them")
