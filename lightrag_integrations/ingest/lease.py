"""Leases: pending documents stay this call's while it works on them, and are given back when it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress

from lightrag_integrations.errors import StorageError
from lightrag_integrations.ingest.call import Call

__all__ = ["Leases"]

_SIGNS_PER_LEASE = 3
_RELEASE_S = 2.0

_log = logging.getLogger("lightrag_integrations.ingest")


class Leases:
    """The documents this call holds. An asynchronous context manager: leaving it gives back what is left."""

    def __init__(self, call: Call) -> None:
        """Hold nothing yet."""
        self._store = call.tools.store
        self._owner = call.owner
        self._lease_s = call.options.lease_s
        self._held: dict[str, None] = {}
        self._unreleased = call.tools.unreleased

    def hold(self, document_ids: Iterable[str]) -> None:
        """These are about to be accepted or claimed: cancelled while that commits, they are ours all the same."""
        self._held.update(dict.fromkeys(document_ids))

    def got(self, document_ids: Iterable[str], wanted: Iterable[str]) -> None:
        """Of those wanted, only these were accepted or claimed."""
        ours = set(document_ids)
        for name in wanted:
            if name not in ours:
                self.end(name)

    def end(self, document_id: str) -> None:
        """This one is stored or failed."""
        self._held.pop(document_id, None)

    async def keep(self) -> None:
        """Give a sign of life from time to time, until cancelled."""
        while True:
            await asyncio.sleep(self._lease_s / _SIGNS_PER_LEASE)
            try:
                await self._extend(self._lease_s)
            except StorageError as error:
                # One sign may be missed; if the server is gone, the work itself finds out.
                told = {"action": "lease", "error_type": type(error).__name__}
                _log.warning("could not extend leases: %s", error, extra=told)

    async def __aenter__(self) -> Leases:
        """Give back what earlier calls of the handle could not, as the server was gone."""
        for owner in [*self._unreleased]:
            await self._store.extend_lease(self._unreleased[owner], owner=owner, lease_s=0.0)
            self._unreleased.pop(owner, None)
        return self

    async def __aexit__(self, *error: object) -> None:
        """End the leases of unfinished documents, so that a retry need not wait for them; best effort."""
        if self._held:
            self._unreleased[self._owner] = list(self._held)
            with suppress(StorageError, TimeoutError):
                async with asyncio.timeout(_RELEASE_S):
                    await self._extend(0.0)
                    self._unreleased.pop(self._owner, None)

    async def _extend(self, lease_s: float) -> None:
        if self._held:
            await self._store.extend_lease(list(self._held), owner=self._owner, lease_s=lease_s)
