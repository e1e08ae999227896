"""Measures of one answered question, from the ranks at which its gold was found."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["measure_names", "measures"]


def measure_names(ks: Sequence[int]) -> tuple[str, ...]:
    """Names of what `measures` gives, in its order."""
    by_k = [f"{name}@{k}" for name in ("recall", "all") for k in ks]
    return (*by_k, "hit@1", "MRR", *(f"nDCG@{k}" for k in ks))


def measures(ranks: Sequence[int | None], ks: Sequence[int]) -> tuple[float, ...]:
    """Recall and all-gold at each k, hit@1, reciprocal rank, and nDCG at each k.

    Args:
        ranks: Place of each gold id among the hits, from 1; None: not found.
        ks: Hits looked at.
    """
    found = sorted(rank for rank in ranks if rank is not None)
    within = [sum(rank <= k for rank in found) for k in ks]
    first = found[0] if found else None
    return (
        *(count / len(ranks) for count in within),
        *(float(count == len(ranks)) for count in within),
        float(first == 1),
        1 / first if first else 0.0,
        *(_ndcg(found, len(ranks), k) for k in ks),
    )


def _ndcg(found: Sequence[int], gold: int, k: int) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002), every gold id worth the same."""
    gained = math.fsum(1 / math.log2(rank + 1) for rank in found if rank <= k)
    ideal = math.fsum(1 / math.log2(place + 1) for place in range(1, min(gold, k) + 1))
    return min(1.0, gained / ideal)  # a document and its own chunk, both gold, share a place
