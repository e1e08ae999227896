"""`keyword` and `vector`: one signal each."""

from __future__ import annotations

from lightrag_integrations.options import QueryOptions
from lightrag_integrations.reader import Reader
from lightrag_integrations.retrieve.bm25 import best, read_bm25
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.retrieve.ranking import Found, Ranking

__all__ = ["rank_by_keyword", "rank_by_vector"]

_TIES = 1000


async def rank_by_keyword(question: Question, reader: Reader, options: QueryOptions) -> Ranking:
    """Chunks that hold a word of the question, by BM25."""
    bm25 = await read_bm25(reader, question.terms, counted=True)
    scored = best(bm25.ids, bm25.scores(), wanted(options), ties=_TIES)
    return Ranking({chunk: Found({"keyword": score}) for chunk, score in scored})


async def rank_by_vector(question: Question, reader: Reader, options: QueryOptions) -> Ranking:
    """Chunks by cosine to the question."""
    if question.vector is None:
        return Ranking()
    near = await reader.nearest_chunks(question.vector, wanted(options))
    return Ranking({chunk: Found({"vector": score}) for chunk, score in near})


def wanted(options: QueryOptions) -> int:
    """How many chunks a mode should find: what is returned, or what the reranker reads."""
    return max(options.k, options.rerank_candidates if options.rerank else 0)
