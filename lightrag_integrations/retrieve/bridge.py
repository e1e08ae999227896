"""The bridge: from the best chunks along titles to chunks that hold the words still missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.bm25 import Bm25
from lightrag_integrations.retrieve.question import Question

__all__ = ["BRIDGED", "bridge", "read_links"]

Link = tuple[int, int, float]

BRIDGED = 5
"""Chunks that lead on."""
_LINKS = 40
_SHARED_BY = 20
_FLOOR = 0.2
"""A linked chunk without any missing word gets this share: the answer's words are seldom the question's."""


async def read_links(reader: Reader, best: Sequence[int], *, strength: float) -> Sequence[Link]:
    """Where the best chunks lead: to those whose title they mention; one without a title along rarer names, too.

    Args:
        reader: The snapshot.
        best: Chunks, best first; `BRIDGED` of them lead on.
        strength: Of the bridge; at 0 nothing is read.

    Returns:
        (from, to, weight), strongest first.
    """
    first = best[:BRIDGED] if strength else []
    return await reader.links(first, limit=_LINKS, shared_by=_SHARED_BY) if first else []


def bridge(
    question: Question, links: Sequence[Link], bm25: Bm25, scores: Mapping[int, float], *, strength: float
) -> dict[int, tuple[float, int]]:
    """Gains of the chunks that the best ones lead to.

    A chunk p of the best five gives each linked chunk q strength · score(p) · (0.2 + 0.8 · share), share being the
    part, by squared idf, of the question's words missing in p that q holds. The largest gain counts.

    Args:
        question: Its terms.
        links: Of these scores, as `read_links` gives them.
        bm25: Holds idf and postings of the terms.
        scores: Score so far of each chunk that leads on.
        strength: Most of its score that a chunk gives on.

    Returns:
        Chunk to (gain, the chunk it comes from).
    """
    held = bm25.holding(sorted({end for p, q, _ in links for end in (p, q)}))
    squared = {term: bm25.idf[term] ** 2 for term in question.terms if term in bm25.idf}
    gains: dict[int, tuple[float, int]] = {}
    for p, q, weight in links:
        lacking = {term: value for term, value in squared.items() if term not in held[p]}
        share = sum(value for term, value in lacking.items() if term in held[q]) / (sum(lacking.values()) or 1.0)
        gain = strength * scores[p] * (_FLOOR + (1 - _FLOOR) * share) * weight
        if gain > gains.get(q, (0.0, 0))[0]:
            gains[q] = (gain, p)
    return gains
