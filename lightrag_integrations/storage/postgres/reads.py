"""What every part of a reader shares: the connection of its snapshot and the set of visible chunks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from psycopg import sql

from lightrag_integrations.errors import EmbeddingMismatch
from lightrag_integrations.filters import Filter
from lightrag_integrations.storage.postgres.filters_sql import compile_filter
from lightrag_integrations.storage.postgres.parts import Tuning, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.schema import Layout
from lightrag_integrations.storage.postgres.sql import COLUMNS, searched_column
from lightrag_integrations.storage.postgres.told import Told
from lightrag_integrations.storage.postgres.turns import Turns
from lightrag_integrations.storage.postgres.wire import Raw, halfvec, int4_array, load_arrays, unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["INDEXED", "INDEX_NAMES", "Overview", "Reads", "index_name", "recorded_dimension"]

INDEXED = ("chunk", "entity", "fact")
"""Tables that get a vector index."""

T = TypeVar("T")
_DIMENSION = re.compile("[1-9][0-9]{0,4}")
_FEW = 2000
"""Up to so many visible chunks are told of by their ids, and statements planned for these; more by flags."""
_IDS = MappingProxyType({"$chunk_id": sql.SQL("c.chunk_id"), "$document_id": sql.SQL("d.document_id")})


INDEX_NAMES = tuple(f"{table}_by_{column}" for column in COLUMNS for table in INDEXED)
"""Of all vector indexes there may be, of both columns."""


def index_name(table: str, layout: Layout) -> str:
    """Name of the vector index of a table's searched vectors."""
    return f"{table}_by_{layout.statements.column}"


def recorded_dimension(meta: Mapping[str, str], key: str = "dimension") -> int | None:
    """That of the index's vectors; None when none is recorded, or something that is no dimension."""
    value = meta.get(key, "")
    return int(value) if _DIMENSION.fullmatch(value) else None


class Overview(NamedTuple):
    """What every search asks first; of all chunks, visible or not."""

    chunks: int
    length: int
    """Sum of the chunks' lengths in terms."""
    deleted: list[bytes]
    """Packed ids of chunks that are still in the postings, though deleted."""
    meta: dict[str, str]
    indexes: frozenset[str]
    """Names of the vector indexes that can be used."""

    @classmethod
    def of(cls, row: Sequence[Any]) -> Overview:
        """As the statement tells it."""
        chunks, length, deleted, meta, indexes = row
        return cls(chunks, length, deleted or [], meta or {}, frozenset(indexes or ()))

    def indexed(self, table: str) -> bool:
        """Whether a table's searched vectors have an index."""
        return f"{table}_by_{searched_column(self.meta)}" in self.indexes


