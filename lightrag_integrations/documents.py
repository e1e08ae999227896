"""`index.documents`: status, listing, reading, deletion and retry of documents."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.models import Hit
from lightrag_integrations.observe import Observer
from lightrag_integrations.progress import observing
from lightrag_integrations.providers.documents import adopt_documents
from lightrag_integrations.reports import DocumentState, DocumentStatus, IngestReport

if TYPE_CHECKING:
    from lightrag_integrations._live import Live
    from lightrag_integrations.ingest.estimate import Estimate

__all__ = ["Documents"]

# Inside the class, `list` is a method.
Statuses = list[DocumentStatus]
Hits = list[Hit]
Vector = list[float]
_LIMIT_END = 2**31
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_STATES = ("pending", "processing", "processed", "failed")


class Documents:
    """The documents of an index. Get it as `index.documents`."""

    def __init__(self, live: Live, keeper: object) -> None:
        """Keep the handle's live part, and what keeps it open."""
        self._live = live
        self._keeper = keeper

    def list(self, status: DocumentState | None = None, *, limit: int | None = None) -> Statuses:
        """States of documents, ordered by id.

        Args:
            status: Only those in this state; None: all.
            limit: At most so many.

        Raises:
            InputError: The state is unknown.
        """
        return self._live.run(lambda: self._list(status, None, limit))

    async def alist(self, status: DocumentState | None = None, *, limit: int | None = None) -> Statuses:
        """Like `list`."""
        return await self._live.arun(lambda: self._list(status, None, limit))

    def get(self, document_id: str) -> DocumentStatus | None:
        """State of one document; None when it is unknown."""
        return self._live.run(lambda: self._get(document_id))

    async def aget(self, document_id: str) -> DocumentStatus | None:
        """Like `get`."""
        return await self._live.arun(lambda: self._get(document_id))

    def text(self, document_id: str) -> str | None:
        """Stored text of one document; None when it is unknown."""
        return self._live.run(lambda: self._text(document_id))

    async def atext(self, document_id: str) -> str | None:
        """Like `text`."""
        return await self._live.arun(lambda: self._text(document_id))

    def chunks(
        self,
        chunk_ids: Sequence[str] | None = None,
        *,
        filter: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Hits:
        """Chunks as hits of score 0.

        Args:
            chunk_ids: In the order asked, unknown ones left out; None: all, ordered by document id and position.
            filter: Only those that pass.
            limit: At most so many, the first ones.
        """
        return self._live.read(lambda: self._chunks(chunk_ids, filter, limit))

    async def achunks(
        self,
        chunk_ids: Sequence[str] | None = None,
        *,
        filter: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Hits:
        """Like `chunks`."""
        return await self._live.aread(lambda: self._chunks(chunk_ids, filter, limit))

    def vectors(self, chunk_ids: Sequence[str]) -> dict[str, Vector]:
        """Stored vectors by chunk id, of those that have one, normalised and in the precision they are stored in."""
        return self._live.read(lambda: self._vectors(chunk_ids))

    async def avectors(self, chunk_ids: Sequence[str]) -> dict[str, Vector]:
        """Like `vectors`."""
        return await self._live.aread(lambda: self._vectors(chunk_ids))

    def delete(self, document_ids: Sequence[str]) -> int:
        """Remove documents and withdraw all they contributed, in one transaction, with no model call.

        Args:
            document_ids: Unknown ones are no error.

        Returns:
            How many existed.
        """
        return self._live.run(lambda: self._delete(document_ids))

    async def adelete(self, document_ids: Sequence[str]) -> int:
        """Like `delete`."""
        return await self._live.arun(lambda: self._delete(document_ids))

    def delete_chunks(self, chunk_ids: Sequence[str]) -> int:
        """Remove chunks and withdraw all they contributed; documents left without chunks go too."""
        return self._live.run(lambda: self._delete_chunks(chunk_ids))

    async def adelete_chunks(self, chunk_ids: Sequence[str]) -> int:
        """Like `delete_chunks`."""
        return await self._live.arun(lambda: self._delete_chunks(chunk_ids))

    def retry(self, document_ids: Sequence[str] | None = None, *, show_progress: bool = False) -> IngestReport:
        """Finish documents that failed or were left behind by a crash; what is done already is not paid again.

        They are worked on as the call that accepted them was told to; tries, time-outs and the budget are the handle's.

        Args:
            document_ids: Only these; None: all.
            show_progress: Draw progress bars on standard error.
        """
        with observing(
            self._live.settings.observer, show_progress=show_progress, index=self._live.settings.name
        ) as seen:
            return self._live.work(lambda: self._retry(document_ids, seen))

    async def aretry(self, document_ids: Sequence[str] | None = None, *, show_progress: bool = False) -> IngestReport:
        """Like `retry`."""
        with observing(
            self._live.settings.observer, show_progress=show_progress, index=self._live.settings.name
        ) as seen:
            return await self._live.awork(lambda: self._retry(document_ids, seen))

    def estimate(self, inputs: Any) -> Estimate:
        """Chunks, calls and tokens that ingesting these inputs would take; writes nothing, calls no model."""
        documents = adopt_documents(inputs)
        return self._live.run(lambda: self._live.estimate(documents))

    async def aestimate(self, inputs: Any) -> Estimate:
        """Like `estimate`."""
        documents = await asyncio.to_thread(adopt_documents, inputs)
        return await self._live.arun(lambda: self._live.estimate(documents))

    async def _list(self, status: DocumentState | None, ids: Sequence[str] | None, limit: int | None) -> Statuses:
        if status is not None and status not in _STATES:
            raise InputError(f"status: got {status!r}; expected one of {', '.join(_STATES)}, or None for all")
        if limit is not None and (not isinstance(limit, int) or not 0 <= limit < _LIMIT_END):
            raise InputError(f"limit: got {limit!r:.40}; expected a whole number from 0, or None for all")
        store = await self._live.store()
        return [*await store.statuses(status=status, document_ids=ids, limit=limit)]

    async def _get(self, document_id: str) -> DocumentStatus | None:
        return next(iter(await self._list(None, _ids([document_id]), None)), None)

    async def _text(self, document_id: str) -> str | None:
        (checked,) = _ids([document_id])
        return await (await self._live.store()).document_text(checked)

    async def _chunks(
        self, chunk_ids: Sequence[str] | None, where: Mapping[str, Any] | None, limit: int | None
    ) -> Hits:
        if limit is not None and not (isinstance(limit, int) and 0 < limit < 2**31):
            raise InputError(f"limit: got {limit!r:.40}; expected a whole number above 0, or None for all")
        async with self._live.reading(parse_filter(where)) as reader:
            rows = await (reader.all_chunks(limit) if chunk_ids is None else reader.find_chunks(_ids(chunk_ids)))
            return [row.hit() for row in rows[:limit]]

    async def _vectors(self, chunk_ids: Sequence[str]) -> dict[str, Vector]:
        async with self._live.reading() as reader:
            found = await reader.vectors(_ids(chunk_ids))
            return {chunk_id: [float(value) for value in vector] for chunk_id, vector in found.items()}

    async def _delete(self, document_ids: Sequence[str]) -> int:
        return await self._and_mirrored(await (await self._live.store()).delete(_ids(document_ids)))

    async def _delete_chunks(self, chunk_ids: Sequence[str]) -> int:
        return await self._and_mirrored(await (await self._live.store()).delete_chunks(_ids(chunk_ids)))

    async def _and_mirrored(self, deleted: int) -> int:
        mirrors = (await self._live.session()).mirrors
        if deleted and mirrors is not None:
            await mirrors.after_change()
        return deleted

    async def _retry(self, document_ids: Sequence[str] | None, observer: Observer) -> IngestReport:
        return await self._live.retry(None if document_ids is None else _ids(document_ids), observer)


def _ids(values: Sequence[str]) -> list[str]:
    """A list of ids; a lone string is one id, not a sequence of characters."""
    ids = [values] if isinstance(values, str) else values
    if not isinstance(ids, Iterable):
        raise InputError(f"ids: got {type(values).__name__}; expected a list of ids")
    ids = [*ids]
    bad = [value for value in ids if not isinstance(value, str) or _UNSTORABLE.search(value)]
    if bad:
        raise InputError(f"ids: got {bad[0]!r:.80}; expected text without NUL characters and lone surrogates")
    return ids
