"""Counting of model calls and tokens, the token budget, and the way into the ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from lightrag_integrations.contributions import Usage
from lightrag_integrations.counters import Counters
from lightrag_integrations.errors import BudgetExceeded, ModelError

__all__ = ["Meter", "Sink", "estimate_tokens"]

Sink = Callable[[Sequence[Usage]], Awaitable[None]]


def estimate_tokens(text: str) -> int:
    """A rough token count where no tokenizer is worth its time: UTF-8 bytes over four, so that CJK counts for more."""
    return len(text.encode("utf-8", "replace")) // 4 + 1


@dataclass(slots=True)
class _Scope:
    meter: Meter
    document_id: str
    collect: bool
    usages: list[Usage] = field(default_factory=list)
    over: bool = False


_scope: ContextVar[_Scope | None] = ContextVar("lightrag_usage_scope", default=None)


class Meter:
    """Counters and budget of one call to the handle (one ingestion, one question). For one event loop.

    Attributes:
        model_calls: Chat calls that were answered.
        embedding_calls: Embedding calls that were answered.
        cached: Answers taken from the cache instead of a call.
        dropped: Records of model answers that validation refused.
        prompt_tokens: Of chat calls.
        completion_tokens: Of chat calls.
        unanswered: Estimated tokens of calls that were given up unanswered.
        embedding_tokens: Of embedding calls.
    """

    def __init__(
        self, *, token_budget: int | None = None, sink: Sink | None = None, counters: Counters | None = None
    ) -> None:
        """Start at zero.

        Args:
            token_budget: Most prompt and completion tokens; `None`: no limit.
            sink: Awaited with usages as they come, for the ledger.
            counters: Of the whole handle; they get everything as well.
        """
        self.counters = counters or Counters()
        self.model_calls = 0
        self.embedding_calls = 0
        self.cached = 0
        self.dropped = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.unanswered = 0
        self.embedding_tokens = 0
        self._token_budget = token_budget
        self._reserved = 0
        self._sink = sink

    @property
    def spent(self) -> int:
        """Prompt and completion tokens used so far: what the budget limits."""
        return self.prompt_tokens + self.completion_tokens

    @contextmanager
    def admit(self, estimate: int) -> Iterator[None]:
        """Enter just before a chat call is sent; its estimated tokens count until it leaves.

        With that, the budget is exceeded by no more than what the answers of the calls in flight, and of those given
        up after their time limit, turn out to cost.

        Raises:
            BudgetExceeded: The call would not fit any more; it must not be sent.
            ModelError: As little, after `ask_no_more`.
        """
        scope = self._attributing()
        if scope is not None and scope.over:
            raise ModelError("nothing more is asked: what it was for has been cancelled")
        budget = self._token_budget
        waiting = self._reserved + self.unanswered
        if budget is not None and self.spent + waiting + estimate > budget:
            raise BudgetExceeded(
                f"{self.spent} tokens used, {waiting} in flight or unanswered, about {estimate} needed for the "
                f"next call: over the token budget of {budget}; raise token_budget and retry what failed"
            )
        self._reserved += estimate
        try:
            yield
        finally:
            self._reserved -= estimate

    def ask_no_more(self) -> None:
        """Refuse further calls of what is attributed where this is called; those sent are not ended."""
        scope = self._attributing()
        if scope is not None:
            scope.over = True

    def hold(self, estimate: int) -> None:
        """Keep the tokens of a call that was given up unanswered: the endpoint may well charge for it."""
        self.unanswered += estimate

    def count(self, usage: Usage) -> None:
        """Add one call to the counters."""
        self.counters.used(usage)
        if usage.cached:
            self.cached += 1
        elif usage.kind == "embed":
            self.embedding_calls += 1
            self.embedding_tokens += usage.prompt_tokens
        else:
            self.model_calls += 1
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens

    async def hand_over(self, usage: Usage) -> None:
        """Give a counted usage to the collector around this call, or else to the sink."""
        scope = self._attributing()
        if scope is not None:
            usage = replace(usage, document_id=usage.document_id or scope.document_id)
            if scope.collect:
                scope.usages.append(usage)
                return
        if self._sink is not None:
            await self._sink((usage,))

    async def record(self, usage: Usage) -> None:
        """Count and hand over."""
        self.count(usage)
        await self.hand_over(usage)

    @contextmanager
    def attributed(self, document_id: str, *, collect: bool = False) -> Iterator[list[Usage]]:
        """Give the calls made inside (also in tasks started inside) to a document.

        Args:
            document_id: Written into each usage.
            collect: Keep the usages in the list yielded instead of handing them to the sink, for callers that write
                the ledger in a transaction of their own.

        Yields:
            The usages collected so far.
        """
        scope = _Scope(self, document_id, collect)
        token = _scope.set(scope)
        try:
            yield scope.usages
        finally:
            _scope.reset(token)

    def _attributing(self) -> _Scope | None:
        scope = _scope.get()
        return scope if scope is not None and scope.meter is self else None
