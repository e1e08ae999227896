"""What all rerankers share: how scores become hits, and what happens when there are none."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal

from lightrag_integrations.errors import ConfigurationError, InputError, ModelError
from lightrag_integrations.models import Hit

__all__ = ["OnFailure", "check_on_failure", "check_top_n", "content", "guarded", "ranked"]

OnFailure = Literal["raise", "keep_order"]

_log = logging.getLogger("lightrag_integrations.rerank")


def content(hit: Hit) -> str:
    """What is judged of a hit: title line and text."""
    return f"{hit.title}\n{hit.text}" if hit.title else hit.text


def ranked(hits: Sequence[Hit], scores: Iterable[tuple[int, float]], top_n: int | None) -> list[Hit]:
    """New hits, best first; equal scores keep the order they came in.

    Args:
        hits: As they came.
        scores: (index of a hit, its score); hits left out are dropped, of an index given twice the first counts.
        top_n: Most hits.

    Raises:
        ModelError: An index is none of a hit, or a score is no number.
    """
    known: dict[int, float] = {}
    for index, score in scores:
        if not 0 <= index < len(hits):
            raise ModelError(f"the reranker answered index {index} for {len(hits)} hits")
        if not math.isfinite(score):
            raise ModelError(f"the reranker answered the score {score} for hit {index}; expected a finite number")
        known.setdefault(index, float(score))
    order = sorted(known, key=lambda index: (-known[index], index))
    return [_scored(hits[index], known[index]) for index in order[:top_n]]


def _scored(hit: Hit, score: float) -> Hit:
    """The hit with a new score, which is the only part of it; entities, facts and path stay."""
    evidence = hit.evidence.model_copy(update={"parts": {"rerank": score}})
    return hit.model_copy(update={"score": score, "evidence": evidence})


async def guarded(
    rerank: Callable[[], Awaitable[Sequence[Hit]]], hits: Sequence[Hit], *, top_n: int | None, on_failure: OnFailure
) -> Sequence[Hit]:
    """Rerank, and deal with failure as told.

    Args:
        rerank: Does the work.
        hits: As they came.
        top_n: Most hits.
        on_failure: `keep_order` logs a warning and returns the first `top_n` hits unchanged.
    """
    check_top_n(top_n)
    if not hits or top_n == 0:
        return []
    try:
        return await rerank()
    except ModelError as error:
        if on_failure == "raise":
            raise
        told = {"action": "rerank", "count": len(hits), "error_type": type(error).__name__}
        _log.warning("reranking %d hits failed, their order is kept: %s", len(hits), error, extra=told)
        return list(hits[:top_n])


def check_top_n(top_n: int | None) -> None:
    """`InputError` for a negative number."""
    if top_n is not None and top_n < 0:
        raise InputError(f"top_n is {top_n}; expected 0 or more, or None for all")


def check_on_failure(on_failure: str) -> None:
    """`ConfigurationError` for an unknown policy."""
    if on_failure not in ("raise", "keep_order"):
        raise ConfigurationError(f"on_failure is {on_failure!r}; expected 'raise' or 'keep_order'")
