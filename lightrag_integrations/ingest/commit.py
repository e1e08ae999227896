"""Commit: finished documents go into the index, small ones several to a transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from lightrag_integrations.contributions import PreparedDocument
from lightrag_integrations.ingest.call import Call
from lightrag_integrations.ingest.tasks import is_fatal, settle

__all__ = ["Committer"]

_MAX_CHUNKS = 1024
_LINGER_S = 0.25


class Committer:
    """Collects finished documents and commits them in the order they come.

    A batch goes when it is full, when nothing else is in work that could join it, or after a moment; and when only the
    last documents are in work, so that no others are left with them. A batch that the database refuses is tried again
    document by document, so that a bad one fails alone.
    """

    def __init__(self, call: Call, *, idle: Callable[[], bool], on_done: Callable[[str], None]) -> None:
        """Commit nothing yet.

        Args:
            call: The call.
            idle: True when no document is in work.
            on_done: Told the id of each document that is stored or failed.
        """
        self._call = call
        self._store = call.tools.store
        self._idle = idle
        self._on_done = on_done
        self._queue: deque[PreparedDocument] = deque()
        self._chunks = 0
        """In the queue."""
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._hurried = False
        self._closed = False

    async def put(self, document: PreparedDocument) -> None:
        """Hand over a finished document; waits while two batches are waiting already."""
        while len(self._queue) >= 2 * self._call.options.commit_documents or self._chunks >= 2 * _MAX_CHUNKS:
            self._room.clear()
            await self._room.wait()
        self._queue.append(document)
        self._chunks += len(document.chunks)
        self._wake.set()

    def nudge(self) -> None:
        """Something changed outside: look again whether to wait for more."""
        self._wake.set()

    def hurry(self) -> None:
        """The last documents are in work: what is done does not wait for them."""
        self._hurried = bool(self._queue)
        self._wake.set()

    def close(self) -> None:
        """Nothing more comes; `run` ends after the rest."""
        self._closed = True
        self._wake.set()

    async def fail(self, document_id: str, error: BaseException) -> None:
        """Mark a document failed, with the reason."""
        reason = f"{type(error).__name__}: {error}"
        await self._store.fail({document_id: reason}, owner=self._call.owner)
        self._call.tally.failed(document_id, reason)
        self._on_done(document_id)

    async def run(self) -> None:
        """Commit until closed and empty."""
        while await self._ready():
            batch = self._take()
            await self._commit(batch)
            for document in batch:
                self._on_done(document.document.id)

    async def _ready(self) -> bool:
        """Wait until a batch should go; False when nothing is left and nothing comes."""
        while not self._queue and not self._closed:
            await self._signal()
        try:
            async with asyncio.timeout(_LINGER_S):
                while not (self._full() or self._hurried or self._closed or self._idle()):
                    await self._signal()
        except TimeoutError:
            pass
        return bool(self._queue)

    async def _signal(self) -> None:
        self._wake.clear()
        await self._wake.wait()

    def _full(self) -> bool:
        return len(self._queue) >= self._call.options.commit_documents or self._chunks >= _MAX_CHUNKS

    def _take(self) -> list[PreparedDocument]:
        self._hurried = False
        batch, chunks = [self._queue.popleft()], 0
        while self._queue and len(batch) < self._call.options.commit_documents:
            chunks += len(batch[-1].chunks)
            if chunks + len(self._queue[0].chunks) > _MAX_CHUNKS:
                break
            batch.append(self._queue.popleft())
        self._chunks -= sum(len(document.chunks) for document in batch)
        self._room.set()
        return batch

    async def _commit(self, batch: Sequence[PreparedDocument]) -> None:
        outcome = await settle(self._store_batch(batch))
        if isinstance(outcome, BaseException):
            await self._refused(batch, outcome)
            return
        for document in batch:
            if document.document.id in outcome:
                self._call.tally.stored(document)
            else:
                self._call.tally.superseded(document.document.id)

    async def _store_batch(self, batch: Sequence[PreparedDocument]) -> frozenset[str]:
        with self._call.tools.watch.step("store") as span:
            chunks = sum(len(document.chunks) for document in batch)
            span.tell({"db.system.name": "postgresql", "lightrag.documents": len(batch), "lightrag.chunks": chunks})
            return await self._store.commit(batch, owner=self._call.owner)

    async def _refused(self, batch: Sequence[PreparedDocument], error: BaseException) -> None:
        """Whatever went wrong, one document's row must not stop the call, nor every retry after it."""
        if is_fatal(error) or not isinstance(error, Exception):
            raise error
        if len(batch) == 1:
            await self.fail(batch[0].document.id, error)
            return
        for document in batch:
            await self._commit([document])
