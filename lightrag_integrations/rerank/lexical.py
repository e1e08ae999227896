"""Reranking by words alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rank_bm25 import BM25Okapi

from lightrag_integrations.models import Hit
from lightrag_integrations.rerank.ranking import check_top_n, content, ranked
from lightrag_integrations.text.terms import terms

__all__ = ["LexicalReranker"]


class _PositiveOkapi(BM25Okapi):  # type: ignore[misc]
    """BM25 with the idf that keyword search uses: never zero or negative, however common a term is."""

    def _calc_idf(self, nd: Mapping[str, int]) -> None:
        self.idf = {
            term: math.log(1.0 + (self.corpus_size - count + 0.5) / (count + 0.5)) for term, count in nd.items()
        }  # fmt: skip


class LexicalReranker:
    """BM25 over the candidates: no model, no key, deterministic.

    It ranks by the words of the question alone. Worth having after `vector`; `mix` and `graph` know more than that
    already.
    """

    async def rerank(self, query: str, hits: Sequence[Hit], *, top_n: int | None = None) -> Sequence[Hit]:
        """Rank hits by BM25; equal scores keep their order.

        Args:
            query: The question.
            hits: Candidates; their titles count.
            top_n: Most hits; None: all.
        """
        check_top_n(top_n)
        corpus = [terms(content(hit)) for hit in hits]
        if not any(corpus):
            return ranked(hits, ((index, 0.0) for index in range(len(hits))), top_n)
        scores = _PositiveOkapi(corpus).get_scores(terms(query))
        return ranked(hits, enumerate(map(float, scores)), top_n)
