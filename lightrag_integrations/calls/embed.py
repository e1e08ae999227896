"""An embedder with the handle's limits around it: batches, semaphore, retries, meter, and a check of every vector."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Protocol, runtime_checkable

from lightrag_integrations.calls.gate import Places
from lightrag_integrations.calls.meter import Meter, estimate_tokens
from lightrag_integrations.calls.retry import OnRetry, RetryPolicy
from lightrag_integrations.calls.spans import CallSpans
from lightrag_integrations.contributions import Usage
from lightrag_integrations.errors import ModelError
from lightrag_integrations.protocols import Embedder, TextKind

__all__ = ["CountsTokens", "MeteredEmbedder"]

Vectors = Sequence[Sequence[float]]


@runtime_checkable
class CountsTokens(Protocol):
    """An embedder that says what a call cost."""

    async def embed_counted(self, texts: Sequence[str], *, kind: TextKind) -> tuple[Vectors, int]:
        """The vectors, and the tokens used."""
        ...


class MeteredEmbedder:
    """An `Embedder` around another one."""

    def __init__(
        self,
        embedder: Embedder,
        *,
        semaphore: Places,
        retry: RetryPolicy,
        meter: Meter,
        batch: int = 128,
        timeout_s: float | None = None,
        on_retry: OnRetry | None = None,
        spans: CallSpans | None = None,
        seen: dict[str, int] | None = None,
    ) -> None:
        """Wrap `embedder`.

        Args:
            embedder: The model; it stays its owner's to close.
            semaphore: Calls in flight, of the whole handle.
            retry: When to try again.
            meter: Counts calls and tokens.
            batch: Most texts in one call.
            timeout_s: Longest time of one attempt; `None`: the model's own limit.
            on_retry: Told of every retry.
            spans: Makes a span of each request.
            seen: Dimensions of what models answered, by fingerprint; this one's is added.
        """
        self.fingerprint = embedder.fingerprint
        self.lexical = bool(getattr(embedder, "lexical", False))
        self._embedder = embedder
        # What is computed here takes no place from calls, and waits for none.
        self._semaphore: Places = nullcontext() if self.lexical else semaphore
        self._retry = retry
        self._meter = meter
        # One request for each call: of several, one that failed would hide what the others cost.
        self._batch = max(1, min(batch, int(getattr(embedder, "batch", batch))))
        self._timeout_s = timeout_s
        self._on_retry = on_retry
        self._spans = None if self.lexical else spans
        self._dimension: int | None = None
        self._seen = {} if seen is None else seen
        self._told: int | None = getattr(embedder, "dimension", None)

    @property
    def dimension(self) -> int | None:
        """Of the vectors: as they were answered, else as the model says of itself; None: unknown so far."""
        return self._seen.get(self.fingerprint, self._told)

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """One vector for each text, in order, all finite and of one dimension.

        Raises:
            ModelError: A call failed for good, or answered with the wrong number, size or kind of vectors.
        """
        batches = [texts[start : start + self._batch] for start in range(0, len(texts), self._batch)]
        tasks = [asyncio.ensure_future(self._embed_batch(batch, kind)) for batch in batches]
        try:
            answers = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        return [vector for answer in answers for vector in answer]

    async def _embed_batch(self, texts: Sequence[str], kind: TextKind) -> Vectors:
        spans = self._spans
        if spans is None:
            return (await self._counted(texts, kind))[0]
        with spans.embeddings(len(texts)) as span:
            vectors, tokens = await self._counted(texts, kind)
            spans.embedded(span, self._dimension or 0, tokens)
            return vectors

    async def _counted(self, texts: Sequence[str], kind: TextKind) -> tuple[Vectors, int]:
        async def attempt() -> tuple[Vectors, int]:
            async with self._semaphore:
                vectors, tokens = await self._limited(texts, kind)
            # Vectors that hold no more than the words do are computed here, at no cost: no ledger line.
            if not self.lexical:
                await self._meter.record(Usage("embed", self.fingerprint, tokens))
            self._check(vectors, len(texts))
            return vectors, tokens

        return await self._retry.run(attempt, on_retry=self._on_retry)

    async def _limited(self, texts: Sequence[str], kind: TextKind) -> tuple[Vectors, int]:
        try:
            async with asyncio.timeout(self._timeout_s):
                if self.lexical:
                    return await self._embedder.embed(texts, kind=kind), 0
                with self._meter.counters.call("embed"):
                    if isinstance(self._embedder, CountsTokens):
                        return await self._embedder.embed_counted(texts, kind=kind)
                    vectors = await self._embedder.embed(texts, kind=kind)
                return vectors, sum(map(estimate_tokens, texts))
        except TimeoutError as error:
            limit = f"{self._timeout_s:g} s" if self._timeout_s is not None else "its own time limit"
            raise ModelError(
                f"embedding model {self.fingerprint} did not answer {len(texts)} texts within {limit}; "
                "raise call_timeout_s or lower embed_batch",
                retryable=True,
            ) from error

    def _check(self, vectors: Vectors, expected: int) -> None:
        if len(vectors) != expected:
            raise ModelError(
                f"embedding model {self.fingerprint} answered {len(vectors)} vectors for {expected} texts; "
                "lower embed_batch if the endpoint limits its input",
                retryable=True,
            )
        for position, vector in enumerate(vectors):
            if self._dimension is None and len(vector):
                self._dimension = self._seen[self.fingerprint] = len(vector)
            if not len(vector) or len(vector) != self._dimension:
                raise ModelError(
                    f"embedding model {self.fingerprint} answered a vector of {len(vector)} dimensions at position "
                    f"{position}; expected {self._dimension or 'at least one'} as before"
                )
            if not _finite(vector):
                raise ModelError(
                    f"embedding model {self.fingerprint} answered a vector that holds something else than finite "
                    f"numbers at position {position}",
                    retryable=True,
                )


def _finite(vector: Sequence[float]) -> bool:
    try:
        # NaN and infinities survive addition, and one sum is far quicker than a test of each number.
        return math.isfinite(sum(vector))
    except TypeError:
        return False
