"""Entities as their visible mentions describe them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lightrag_integrations.rows import WEIGHED, EntityRow
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import int4_array

__all__ = ["EntityReads", "composed"]


class EntityReads(Reads):
    """Names, types and descriptions, composed at reading."""

    async def entities(self, ids: Sequence[int], *, sources: int | None = None) -> Mapping[int, EntityRow]:
        """See `store.Reader.entities`."""
        found: dict[int, list[tuple[Any, ...]]] = {}
        counted = None if sources is None else WEIGHED
        for row in await self._seen("entities", entities=int4_array(ids), sources=sources, counted=counted):
            found.setdefault(row[0], []).append(row)
        return {entity: composed(rows) for entity, rows in found.items()}


def composed(rows: Sequence[tuple[Any, ...]]) -> EntityRow:
    """One entity; its mentions come in (document id, position) order."""
    entity, key, mentions, degree = rows[0][:4]
    _, _, _, _, surfaces, types, descriptions, documents = zip(*rows, strict=True)
    return EntityRow(
        id=entity, key=key, name=_commonest(surfaces), type=_commonest(kind for kind in types if kind),
        description="\n".join(dict.fromkeys(filter(None, descriptions))),
        degree=degree, mentions=mentions, document_ids=tuple(dict.fromkeys(documents)),
    )  # fmt: skip


def _commonest(values: Iterable[str]) -> str:
    """Ties by code point; empty when there are none."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value), default="")
