"""Obtain: an extraction for every chunk - given, cached, or from the extractor and cached at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from lightrag_integrations.breath import catch_up
from lightrag_integrations.contributions import PaidAnswer, PreparedChunk, Usage
from lightrag_integrations.errors import BudgetExceeded, ModelError
from lightrag_integrations.ingest.batches import Batches
from lightrag_integrations.ingest.tally import Tally
from lightrag_integrations.ingest.tasks import outcome_of, settle_all
from lightrag_integrations.ingest.tools import IngestTools
from lightrag_integrations.ingest.validate import storable
from lightrag_integrations.models import Extraction
from lightrag_integrations.protocols import Extractor

__all__ = ["Extractions"]

_LOOK_UP = 100
"""Chunks of one document that are looked up together."""
_DOCUMENTS = 16
"""Documents that are."""
_PAUSE_S = 0.05
"""Between transactions, while calls are under way: what is paid meanwhile is written soon, and not one by one."""
_GRACE_S = 2.0
_REMEMBERED = 4096
Key = tuple[str, str]


class Extractions:
    """Extractions of one call. Equal chunks share one model call.

    An asynchronous context manager: leaving it, even by cancellation, lets answers that are paid reach the cache.
    """

    def __init__(self, extractor: Extractor, tools: IngestTools, tally: Tally) -> None:
        """Call nothing yet."""
        self._extractor = extractor
        self._store = tools.store
        self._meter = tools.meter
        self._tally = tally
        self._watch = tools.watch
        self._cacheable = bool(getattr(extractor, "cacheable", True))
        # More than the calls allowed at once, so that writing an answer to the cache leaves no call unused; no more
        # than that, over all documents, as answers not yet written are lost with the database.
        self._limit = 2 * tools.concurrency
        self._places = asyncio.Semaphore(self._limit)
        self._running: dict[Key, asyncio.Task[Extraction]] = {}
        self._answered: dict[Key, None] = {}
        """The latest that are in the cache now: documents may have looked before."""
        self._concurrency = tools.concurrency
        self._asked = 0
        """Chunks on their way to the model or back."""
        self._looking = Batches(self._looked_up, pause_s=_PAUSE_S, most=_DOCUMENTS)
        self._keeping = Batches(self._kept, pause_s=_PAUSE_S, most=self._limit)
        self._writing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Extractions:
        """Nothing to open."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Wait a moment for answers on their way to the cache."""
        await self._keeping.finish(_GRACE_S)
        await self._looking.finish(0.0)
        if self._writing:
            _, late = await asyncio.wait(self._writing, timeout=_GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def of(self, document_id: str, chunks: Sequence[PreparedChunk]) -> list[Extraction]:
        """One extraction for each chunk, in order.

        Every chunk gets its try before the document fails, so that a retry pays for the missing ones only.

        Raises:
            ModelError: Some chunks have none; says how many and why. `BudgetExceeded` when that was the reason.
        """
        cached = await self._cached(document_id, chunks)
        given = [chunk.chunk.extraction or cached.get(chunk.content_hash) for chunk in chunks]
        self._tally.extracted(document_id, len(chunks) - given.count(None), "given or cached")
        missing = [chunk for chunk, found in zip(chunks, given, strict=True) if found is None]
        made = await settle_all(lambda chunk: self._made(document_id, chunk), missing, limit=self._limit)
        errors = [
            (chunk, outcome) for chunk, outcome in zip(missing, made, strict=True) if isinstance(outcome, BaseException)
        ]
        if errors:
            raise _incomplete(errors, len(chunks))
        fresh = iter(made)
        return [found if found is not None else _extraction(next(fresh)) for found in given]

    async def _cached(self, document_id: str, chunks: Sequence[PreparedChunk]) -> dict[str, Extraction]:
        if not self._cacheable:
            return {}
        wanted = dict.fromkeys(self._key(chunk) for chunk in chunks if chunk.chunk.extraction is None)
        keys, found = list(wanted), dict[str, Extraction]()
        for start in range(0, len(keys), _LOOK_UP):
            # Places left free at the model are not to wait for company.
            urgent = self._asked < self._concurrency
            answers = await self._looking.of(keys[start : start + _LOOK_UP], urgent=urgent)
            found.update((key[0], extraction) for key, extraction in answers.items())
        usages = [Usage("extract", self._extractor.fingerprint, cached=True, document_id=document_id) for _ in found]
        for usage in usages:
            self._meter.count(usage)
        if usages:
            await self._store.record_usage(usages)
        return found

    async def _made(self, document_id: str, chunk: PreparedChunk) -> Extraction:
        if not self._cacheable:
            return await self._call(document_id, chunk)
        key = self._key(chunk)
        found = await self._looking.of([key], urgent=True) if key in self._answered else {}
        extraction = found[key] if key in found else await self._asked_for(key, document_id, chunk)
        self._tally.extracted(document_id, 1)
        return extraction

    def _asked_for(self, key: Key, document_id: str, chunk: PreparedChunk) -> asyncio.Task[Extraction]:
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.get_running_loop().create_task(self._call(document_id, chunk))
            task.add_done_callback(partial(self._ended, key))
        return task

    def _ended(self, key: Key, task: asyncio.Task[Extraction]) -> None:
        del self._running[key]
        if task.cancelled() or task.exception() is not None:
            return
        self._answered[key] = None
        if len(self._answered) > _REMEMBERED:
            del self._answered[next(iter(self._answered))]

    async def _call(self, document_id: str, chunk: PreparedChunk) -> Extraction:
        """An answer that is written, too, where it is cached."""
        async with self._places:
            return await self._paid(document_id, chunk)

    async def _looked_up(self, wanted: Sequence[Sequence[Key]]) -> list[Mapping[Key, Extraction]]:
        """What is cached, for some documents at once."""
        answers = await self._store.cached_extractions([key for keys in wanted for key in keys])
        return [{key: answers[key] for key in keys if key in answers} for keys in wanted]

    async def _kept(self, answers: Sequence[PaidAnswer]) -> Sequence[None]:
        await self._store.cache_extractions(answers)
        return [None] * len(answers)

    async def _paid(self, document_id: str, chunk: PreparedChunk) -> Extraction:
        with self._meter.attributed(document_id, collect=True) as usages:
            asked = asyncio.get_running_loop().create_task(self._extract(document_id, chunk))
            self._asked += 1
            try:
                await asyncio.wait([asked])  # which cancelling this does not cancel
            except asyncio.CancelledError:
                self._begin(self._save(asked, document_id, chunk, usages=usages))
                raise
            finally:
                self._asked -= 1
        outcome = outcome_of(asked)
        self._tally.model_call(document_id, len(usages))
        if isinstance(outcome, BaseException):
            if usages:
                await self._write(self._store.record_usage(usages))
            raise outcome
        extraction = storable(outcome)
        if self._cacheable:
            # The last ones have no others to wait for.
            await self._keep(document_id, chunk, extraction, usages=usages, urgent=not self._asked)
        elif usages:
            await self._write(self._store.record_usage(usages))
        return extraction

    async def _save(
        self, asked: asyncio.Task[Extraction], document_id: str, chunk: PreparedChunk, *, usages: Sequence[Usage]
    ) -> None:
        """End a call whose caller is cancelled; what came before is paid, so it is read and written all the same."""
        self._meter.ask_no_more()
        try:
            read = bool(usages) and await catch_up(asked) and not asked.cancelled() and asked.exception() is None
        finally:
            asked.cancel()  # once: it may have something to put in order
        try:
            if read and self._cacheable:
                await self._keep(document_id, chunk, storable(asked.result()), usages=usages, urgent=True)
            elif usages:
                # Answers that were asked for again are paid, too.
                await self._store.record_usage(usages)
        finally:
            await asyncio.gather(asked, return_exceptions=True)

    async def _keep(
        self, document_id: str, chunk: PreparedChunk, extraction: Extraction, *, usages: Sequence[Usage], urgent: bool
    ) -> None:
        lines = usages or [Usage("extract", self._extractor.fingerprint, document_id=document_id)]
        await self._keeping.of(PaidAnswer(self._key(chunk), extraction, tuple(lines)), urgent=urgent)

    async def _write(self, work: Coroutine[Any, Any, None]) -> None:
        """Write what is paid; cancelling the caller does not stop it."""
        await asyncio.shield(self._begin(work))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._writing.add(task)
        task.add_done_callback(self._written)
        return task

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()  # seen: when the server is gone, the caller has been told by another one's

    async def _extract(self, document_id: str, chunk: PreparedChunk) -> Extraction:
        with self._watch.step("extract") as span:
            span.tell({"lightrag.document.id": document_id, "lightrag.chunk.id": chunk.chunk.id})
            extraction = await self._extractor.extract(chunk.chunk)
        if not isinstance(extraction, Extraction):
            raise ModelError(
                f"extractor {type(self._extractor).__name__} returned {type(extraction).__name__}; expected Extraction"
            )
        return extraction

    def _key(self, chunk: PreparedChunk) -> Key:
        return (chunk.content_hash, self._extractor.fingerprint)


def _extraction(outcome: Extraction | BaseException) -> Extraction:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _incomplete(errors: Sequence[tuple[PreparedChunk, BaseException]], chunks: int) -> ModelError:
    chunk, error = next(((c, e) for c, e in errors if not isinstance(e, BudgetExceeded)), errors[0])
    made = BudgetExceeded if isinstance(error, BudgetExceeded) else ModelError
    incomplete = made(
        f"{len(errors)} of {chunks} chunks could not be extracted; chunk {chunk.chunk.id!r}: "
        f"{type(error).__name__}: {error}"
    )
    incomplete.__cause__ = error
    return incomplete
