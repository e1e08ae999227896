"""Whether the server is there: when it is known to be gone, one task looks for it, and all wait for that."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from lightrag_integrations.errors import ConnectionFailed, StorageError

__all__ = ["PATIENCE_S", "Presence"]

PATIENCE_S = 15.0
"""Work that was accepted waits so long for a server that went away: a crash and its recovery take seconds."""
_COMING_S = 60.0
"""So long everybody waits for a server that says it is on its way, or that is being started again."""
_PAUSE_S = 0.1
_LOG = logging.getLogger("lightrag_integrations.storage")
_ON_ITS_WAY = ("starting up", "shutting down", "recovery", "not yet accepting")
"""A server that speaks another language gets no longer than one that is silent."""
_FOR_GOOD = ("authentication", "does not exist", "pg_hba.conf", "permission denied")


class Presence:
    """What is known of a server that was reached before. For one event loop."""

    def __init__(
        self,
        probe: Callable[[], Awaitable[None]],
        *,
        revive: Callable[[], Awaitable[object]] | None,
        on_return: Callable[[], Awaitable[None]],
        name: str = "",
    ) -> None:
        """Believe that it is there.

        Args:
            probe: Connects once; raises `ConnectionFailed`.
            revive: Starts the server again, where it is ours to start.
            on_return: Called when it is back, before anybody goes on.
            name: The index's, for the log.
        """
        self._probe = probe
        self._revive = revive
        self._on_return = on_return
        self._name = name
        self._away = False
        self._looking: asyncio.Task[None] | None = None
        self._why: ConnectionFailed | None = None

    def lost(self) -> None:
        """A connection broke, or none could be had."""
        if not self._away:
            _LOG.warning("PostgreSQL of index %r went away", self._name, extra={"index": self._name, "action": "lost"})
        self._away = True

    def comes(self, error: ConnectionFailed) -> bool:
        """Whether the server is on its way: it says so, or is ours to start."""
        return self._revive is not None or _says(error, _ON_ITS_WAY)

    async def back(self, patience_s: float) -> None:
        """Return at once unless the server is known to be gone; then wait until it is back.

        Args:
            patience_s: So long, unless the server is on its way.

        Raises:
            ConnectionFailed: It did not come back, with the last reason.
            ServerError: It can't be started again.
        """
        until = time.monotonic() + patience_s
        while self._away:
            if self._looking is None:
                self._looking = asyncio.create_task(self._look(), name="lightrag-presence")
            looking = self._looking
            await asyncio.wait({looking}, timeout=max(_PAUSE_S, until - time.monotonic()))
            if looking.done() and not looking.cancelled() and (error := looking.exception()) is not None:
                raise _anew(error)
            waited = time.monotonic() >= until and self._revive is None
            if self._away and waited and not (self._why and self.comes(self._why)):
                raise _anew(self._why) if self._why else ConnectionFailed("PostgreSQL went away and gave no answer")

    async def aclose(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError, StorageError):
                await self._looking

    async def _look(self) -> None:
        until = time.monotonic() + _COMING_S
        try:
            while not await self._there():
                if self._why is not None and (time.monotonic() >= until or _says(self._why, _FOR_GOOD)):
                    raise self._why
                await (asyncio.sleep(_PAUSE_S) if self._revive is None else self._revive())
            await self._on_return()
            if self._why is not None:
                told = {"index": self._name, "action": "returned", "error_type": type(self._why).__name__}
                _LOG.warning("PostgreSQL is back; it went away with: %s", self._why, extra=told)
            self._away, self._why = False, None
        finally:
            self._looking = None

    async def _there(self) -> bool:
        try:
            await self._probe()
        except ConnectionFailed as error:
            self._why = error
            return False
        return True


def _says(error: ConnectionFailed, words: tuple[str, ...]) -> bool:
    return any(word in str(error) for word in words)


def _anew(error: BaseException) -> BaseException:
    """An error of the looking task for each that waited: one object must not be raised by several."""
    if not isinstance(error, StorageError):
        return error
    made = type(error)(str(error))
    made.__cause__ = error.__cause__
    return made
