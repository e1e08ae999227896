"""What a search is sure to ask first, so that it can be asked together."""

from __future__ import annotations

from lightrag_integrations.options import QueryOptions
from lightrag_integrations.retrieve.bm25 import most_of
from lightrag_integrations.retrieve.plain import wanted
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.retrieve.seeds import FACTS_READ
from lightrag_integrations.rows import Ahead

__all__ = ["ahead_of"]


def ahead_of(question: Question, options: QueryOptions, *, near: bool) -> Ahead | None:
    """What a search will ask first; None where that is little.

    Args:
        question: The question.
        options: Mode and sizes.
        near: The index itself searches the vectors.
    """
    if options.mode == "vector" and near:
        return Ahead(vector=question.vector, chunks=wanted(options))
    if options.mode not in ("graph", "mix"):
        return None  # one or two questions are asked as fast one by one
    return Ahead(
        terms=tuple(question.terms),
        most=most_of,
        keys=question.keys,
        vector=question.vector if question.semantic and near else None,
        chunks=options.walk.seeds,
        facts=FACTS_READ,
    )
