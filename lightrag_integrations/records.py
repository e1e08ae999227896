"""`index.records(…)`: a book of what an outside program wrote into an index, and when."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lightrag_integrations.errors import InputError
from lightrag_integrations.recording import Period

if TYPE_CHECKING:
    from lightrag_integrations._live import Live
    from lightrag_integrations.store import Store

__all__ = ["Records"]

_MAX_BYTES = 1024
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Records:
    """Keys, each with its group and the time it was last written, under one namespace. Get it as `index.records(…)`.

    Records are in the index's own schema: dropped, backed up and verified with it. One whose key is a chunk's id goes
    with the chunk, whoever deletes that. Times are seconds since 1970 by the server's clock.
    """

    def __init__(self, live: Live, keeper: object, namespace: str) -> None:
        """Keep the handle's live part, and what keeps it open.

        Raises:
            InputError: The namespace is empty, too long or not valid text.
        """
        self._live = live
        self._keeper = keeper
        if not isinstance(namespace, str) or not namespace:
            raise InputError(f"namespace: got {namespace!r:.80}; expected text")
        (self.namespace,) = _texts([namespace], "namespace", most=_MAX_BYTES)

    def time(self) -> float:
        """The server's clock."""
        return self._live.run(self._time)

    async def atime(self) -> float:
        """Like `time`."""
        return await self._live.arun(self._time)

    def update(
        self,
        keys: Sequence[str],
        *,
        groups: Sequence[str | None] | None = None,
        time_at_least: float | None = None,
    ) -> None:
        """Write down that these keys were written now, in one transaction.

        Args:
            keys: The keys; of equal ones the last counts.
            groups: One for each key; None: known ones keep theirs.
            time_at_least: What the server's clock must have reached, as told by `time`.

        Raises:
            InputError: There are not as many groups as keys, or the clock is behind; nothing was written.
        """
        self._live.run(lambda: self._update(keys, groups, time_at_least))

    async def aupdate(
        self,
        keys: Sequence[str],
        *,
        groups: Sequence[str | None] | None = None,
        time_at_least: float | None = None,
    ) -> None:
        """Like `update`."""
        await self._live.arun(lambda: self._update(keys, groups, time_at_least))

    def exists(self, keys: Sequence[str]) -> list[bool]:
        """Whether each of these keys has a record."""
        return self._live.run(lambda: self._exists(keys))

    async def aexists(self, keys: Sequence[str]) -> list[bool]:
        """Like `exists`."""
        return await self._live.arun(lambda: self._exists(keys))

    def keys(
        self,
        *,
        before: float | None = None,
        after: float | None = None,
        groups: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[str]:
        """Keys, those written longest ago first.

        Args:
            before: Only those last written before this time.
            after: Only those last written after this time.
            groups: Only those of these groups; None: all.
            limit: At most so many.
        """
        period = Period(before=before, after=after, groups=groups, limit=limit)
        return self._live.run(lambda: self._keys(period))

    async def akeys(
        self,
        *,
        before: float | None = None,
        after: float | None = None,
        groups: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[str]:
        """Like `keys`."""
        period = Period(before=before, after=after, groups=groups, limit=limit)
        return await self._live.arun(lambda: self._keys(period))

    def delete(self, keys: Sequence[str]) -> int:
        """Remove records; unknown keys are no error.

        Returns:
            How many there were.
        """
        return self._live.run(lambda: self._delete(keys))

    async def adelete(self, keys: Sequence[str]) -> int:
        """Like `delete`."""
        return await self._live.arun(lambda: self._delete(keys))

    async def _store(self) -> Store:
        return await self._live.store()

    async def _time(self) -> float:
        return await (await self._store()).clock()

    async def _update(
        self, keys: Sequence[str], groups: Sequence[str | None] | None, time_at_least: float | None
    ) -> None:
        named = _texts(keys, "keys", most=_MAX_BYTES)
        if groups is not None and len(groups) != len(named):
            raise InputError(f"groups: got {len(groups)} for {len(named)} keys; expected one for each, or none at all")
        given = None if groups is None else list(groups)
        _texts([one for one in given or () if one is not None], "groups")
        floor = _number(time_at_least, "time_at_least")
        store = await self._store()
        await store.write_records(self.namespace, named, groups=given, time_at_least=floor)

    async def _exists(self, keys: Sequence[str]) -> list[bool]:
        named = _texts(keys, "keys")
        known = await (await self._store()).known_records(self.namespace, named)
        return [key in known for key in named]

    async def _keys(self, period: Period) -> list[str]:
        groups = None if period.groups is None else _texts(period.groups, "groups")
        if period.limit is not None and (not isinstance(period.limit, int) or period.limit < 1):
            raise InputError(f"limit: got {period.limit!r:.40}; expected a whole number above 0, or None for all")
        before, after = _number(period.before, "before"), _number(period.after, "after")
        checked = Period(before=before, after=after, groups=groups, limit=period.limit)
        return [*await (await self._store()).record_keys(self.namespace, checked)]

    async def _delete(self, keys: Sequence[str]) -> int:
        return await (await self._store()).remove_records(self.namespace, _texts(keys, "keys"))


def _number(value: float | None, name: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise InputError(f"{name}: got {value!r:.40}; expected seconds since 1970, or None")
    return float(value)


def _texts(values: Sequence[str], name: str, *, most: int | None = None) -> list[str]:
    """A list of texts; a lone string is one, not a sequence of characters."""
    given = [values] if isinstance(values, str) else values
    if not isinstance(given, Iterable):
        raise InputError(f"{name}: got {type(values).__name__}; expected a list of texts")
    texts = [*given]
    bad = [one for one in texts if not isinstance(one, str) or _UNSTORABLE.search(one)]
    if bad:
        raise InputError(f"{name}: got {bad[0]!r:.80}; expected text without NUL characters and lone surrogates")
    long = [one for one in texts if most is not None and len(one.encode()) > most]
    if long:
        raise InputError(f"{name}: got {long[0]!r:.40}…, {len(long[0].encode())} bytes; expected at most {most}")
    return texts
