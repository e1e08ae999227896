"""Paid answers and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256

from lightrag_integrations.contributions import PaidAnswer, Usage
from lightrag_integrations.models import Extraction
from lightrag_integrations.storage.postgres.parts import StorePart, columns, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.schema import Layout

__all__ = ["CachePart"]


class CachePart(StorePart):
    """The extraction cache and the ledger."""

    async def cached_extractions(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Extraction]:
        """See `store.Store.cached_extractions`."""
        wanted = {_digest(key): key for key in keys}
        if not wanted:
            return {}
        rows = await self._alone("cached_extractions", keys=list(wanted))
        return {wanted[bytes(key)]: Extraction.model_validate_json(result) for key, result in rows}

    async def cache_extractions(self, answers: Sequence[PaidAnswer]) -> None:
        """See `store.Store.cache_extractions`."""
        begun: list[datetime] = []
        rows = [(_digest(one.key), *one.key, one.extraction.model_dump_json()) for one in answers]
        keys, chunks, extractors, results = columns(rows, 4)
        usages = [usage for one in answers for usage in one.usages]

        async def cache(connection: Connection, layout: Layout) -> None:
            await run(
                connection, layout, "cache_extractions",
                keys=keys, chunk_hashes=chunks, extractors=extractors, results=results,
            )  # fmt: skip
            await _record(connection, layout, usages, begun)

        await self._transact(cache)

    async def record_usage(self, usages: Sequence[Usage]) -> None:
        """See `store.Store.record_usage`."""
        if usages:
            await self._transact(partial(_record, usages=usages, begun=[]))

    async def ledger(self) -> Sequence[Usage]:
        """See `store.Store.ledger`."""
        return [
            Usage(kind, model, prompt, completion, cached=cached, calls=calls)
            for kind, model, prompt, completion, cached, calls in await self._alone("ledger")
        ]


async def _record(connection: Connection, layout: Layout, usages: Sequence[Usage], begun: list[datetime]) -> None:
    """Write lines of the ledger, once.

    Args:
        connection: In a transaction.
        layout: The index.
        usages: The lines.
        begun: When earlier tries of the same work began; a server that went away may have kept one of them.
    """
    rows = [(u.kind, u.model, u.prompt_tokens, u.completion_tokens, u.cached, u.document_id) for u in usages]
    kinds, models, prompts, completions, cached, documents = columns(rows, 6)
    if begun and await run(connection, layout, "recorded", begun=begun, documents=documents):
        return
    lines = await run(
        connection, layout, "record_usage",
        kinds=kinds, models=models, prompts=prompts, completions=completions, cached=cached, documents=documents,
    )  # fmt: skip
    begun.extend(line[0] for line in lines[:1])


def _digest(key: tuple[str, str]) -> bytes:
    return sha256("\x00".join(key).encode("utf-8", "surrogatepass")).digest()
