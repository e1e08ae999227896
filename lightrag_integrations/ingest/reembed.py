"""Re-embedding: vectors of another model, made from what is stored, while searches and commits go on."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from lightrag_integrations.calls.meter import Meter
from lightrag_integrations.errors import ModelError
from lightrag_integrations.ingest.queue import EmbedQueue, Vector
from lightrag_integrations.ingest.tasks import first_error
from lightrag_integrations.ingest.texts import text_of
from lightrag_integrations.observe import Event, Observer
from lightrag_integrations.protocols import Embedder
from lightrag_integrations.refill import KINDS, Kind, Unfilled
from lightrag_integrations.reports import ReembedReport
from lightrag_integrations.store import Store

__all__ = ["ReembedTools", "run_reembed"]

_PATIENCE = 5
"""After so many rounds in vain, as documents kept coming, the last few vectors are made while commits wait; more of
them each time, so that it comes to an end."""
_PAUSE_S = 0.05
_MOST_REFUSED = 20
_NO_TEXT = "dimension"


@dataclass(frozen=True)
class ReembedTools:
    """What one call works with."""

    store: Store
    embedder: Embedder
    """The new model, behind the handle's limits."""
    observer: Observer
    meter: Meter
    on_step: Callable[[int, int], None]
    """Told (vectors made, of all)."""
    batch: int
    """Texts in one call."""
    workers: int
    """Calls at once: fewer than the handle allows, so that questions get their turn."""


async def run_reembed(tools: ReembedTools) -> ReembedReport:
    """Make the new model's vectors and search them from then on; nothing to do where that is so already.

    Rows in the order of their keys; what is there from a call that was broken off is not made again.

    Args:
        tools: Store and model.

    Raises:
        ModelError: The model failed. The index is as it was, and the next call goes on from here.
        StorageError: The database failed, or another call began with another model.
    """
    started = time.monotonic()
    async with EmbedQueue(tools.embedder, batch=tools.batch) as queue:
        work = _Reembedding(tools, queue)
        await work.run()
    return ReembedReport(
        model=tools.embedder.fingerprint,
        chunks=work.filled["chunk"],
        entities=work.filled["entity"],
        facts=work.filled["fact"] + work.filled["aside"],
        embedding_calls=tools.meter.embedding_calls,
        embedding_tokens=tools.meter.embedding_tokens,
        rounds=work.rounds,
        seconds=time.monotonic() - started,
    )


