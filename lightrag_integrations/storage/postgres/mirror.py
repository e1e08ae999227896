"""What mirrors were given, and what they should have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightrag_integrations.mirrored import Compared, MirrorKind, Recorded
from lightrag_integrations.storage.postgres.parts import StorePart, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.schema import Layout

__all__ = ["MirrorPart", "MirrorReads"]


class MirrorReads(Reads):
    """`mirrored.MirrorReader`."""

    _planned = False

    async def mirror_keys(self, mirror: str, kind: MirrorKind, *, after: str, limit: int) -> Sequence[str]:
        """See `mirrored.MirrorReader.mirror_keys`."""
        if kind == "chunk":
            await self._overview()  # says which vectors are searched
        await self._rows("plan_for_keys")
        self._planned = True  # until `mirror_states`, which comes next if anything does
        return [row[0] for row in await self._rows("mirror_keys", mirror=mirror, kind=kind, after=after, limit=limit)]

    async def mirror_states(self, mirror: str, kind: MirrorKind, keys: Sequence[str]) -> Sequence[Compared]:
        """See `mirrored.MirrorReader.mirror_states`."""
        if kind == "chunk":
            await self._overview()
        return [Compared(*row) for row in await self._by_key(f"mirror_{kind}", mirror=mirror, keys=list(keys))]

    async def mirror_documents(self, ids: Sequence[str]) -> Sequence[tuple[str, str, str, Mapping[str, Any], str]]:
        """See `mirrored.MirrorReader.mirror_documents`."""
        rows = await self._rows("mirror_documents", keys=list(ids))
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    async def mirror_mentions(self, mirror: str, chunk_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """See `mirrored.MirrorReader.mirror_mentions`."""
        found: dict[str, list[str]] = {}
        for chunk_id, stored in await self._by_key("mirror_mentions", mirror=mirror, keys=list(chunk_ids)):
            found.setdefault(chunk_id, []).append(stored)
        return found

    async def mirror_facts(
        self, pairs: Sequence[tuple[str, str]]
    ) -> Mapping[int, Sequence[tuple[str, Sequence[str], float, str, str]]]:
        """See `mirrored.MirrorReader.mirror_facts`."""
        sources, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        found: dict[int, list[tuple[str, Sequence[str], float, str, str]]] = {}
        for place, *told in await self._by_key("mirror_facts", sources=sources, targets=targets):
            found.setdefault(place - 1, []).append((told[0], told[1], told[2], told[3], told[4]))
        return found

    async def mirrored_chunks(self, mirror: str, stored: Sequence[str]) -> Mapping[str, int]:
        """See `mirrored.MirrorReader.mirrored_chunks`."""
        return dict(await self._seen("mirrored_chunks", mirror=mirror, stored=list(stored)))

    async def _by_key(self, name: str, **params: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement that only looks up keys; other statements are planned as ever."""
        if not self._planned:
            await self._rows("plan_for_keys")
        rows = await self._rows(name, **params)
        await self._rows("plan_as_usual")
        self._planned = False
        return rows


class MirrorPart(StorePart):
    """`mirrored.MirrorStore`."""

    async def record_mirrored(
        self, mirror: str, kind: MirrorKind, rows: Sequence[Recorded], *, begun: str = ""
    ) -> None:
        """See `mirrored.MirrorStore.record_mirrored`."""
        if rows:
            await self._alone(
                "record_mirrored",
                mirror=mirror, kind=kind, keys=[row.key for row in rows], parts=[row.part for row in rows],
                hashes=[row.hash for row in rows], stored=[row.stored for row in rows],
                labels=[row.label for row in rows], made=[row.made for row in rows], begun=begun,
            )  # fmt: skip

    async def forget_mirrored(self, mirror: str, kind: MirrorKind, keys: Sequence[tuple[str, str]]) -> None:
        """See `mirrored.MirrorStore.forget_mirrored`."""
        if keys:
            parts = [part for _, part in keys]
            params = {"mirror": mirror, "kind": kind, "keys": [key for key, _ in keys], "parts": parts}

            async def forget(connection: Connection, layout: Layout) -> None:
                await run(connection, layout, "plan_for_forgetting")
                await run(connection, layout, "forget_mirrored", **params)

            await self._transact(forget)

    async def forget_mirror(self, mirror: str, kind: MirrorKind | None = None) -> None:
        """See `mirrored.MirrorStore.forget_mirror`."""
        await self._alone("forget_mirror", mirror=mirror, kind=kind)

    async def mirrored_elsewhere(
        self, mirror: str, kind: MirrorKind, stored: Sequence[str], keys: Sequence[str]
    ) -> frozenset[str]:
        """See `mirrored.MirrorStore.mirrored_elsewhere`."""
        rows = await self._alone("mirrored_names", mirror=mirror, kind=kind, stored=list(stored), keys=list(keys))
        return frozenset(row[0] for row in rows)

    async def mirrored_sample(self, mirror: str, kind: MirrorKind, limit: int) -> Sequence[str]:
        """See `mirrored.MirrorStore.mirrored_sample`."""
        return [row[1] for row in await self._alone("mirrored_sample", mirror=mirror, kind=kind, limit=limit)]
