"""`LightRAGRecordManager`: the book of LangChain's indexing API, kept in the index that it tells of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from langchain_core.indexing import RecordManager

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.given import checked

if TYPE_CHECKING:
    from lightrag_integrations.records import Records

__all__ = ["LightRAGRecordManager"]


class LightRAGRecordManager(RecordManager):
    """For `index(…)` and `aindex(…)`, with a `LightRAGVectorStore` on the same handle.

    Records are in the index's own schema, on the handle's own connections: they are dropped and backed up with the
    index, and a chunk that is deleted in any other way takes its record along, so that the next run adds it again.
    """

    def __init__(self, index: LightRAGIndex, namespace: str = "default") -> None:
        """Keep the handle; no I/O.

        Args:
            index: The handle.
            namespace: One for each collection that is loaded into the index on its own.

        Raises:
            InputError: The namespace is empty, or has more than 1024 bytes; or these are no handle and no text.
        """
        self.index = checked(index, LightRAGIndex, name="index", hint="LightRAGRecordManager(index, namespace=...)")
        super().__init__(index.records(checked(namespace, str, name="namespace")).namespace)

    def _book(self) -> Records:
        # Made anew for each call: it lives on the handle's loop, and could not be pickled.
        return self.index.records(self.namespace)

    def create_schema(self) -> None:
        """Open the index, which makes what is missing. Not needed: the first call does it, too."""
        self.index.open()

    async def acreate_schema(self) -> None:
        """Like `create_schema`."""
        await self.index.aopen()

    def get_time(self) -> float:
        """Seconds since 1970 by the server's clock."""
        return self._book().time()

    async def aget_time(self) -> float:
        """Like `get_time`."""
        return await self._book().atime()

    def update(
        self,
        keys: Sequence[str],
        *,
        group_ids: Sequence[str | None] | None = None,
        time_at_least: float | None = None,
    ) -> None:
        """Write down that these keys were written now, in one transaction.

        Args:
            keys: The keys.
            group_ids: One for each key; None: known ones keep theirs.
            time_at_least: What the server's clock must have reached.

        Raises:
            InputError: There are not as many groups as keys, or the clock is behind. It is a `ValueError`, too.
        """
        self._book().update(keys, groups=group_ids, time_at_least=time_at_least)

    async def aupdate(
        self,
        keys: Sequence[str],
        *,
        group_ids: Sequence[str | None] | None = None,
        time_at_least: float | None = None,
    ) -> None:
        """Like `update`."""
        await self._book().aupdate(keys, groups=group_ids, time_at_least=time_at_least)

    def exists(self, keys: Sequence[str]) -> list[bool]:
        """Whether each of these keys has a record."""
        return self._book().exists(keys)

    async def aexists(self, keys: Sequence[str]) -> list[bool]:
        """Like `exists`."""
        return await self._book().aexists(keys)

    def list_keys(
        self,
        *,
        before: float | None = None,
        after: float | None = None,
        group_ids: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[str]:
        """Keys, those written longest ago first.

        Args:
            before: Only those written before this time.
            after: Only those written after this time.
            group_ids: Only those of these groups; None: all.
            limit: At most so many.
        """
        return self._book().keys(before=before, after=after, groups=group_ids, limit=limit)

    async def alist_keys(
        self,
        *,
        before: float | None = None,
        after: float | None = None,
        group_ids: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[str]:
        """Like `list_keys`."""
        return await self._book().akeys(before=before, after=after, groups=group_ids, limit=limit)

    def delete_keys(self, keys: Sequence[str]) -> None:
        """Remove records; unknown keys are no error."""
        self._book().delete(keys)

    async def adelete_keys(self, keys: Sequence[str]) -> None:
        """Like `delete_keys`."""
        await self._book().adelete(keys)
