"""Records of what outside programs wrote, beside what they wrote."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.recording import Period
from lightrag_integrations.storage.postgres.parts import StorePart, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.schema import Layout

__all__ = ["RecordPart"]


class RecordPart(StorePart):
    """`recording.RecordStore`."""

    async def clock(self) -> float:
        """See `recording.RecordStore.clock`."""
        return (await self._read(_clock))[0]

    async def write_records(
        self,
        namespace: str,
        keys: Sequence[str],
        *,
        groups: Sequence[str | None] | None = None,
        time_at_least: float | None = None,
    ) -> None:
        """See `recording.RecordStore.write_records`."""
        work = partial(_write, namespace=namespace, keys=keys, groups=groups, time_at_least=time_at_least)
        await self._transact(work)

    async def known_records(self, namespace: str, keys: Sequence[str]) -> frozenset[str]:
        """See `recording.RecordStore.known_records`."""
        given = list(keys)
        rows = await self._read(lambda at, layout: run(at, layout, "known_records", namespace=namespace, keys=given))
        return frozenset(row[0] for row in rows)

    async def record_keys(self, namespace: str, period: Period) -> Sequence[str]:
        """See `recording.RecordStore.record_keys`."""
        wanted: dict[str, Any] = {
            "namespace": namespace,
            "before": period.before,
            "after": period.after,
            "limit": period.limit,
        }
        if period.groups is None:
            rows = await self._read(lambda at, layout: run(at, layout, "record_keys", **wanted))
        else:
            wanted["groups"] = list(period.groups)
            rows = await self._read(lambda at, layout: run(at, layout, "record_keys_of_groups", **wanted))
        return [row[0] for row in rows]

    async def remove_records(self, namespace: str, keys: Sequence[str]) -> int:
        """See `recording.RecordStore.remove_records`."""
        work = partial(_remove, namespace=namespace, keys=list(keys))
        return await self._transact(work, max)


async def _clock(connection: Connection, layout: Layout) -> tuple[float]:
    ((now,),) = await run(connection, layout, "clock")
    return (float(now),)


async def _write(
    connection: Connection,
    layout: Layout,
    *,
    namespace: str,
    keys: Sequence[str],
    groups: Sequence[str | None] | None,
    time_at_least: float | None,
) -> None:
    (now,) = await _clock(connection, layout)
    if time_at_least is not None and now < time_at_least:
        raise InputError(
            f"time_at_least: got {time_at_least:.6f}, but the server's clock is at {now:.6f}; it was set back, or the "
            "time is not this server's. Nothing was written: begin anew with a time from this server"
        )
    given = [None] * len(keys) if groups is None else list(groups)
    await run(
        connection, layout, "write_records",
        namespace=namespace, keys=list(keys), groups=given, grouped=groups is not None, now=now,
    )  # fmt: skip


async def _remove(connection: Connection, layout: Layout, *, namespace: str, keys: Sequence[str]) -> int:
    return len(await run(connection, layout, "remove_records", namespace=namespace, keys=keys))