class Reads:
    """Runs statements in the snapshot; without a filter every stored chunk is visible."""

    def __init__(
        self,
        connection: Connection,
        layout: Layout,
        where: Filter | None,
        tuning: Tuning,
        *,
        model: str | None = None,
        steered: int = 0,
    ) -> None:
        """Keep the snapshot; nothing is read yet.

        Args:
            connection: Inside a REPEATABLE READ, READ ONLY transaction.
            layout: Schema and statements.
            where: The filter.
            tuning: Sizes that decide between exact and indexed vector search.
            model: That the questions' vectors come from; None: only their dimension is looked at.
            steered: The transaction plans statements for the vector indexes, with so many candidates; 0: as the
                planner likes.
        """
        self._connection = connection
        self._turns = Turns(connection)
        self._layout = layout
        self._where = where
        self._tuning = tuning
        self._model = model
        self._visible: Ints | None = None
        self._length = 0
        self._shown_as: dict[str, Raw | None] = {"visible": None, "flags": None}
        self._once = asyncio.Lock()
        self._known: Overview | None = None
        self._latest: Overview | None = None
        """What the reader before saw, brought up to date as far as it was needed here."""
        self._told = Told()
        self._packed: tuple[Sequence[float], Raw | None] | None = None
        """The last question's vector, as it was given and as it is sent."""
        self._steered = steered

    async def _rows(self, name: str, **params: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement that looks at no filter."""
        async with self._turns as connection:
            return await run(connection, self._layout, name, **params)

    async def begin(self, reading: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """See `reader.Reader.begin`."""
        return await self._turns.begin(reading)

    async def aclose(self) -> None:
        """End what was begun and is not wanted any more."""
        await self._turns.aclose()

    async def _overview(self) -> Overview:
        if self._known is None:
            rows = await self._rows("overview", schema=self._layout.schema, names=list(INDEX_NAMES))
            return self._saw(Overview.of(rows[0]))
        return self._known

    def _saw(self, overview: Overview) -> Overview:
        self._layout = self._layout.reading(overview.meta)
        self._known = overview
        return overview

    @property
    def seen(self) -> Overview | None:
        """What every search asks first, for the next reader."""
        return self._known or self._latest

    async def _row(self, statement: bytes, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """The one row of a statement, its arrays as numpy's."""
        async with self._turns as connection:
            cursor = connection.cursor(binary=True)
            load_arrays(cursor)
            row = await (await cursor.execute(statement, params)).fetchone()
        assert row is not None
        return row

    async def _columns(self, name: str, **params: Any) -> list[Any]:
        """The one row of a statement that aggregates columns into arrays, the empty ones too, as numpy arrays."""
        await self._visible_ids()
        row = await self._row(self._layout.statements[name], {**self._sight(name), **params})
        return [np.empty(0, np.int64) if column is None else column for column in row]

    async def _seen(self, name: str, **params: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement that takes the visible chunks as `visible` or `flags` (both NULL: all)."""
        await self._visible_ids()
        return await self._rows(name, **self._sight(name), **params)

    async def _shown(self, chunks: Sequence[int]) -> Raw:
        """Those of these chunks that are visible, in the order given, each once."""
        visible = await self._visible_ids()
        wanted = np.array(list(dict.fromkeys(chunks)), np.int64)
        return int4_array(wanted if visible is None else wanted[np.isin(wanted, visible)])

    async def _visible_ids(self) -> Ints | None:
        """Surrogate ids of the visible chunks, ascending; `None` when there is no filter. Read once."""
        if self._where is None or self._visible is not None:
            return self._visible
        async with self._once:
            if self._visible is None:
                condition, params = compile_filter(self._where, sql.SQL("c.metadata"), _IDS)
                statement = self._layout.statements["visible"] + b" " + condition.as_bytes(None)
                ids, self._length, last = await self._row(statement, params)
                await self._show(np.sort(ids), last)
        return self._visible

    def _sight(self, name: str) -> dict[str, Raw | None]:
        """What a statement is told of the visible chunks, once they are known.

        One that knows of no flags is given the ids, however many: told of nothing, it would hide nothing.
        """
        if self._visible is None or self._shown_as["flags"] is None:
            return self._shown_as
        knows = b"%(flags)s" in self._layout.statements[name]
        return self._shown_as if knows else {"visible": int4_array(self._visible), "flags": None}

    async def _show(self, ids: Ints, last: int) -> None:
        """Set how statements are told of the visible chunks.

        Args:
            ids: Theirs, ascending.
            last: The highest id of any chunk: every id that a statement may ask for has a flag.
        """
        if len(ids) <= _FEW:
            self._shown_as["visible"] = int4_array(ids)
        else:
            flags = np.zeros(last + 1, np.bool_)
            flags[ids] = True
            self._shown_as["flags"] = Raw(np.packbits(flags, bitorder="little").tobytes())
            # A filter that hides little is no reason to plan anew.
            async with self._turns as connection:
                await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan", prepare=False)
        self._visible = ids

    async def _question(self, vector: Sequence[float]) -> Raw | None:
        """The question's vector, packed; `None` when it or the index has no direction to compare."""
        if self._packed is not None and self._packed[0] is vector:
            return self._packed[1]
        packed = self._pack((await self._overview()).meta, vector)
        self._packed = vector, packed
        return packed

    def _pack(self, meta: Mapping[str, str], vector: Sequence[float]) -> Raw | None:
        normal = unit(vector)
        dimension = recorded_dimension(meta)
        if normal is None or dimension is None:
            return None
        model = meta.get("embedding", "")
        if len(normal) != dimension or (self._model is not None and self._model != model):
            asked = f"{self._model!r} " if self._model is not None else ""
            raise EmbeddingMismatch(
                f"got a question's vector {asked}of dimension {len(normal)}, the index holds vectors of {model!r} "
                f"(dimension {dimension}); ask with that model, or change the index's with index.reembed(model)",
                recorded=model,
            )
        return halfvec(normal)
