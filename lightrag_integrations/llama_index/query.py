"""LlamaIndex's vector store queries on a handle: legs in the handle's modes, put together as the mode asks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.indices.query.embedding_utils import get_top_k_mmr_embeddings
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode, VectorStoreQueryResult

from lightrag_integrations import Hit, InputError, LightRAGIndex, RetrievalResult
from lightrag_integrations.llama_index.convert import stored
from lightrag_integrations.llama_index.filters import query_filter
from lightrag_integrations.options import QueryFields

__all__ = ["arun_query", "run_query"]

_KEYWORD_MODES = (VectorStoreQueryMode.SPARSE, VectorStoreQueryMode.TEXT_SEARCH)
_HYBRID_MODES = (VectorStoreQueryMode.HYBRID, VectorStoreQueryMode.SEMANTIC_HYBRID)
_PREFETCH = 4
"""MMR considers so many times the nodes asked for."""
Vectors = Mapping[str, list[float]]


@dataclass(frozen=True, slots=True)
class _Leg:
    fields: QueryFields
    weight: float


def run_query(index: LightRAGIndex, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
    """Answer a query; see `LightRAGVectorStore.query`."""
    text = query.query_str or ""
    legs = _legs(query, kwargs)
    if query.mode != VectorStoreQueryMode.MMR:
        scored = _fused(query, legs, [index.retrieve(text, **leg.fields) for leg in legs])
        if query.mode == VectorStoreQueryMode.SEMANTIC_HYBRID:
            scored = _scored(index.rerank(text, [hit for hit, _ in scored], top_n=query.similarity_top_k))
        return _result(scored)
    vector = query.query_embedding or index.embed([text], kind="query")[0]
    hits = index.retrieve(text, **_with_vector(legs[0].fields, vector)).hits
    return _diverse(query, vector, hits, index.documents.vectors([hit.chunk_id for hit in hits]), kwargs)


async def arun_query(index: LightRAGIndex, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
    """Like `run_query`."""
    text = query.query_str or ""
    legs = _legs(query, kwargs)
    if query.mode != VectorStoreQueryMode.MMR:
        scored = _fused(query, legs, await asyncio.gather(*(index.aretrieve(text, **leg.fields) for leg in legs)))
        if query.mode == VectorStoreQueryMode.SEMANTIC_HYBRID:
            scored = _scored(await index.arerank(text, [hit for hit, _ in scored], top_n=query.similarity_top_k))
        return _result(scored)
    vector = query.query_embedding or (await index.aembed([text], kind="query"))[0]
    hits = (await index.aretrieve(text, **_with_vector(legs[0].fields, vector))).hits
    return _diverse(query, vector, hits, await index.documents.avectors([hit.chunk_id for hit in hits]), kwargs)


def _legs(query: VectorStoreQuery, kwargs: Mapping[str, Any]) -> list[_Leg]:
    where, k = query_filter(query), query.similarity_top_k
    # Whatever the handle's defaults are: similarities are a leg's own, and a leg asks no chat model.
    leg: QueryFields = {"k": k, "filter": where, "rerank": False, "decompose": False}
    vector: QueryFields = {**leg, "mode": "vector", "query_embedding": query.query_embedding}
    keyword: QueryFields = {**leg, "mode": "keyword", "k": query.sparse_top_k or k}
    if query.mode == VectorStoreQueryMode.DEFAULT:
        legs = [_Leg(vector, 1.0)]
    elif query.mode in _KEYWORD_MODES:
        legs = [_Leg(keyword, 1.0)]
    elif query.mode in _HYBRID_MODES:
        alpha = 0.5 if query.alpha is None else query.alpha
        if not 0 <= alpha <= 1:
            raise InputError(f"alpha: got {alpha}; expected 0 (keywords only) to 1 (vectors only)")
        legs = [one for one in (_Leg(vector, alpha), _Leg(keyword, 1.0 - alpha)) if one.weight > 0]
    elif query.mode == VectorStoreQueryMode.MMR:
        vector["k"] = kwargs.get("mmr_prefetch_k") or k * _PREFETCH
        legs = [_Leg(vector, 1.0)]
    else:
        raise InputError(
            f"mode: got {query.mode.value!r}; expected default, sparse, text_search, hybrid, semantic_hybrid or mmr"
        )
    by_words = any(one.fields.get("query_embedding") is None for one in legs)
    needs_text = by_words or query.mode == VectorStoreQueryMode.SEMANTIC_HYBRID
    if needs_text and not query.query_str:
        raise InputError(f"query_str: got nothing; mode {query.mode.value!r} searches for its words")
    return legs


def _with_vector(fields: QueryFields, vector: Sequence[float]) -> QueryFields:
    return {**fields, "query_embedding": vector}


def _fused(
    query: VectorStoreQuery, legs: Sequence[_Leg], results: Sequence[RetrievalResult]
) -> list[tuple[Hit, float]]:
    """One leg as it is; of two, the weighted sum of scores that each was scaled to its best by."""
    limit = query.hybrid_top_k or query.similarity_top_k if query.mode in _HYBRID_MODES else None
    if len(legs) == 1:
        return _scored(results[0].hits[:limit])
    hits: dict[str, Hit] = {}
    scores: dict[str, float] = {}
    for leg, result in zip(legs, results, strict=True):
        best = max((hit.score for hit in result.hits), default=0.0)
        for hit in result.hits:
            hits.setdefault(hit.chunk_id, hit)
            share = hit.score / best if best > 0 else 0.0
            scores[hit.chunk_id] = scores.get(hit.chunk_id, 0.0) + leg.weight * share
    order = sorted(hits, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
    return [(hits[chunk_id], scores[chunk_id]) for chunk_id in order[:limit]]


def _scored(hits: Sequence[Hit]) -> list[tuple[Hit, float]]:
    return [(hit, hit.score) for hit in hits]


def _diverse(
    query: VectorStoreQuery, vector: Sequence[float], hits: Sequence[Hit], vectors: Vectors, kwargs: Mapping[str, Any]
) -> VectorStoreQueryResult:
    if not any(vector):  # a question of no direction is as near to one as to another
        return _result(_scored(hits[: query.similarity_top_k]))
    near = {hit.chunk_id: hit for hit in hits if hit.chunk_id in vectors}
    threshold = query.mmr_threshold if query.mmr_threshold is not None else kwargs.get("mmr_threshold")
    scores, chosen = get_top_k_mmr_embeddings(
        list(vector),
        [vectors[chunk_id] for chunk_id in near],
        similarity_top_k=query.similarity_top_k,
        embedding_ids=list(near),
        mmr_threshold=threshold,
    )
    return _result([(near[chunk_id], float(score)) for chunk_id, score in zip(chosen, scores, strict=True)])


def _result(scored: Sequence[tuple[Hit, float]]) -> VectorStoreQueryResult:
    return VectorStoreQueryResult(
        nodes=[stored(hit) for hit, _ in scored],
        similarities=[float(score) for _, score in scored],
        ids=[hit.chunk_id for hit, _ in scored],
    )
