"""One queue for all texts to be embedded, so that batches fill across documents."""

from __future__ import annotations

import asyncio
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from lightrag_integrations.errors import BudgetExceeded, ModelError, StorageError
from lightrag_integrations.ingest.tasks import settle
from lightrag_integrations.protocols import Embedder

__all__ = ["EmbedQueue", "Vector"]

Vector = Sequence[float]
_Waiting = dict[str, "asyncio.Future[Vector | BaseException]"]

_LINGER_S = 0.02
_PATIENCE_S = 0.5
"""Documents that are known to be coming are waited for so long: one may take minutes."""
_GRACE_S = 2.0
_UNDER_WAY = 2
"""Batches under way that make one that is not full wait. More than one, so that a hanging call holds up nothing."""
_ALL_UNDER_WAY = 4
"""The same when all who are known to be coming have asked."""
_REMEMBERED = 4096


class EmbedQueue:
    """Collects the texts of documents in work; sends full batches at once, the rest after a moment.

    The moment is longer while documents are known to be coming. A batch that is not full also waits for others under
    way, for more of them until all who are coming have asked: what comes meanwhile joins it, so that many small
    documents do not make as many calls.

    A text asked for twice while it is waiting, under way or lately done is embedded once. An asynchronous context
    manager: leaving it cancels what is still under way.
    """

    def __init__(self, embedder: Embedder, *, batch: int) -> None:
        """Send nothing yet.

        Args:
            embedder: Embeds a batch.
            batch: Texts that make a full batch.
        """
        self._embedder = embedder
        self._batch = batch
        # Where no call is made, none is saved.
        lexical = bool(getattr(embedder, "lexical", False))
        self._linger_s = 0.0 if lexical else _LINGER_S
        self._patience_s = 0.0 if lexical else _PATIENCE_S
        self._waiting: _Waiting = {}
        self._sent: _Waiting = {}
        self._recent: OrderedDict[str, Vector] = OrderedDict()
        self._sending: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._worked = False
        self._coming = self._asking = 0

    async def __aenter__(self) -> EmbedQueue:
        """Nothing to open."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Cancel what is under way: only documents that failed can still have texts there.

        At a good end it gets a moment before, as what is answered is paid and has to reach the ledger.
        """
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._sending and error == (None, None, None):
            await asyncio.wait(self._sending, timeout=_GRACE_S)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Around the work on a document that is going to ask: batches that are not full wait for it."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1
            self._send_later()

    async def vectors(self, texts: Iterable[str]) -> dict[str, Vector]:
        """The vector of each distinct text.

        Raises:
            ModelError: One of them could not be embedded.
        """
        self._asking += 1
        try:
            return await self._vectors(list(dict.fromkeys(texts)))
        finally:
            self._asking -= 1

    async def _vectors(self, wanted: Sequence[str]) -> dict[str, Vector]:
        found = {text: self._recent[text] for text in wanted if text in self._recent}
        futures = {text: self._future(text) for text in wanted if text not in found}
        self._send_full()
        for text, future in futures.items():
            # Shielded: another document may wait for the same text.
            outcome = await asyncio.shield(future)
            if isinstance(outcome, BaseException):
                raise outcome
            found[text] = outcome
        return found

    def _future(self, text: str) -> asyncio.Future[Vector | BaseException]:
        future = self._sent.get(text) or self._waiting.get(text)
        if future is None:
            future = self._waiting[text] = asyncio.get_running_loop().create_future()
        return future

    def _send_full(self) -> None:
        while len(self._waiting) >= self._batch:
            self._send_one()
        self._send_later()

    @property
    def _all_here(self) -> bool:
        """Of those known to be coming, nobody is left who may ask."""
        return 0 < self._coming <= self._asking

    def _send_later(self) -> None:
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        wait_s = self._patience_s if self._asking < self._coming else self._linger_s
        if self._timer is not None and self._timer.when() > loop.time() + wait_s:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = loop.call_later(wait_s, self._send_rest)

    def _send_rest(self) -> None:
        self._timer = None
        if self._waiting and len(self._sending) < (_ALL_UNDER_WAY if self._all_here else _UNDER_WAY):
            self._send_one()

    def _send_one(self) -> None:
        texts = list(islice(self._waiting, self._batch))
        self._sent.update({text: self._waiting.pop(text) for text in texts})
        task = asyncio.get_running_loop().create_task(self._answer(texts))
        self._sending.add(task)
        task.add_done_callback(self._sent_one)

    def _sent_one(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and self._timer is None:
            self._send_rest()

    async def _answer(self, texts: list[str]) -> None:
        for text, outcome in (await self._embed(texts)).items():
            future = self._sent.pop(text)
            if not isinstance(outcome, BaseException):
                self._recent[text] = outcome
            if not future.done():
                future.set_result(outcome)
        while len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)

    async def _embed(self, texts: list[str]) -> dict[str, Vector | BaseException]:
        outcome = await settle(self._call(texts))
        if not isinstance(outcome, BaseException):
            self._worked = True
            return dict(zip(texts, outcome, strict=True))
        if len(texts) == 1 or not _one_text_may_be_bad(outcome):
            return dict.fromkeys(texts, outcome)
        return await self._halves(texts)

    async def _halves(self, texts: list[str]) -> dict[str, Vector | BaseException]:
        """Find the text that spoils the batch; an endpoint that never worked is not asked about each of them."""
        middle = len(texts) // 2
        first = await self._embed(texts[:middle])
        if not self._worked:
            return first | dict.fromkeys(texts[middle:], first[texts[0]])
        return first | await self._embed(texts[middle:])

    async def _call(self, texts: list[str]) -> list[Vector]:
        vectors = await self._embedder.embed(texts, kind="document")
        if len(vectors) != len(texts):
            raise ModelError(f"the embedder gave {len(vectors)} vectors for {len(texts)} texts; expected one for each")
        # A list of Python floats takes eight times the room.
        return [array("f", vector) for vector in vectors]


def _one_text_may_be_bad(error: BaseException) -> bool:
    if isinstance(error, BudgetExceeded | StorageError | asyncio.CancelledError):
        return False
    return not (isinstance(error, ModelError) and error.retryable)
