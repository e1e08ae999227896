"""A store of prepared documents in memory, enough for searching."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from lightrag_integrations.contributions import PreparedDocument
from lightrag_integrations.filters import Compare, Filter
from lightrag_integrations.rows import Ahead
from tests.unit.retrieve.memory import MemoryReader

__all__ = ["MemoryStore"]


class MemoryStore:
    """Knows `snapshot` only; filters are one equality. `open` counts snapshots that were not closed yet."""

    def __init__(self, *documents: PreparedDocument) -> None:
        self.documents = list(documents)
        self.open = 0
        self.taken = 0

    @contextlib.asynccontextmanager
    async def snapshot(
        self,
        where: Filter | None = None,
        *,
        model: str | None = None,
        ahead: Ahead | None = None,
        ef_search: int | None = None,
    ) -> AsyncIterator[MemoryReader]:
        self.open += 1
        self.taken += 1
        try:
            yield MemoryReader(self.documents, keep=lambda metadata: _passes(metadata, where))
        finally:
            self.open -= 1


def _passes(metadata: Mapping[str, Any], where: Filter | None) -> bool:
    if where is None:
        return True
    assert isinstance(where, Compare) and where.operator == "$eq"
    return bool(metadata.get(where.key) == where.value)
