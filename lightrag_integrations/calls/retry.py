"""When to try a model call again, and how long to wait before."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from lightrag_integrations.errors import ModelError

__all__ = ["RetryPolicy"]

T = TypeVar("T")
OnRetry = Callable[[ModelError, int, float], None]
Sleep = Callable[[float], Awaitable[None]]

_log = logging.getLogger("lightrag_integrations.calls")


class RetryPolicy:
    """Exponential backoff with full jitter; a `Retry-After` of the endpoint is honoured.

    Only errors marked `retryable` are tried again. An endpoint that asks for a longer wait than
    `max_retry_after_s` is not waited for: its error is raised at once.
    """

    def __init__(
        self,
        attempts: int = 4,
        *,
        base_s: float = 0.5,
        max_wait_s: float = 30.0,
        max_retry_after_s: float = 120.0,
        rng: random.Random | None = None,
        jitter: bool = True,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Set how often and how long.

        Args:
            attempts: Tries in all, the first one included.
            base_s: Longest wait after the first failure; doubles with every further one.
            max_wait_s: Longest wait of the policy's own.
            max_retry_after_s: Longest wait that an endpoint may ask for.
            rng: Source of jitter; a seeded one makes the waits repeatable.
            jitter: False waits the full time always.
            sleep: Waits so many seconds; replaced where waiting is not wanted.
        """
        self.attempts = max(1, attempts)
        self._base_s = base_s
        self._max_wait_s = max_wait_s
        self._max_retry_after_s = max_retry_after_s
        self._rng = rng or random.Random()
        self._jitter = jitter
        self._sleep = sleep

    async def run(self, call: Callable[[], Awaitable[T]], *, on_retry: OnRetry | None = None) -> T:
        """Await `call()` until it succeeds, fails for good, or the attempts are used up.

        Args:
            call: Makes one attempt.
            on_retry: Told the error, the number of the attempt that failed (from 1) and the wait in seconds.

        Raises:
            ModelError: That of the last attempt.
        """
        attempt = 1
        while True:
            try:
                return await call()
            except ModelError as error:
                if attempt >= self.attempts or not self._may_retry(error):
                    raise
                wait_s = self.wait_s(attempt, error.retry_after_s)
                told = {"action": "retry", "attempt": attempt, "wait_s": wait_s, "error_type": type(error).__name__}
                _log.debug("attempt %d failed, next in %.2f s: %s", attempt, wait_s, told["error_type"], extra=told)
                if on_retry is not None:
                    on_retry(error, attempt, wait_s)
            await self._sleep(wait_s)
            attempt += 1

    def wait_s(self, attempt: int, retry_after_s: float | None = None) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1)."""
        ceiling = min(self._max_wait_s, self._base_s * 2.0 ** min(attempt - 1, 32))
        share = self._rng.random() if self._jitter else 1.0
        # Jitter goes on top of the endpoint's wish: everybody it turned away comes back otherwise at one moment.
        return share * ceiling if retry_after_s is None else retry_after_s + (share if self._jitter else 0.0) * ceiling

    def _may_retry(self, error: ModelError) -> bool:
        return error.retryable and (error.retry_after_s or 0.0) <= self._max_retry_after_s