class _Reembedding:
    def __init__(self, tools: ReembedTools, queue: EmbedQueue) -> None:
        self._tools = tools
        self._store = tools.store
        self._queue = queue
        self._model = tools.embedder.fingerprint
        # As in ingestion: vectors that hold no more than the words do add nothing to names and facts.
        self._kinds = KINDS[:1] if getattr(tools.embedder, "lexical", False) else KINDS
        self._done = self._of = 0
        self._works = False
        self.filled: Counter[str] = Counter()
        self.rounds = 0

    async def run(self) -> None:
        state = await self._store.filling()
        if state.searched in (None, self._model):
            await self._store.clear_filling()
            return
        if state.filling != self._model:
            await self._begin()
        for number in count(1):
            await self._round()
            self.rounds = number
            if number == 1:
                await self._store.index_filled()
            last, limit = (
                self._vectors_of if number > _PATIENCE else None,
                self._tools.batch << max(0, number - _PATIENCE),
            )
            if await self._store.switch(self._model, self._kinds, last=last, limit=limit):
                break
            await asyncio.sleep(_PAUSE_S)
        self._tell(Event("finished", count=self.filled.total()))

    async def _begin(self) -> None:
        """The first batch tells the dimension; the queue remembers its vectors for the first round."""
        await self._store.clear_filling()
        rows = await self._store.unfilled("chunk", after=-1, limit=self._tools.batch)
        texts = list(dict.fromkeys(map(text_of, rows))) or [_NO_TEXT]
        outcomes = await self._embedded(texts)
        outcomes = outcomes if any(_is_vector(one) for one in outcomes.values()) else await self._outcomes([_NO_TEXT])
        vector = next(made for made in outcomes.values() if not isinstance(made, ModelError))
        await self._store.begin_filling(self._model, len(vector))

    async def _round(self) -> None:
        """Fill the rows that lack their vectors now; of each kind no more than that, as others come all the time."""
        done, left = await self._store.count_filling(self._kinds)
        self._done, self._of = done, done + left
        self._tools.on_step(self._done, self._of)
        refused: dict[str, ModelError] = {}
        for kind in self._kinds if left else ():
            pages = _Pages(self._store, kind, self._tools.batch, most=left)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(self._tools.workers):
                        group.create_task(self._work(pages, refused))
            except BaseExceptionGroup as errors:
                raise first_error(errors) from errors
        if refused:
            raise self._failed(next(iter(refused.values())), tuple(refused))

    async def _work(self, pages: _Pages, refused: dict[str, ModelError]) -> None:
        while rows := await pages.next():
            texts = [text_of(row) for row in rows]
            made = await self._embedded(list(dict.fromkeys(texts)))
            vectors: dict[int, Vector] = {}
            for row, text in zip(rows, texts, strict=True):
                outcome = made[text]
                if isinstance(outcome, ModelError):
                    refused[f"{row.kind} {row.parts[0] or row.parts[1]!r:.60}"] = outcome
                else:
                    vectors[row.id] = outcome
            if not await self._store_vectors(pages.kind, vectors) or len(refused) > _MOST_REFUSED:
                return

    async def _store_vectors(self, kind: Kind, vectors: dict[int, Vector]) -> bool:
        """False when nothing is left to do: another call with this model was quicker."""
        filled = await self._store.fill(kind, vectors, model=self._model) if vectors else 0
        if filled is None:
            return False
        self.filled[kind] += filled
        self._done += filled
        self._tools.on_step(min(self._done, self._of), self._of)
        self._tell(Event("embedded", count=filled, detail=kind))
        return True

    async def _embedded(self, texts: Sequence[str]) -> dict[str, Vector | ModelError]:
        """A vector for each text, or why the model refuses this one; a model that is away is an error at once."""
        found = await self._outcomes(texts)
        if not self._works and not any(map(_is_vector, found.values())):
            # Of a model that never answered, the queue does not ask which text is to blame.
            for error in (await self._outcomes([_NO_TEXT])).values():
                if isinstance(error, ModelError):
                    raise self._failed(error)
            found = await self._outcomes(texts)
        self._works = True
        return found

    async def _outcomes(self, texts: Sequence[str]) -> dict[str, Vector | ModelError]:
        outcomes = await asyncio.gather(*(self._queue.vectors([text]) for text in texts), return_exceptions=True)
        found: dict[str, Vector | ModelError] = {}
        for text, outcome in zip(texts, outcomes, strict=True):
            if isinstance(outcome, ModelError):
                if outcome.retryable:
                    raise self._failed(outcome)
                found[text] = outcome
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                found[text] = outcome[text]
        return found

    async def _vectors_of(self, rows: Sequence[Unfilled]) -> list[Vector]:
        made = await self._queue.vectors([text_of(row) for row in rows])
        return [made[text_of(row)] for row in rows]

    def _failed(self, error: ModelError, refused: Sequence[str] = ()) -> ModelError:
        where = f"; it refuses {len(refused)} texts ({', '.join(refused[:3])}, …)" if refused else ""
        failed = ModelError(
            f"re-embedding with {self._model!r} stopped at {self._done} of {self._of} vectors{where}: {error}. "
            "The index is as it was; call reembed again to go on from here",
            retryable=error.retryable,
            retry_after_s=error.retry_after_s,
        )
        failed.__cause__ = error
        return failed

    def _tell(self, event: Event) -> None:
        self._tools.observer.on_event(event)


def _is_vector(outcome: Vector | ModelError) -> bool:
    return not isinstance(outcome, ModelError)


class _Pages:
    """Rows that lack their vector, a page at a time, for several workers."""

    def __init__(self, store: Store, kind: Kind, size: int, *, most: int) -> None:
        self.kind = kind
        self._left = most
        self._store = store
        self._size = size
        self._after = -1
        self._reading = asyncio.Lock()

    async def next(self) -> Sequence[Unfilled]:
        """The next page; empty at the end."""
        async with self._reading:
            limit = min(self._size, self._left)
            rows = await self._store.unfilled(self.kind, after=self._after, limit=limit) if limit else ()
            self._left -= len(rows)
            if rows:
                self._after = rows[-1].id
            return rows
