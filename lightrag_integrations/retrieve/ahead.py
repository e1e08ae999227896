"""What a search is sure to ask first, so that it can be asked together."""

from __future__ import annotations

from lightrag_integrations.options import QueryOptions
from lightrag_integrations.retrieve.bm25 import most_of
from lightrag_integrations.retrieve.evidence import WALKS
from lightrag_integrations.retrieve.plain import wanted
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.retrieve.seeds import FACTS_READ
from lightrag_integrations.rows import Ahead

__all__ = ["ahead_of", "candidates_of"]

_CANDIDATES = 100
"""A walk needs the best few of its nearest chunks and facts: with 100, 250 and 1,000 candidates it put the chunk asked
for, of 100,000 synthetic ones, first in .81, .82 and .83 of 100 searches, and always among the first five."""


def candidates_of(options: QueryOptions) -> int | None:
    """How many candidates a search through a vector index keeps at least; None: as many as find most of the nearest."""
    return options.ef_search or (_CANDIDATES if options.mode in WALKS else None)


def ahead_of(question: Question, options: QueryOptions, *, near: bool) -> Ahead | None:
    """What a search will ask first; None where that is little.

    Args:
        question: The question.
        options: Mode and sizes.
        near: The index itself searches the vectors.
    """
    if options.mode == "vector" and near:
        return Ahead(vector=question.vector, chunks=wanted(options))
    if options.mode not in WALKS:
        return None  # one or two questions are asked as fast one by one
    return Ahead(
        terms=tuple(question.terms),
        most=most_of,
        keys=question.keys,
        vector=question.vector if question.semantic and near else None,
        chunks=options.walk.seeds,
        facts=FACTS_READ,
    )
