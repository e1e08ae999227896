"""The reading half of `LightRAGVectorStore`."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore, VectorStoreRetriever
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from lightrag_integrations import Hit, InputError, LightRAGIndex
from lightrag_integrations.langchain.convert import HandleEmbeddings, stored
from lightrag_integrations.options import MODES, QueryFields

__all__ = ["VectorSearch", "is_mode", "nothing_else"]

Where = dict[str, Any] | None
_K = 4
"""Documents to find, as everywhere in LangChain."""
Scored = list[tuple[Document, float]]


class VectorSearch(VectorStore):
    """Reading by id, similarity and diversity search over a handle."""

    index: LightRAGIndex

    @property
    def embeddings(self) -> Embeddings:
        """The handle's embedding model."""
        return HandleEmbeddings(self.index)

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents with these ids, in order; unknown ones are left out."""
        return [stored(hit) for hit in self.index.documents.chunks(list(ids))]

    async def aget_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Like `get_by_ids`."""
        return [stored(hit) for hit in await self.index.documents.achunks(list(ids))]

    def search(self, query: str, search_type: str, **kwargs: Any) -> list[Document]:
        """Search in some way.

        Args:
            query: The question.
            search_type: `similarity`, `mmr`, `similarity_score_threshold`, or a mode of `LightRAGRetriever`.
            **kwargs: Of that way: `k`, `filter`, …; for a mode every field of `QueryOptions`.

        Raises:
            InputError: There is no such way.
        """
        if is_mode(search_type):
            if _unasked(query, kwargs.get("filter")):
                return self.similarity_search(query, kwargs.get("k", _K), filter=kwargs["filter"])
            return [stored(hit) for hit in self.index.retrieve(query, **_fields(search_type, kwargs)).hits]
        return super().search(query, search_type, **kwargs)

    async def asearch(self, query: str, search_type: str, **kwargs: Any) -> list[Document]:
        """Like `search`."""
        if is_mode(search_type):
            if _unasked(query, kwargs.get("filter")):
                return await self.asimilarity_search(query, kwargs.get("k", _K), filter=kwargs["filter"])
            found = await self.index.aretrieve(query, **_fields(search_type, kwargs))
            return [stored(hit) for hit in found.hits]
        return await super().asearch(query, search_type, **kwargs)

    def similarity_search(self, query: str, k: int = 4, *, filter: Where = None, **others: Any) -> list[Document]:
        """The `k` documents nearest to a question; to none but a filter, the first `k` that pass."""
        return [document for document, _ in self.similarity_search_with_score(query, k, filter=filter, **others)]

    async def asimilarity_search(
        self, query: str, k: int = 4, *, filter: Where = None, **others: Any
    ) -> list[Document]:
        """Like `similarity_search`."""
        found = await self.asimilarity_search_with_score(query, k, filter=filter, **others)
        return [document for document, _ in found]

    def similarity_search_with_score(self, query: str, k: int = 4, *, filter: Where = None, **others: Any) -> Scored:
        """Like `similarity_search`, with cosine similarities from 0 (not near at all) to 1."""
        nothing_else(others)
        if _unasked(query, filter):
            return _scored(self.index.documents.chunks(filter=filter, limit=k))
        return _scored(self.index.retrieve(query, **_near(k, filter)).hits)

    async def asimilarity_search_with_score(
        self, query: str, k: int = 4, *, filter: Where = None, **others: Any
    ) -> Scored:
        """Like `similarity_search_with_score`."""
        nothing_else(others)
        if _unasked(query, filter):
            return _scored(await self.index.documents.achunks(filter=filter, limit=k))
        return _scored((await self.index.aretrieve(query, **_near(k, filter))).hits)

    def similarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: Where = None, **others: Any
    ) -> Scored:
        """Like `similarity_search_with_score`, for a vector."""
        nothing_else(others)
        return _scored(self.index.retrieve("", **_nearest(embedding, k, filter)).hits)

    async def asimilarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: Where = None, **others: Any
    ) -> Scored:
        """Like `similarity_search_with_score_by_vector`."""
        nothing_else(others)
        return _scored((await self.index.aretrieve("", **_nearest(embedding, k, filter))).hits)

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: Where = None, **others: Any
    ) -> list[Document]:
        """The `k` documents nearest to a vector."""
        found = self.similarity_search_with_score_by_vector(embedding, k, filter=filter, **others)
        return [document for document, _ in found]

    async def asimilarity_search_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: Where = None, **others: Any
    ) -> list[Document]:
        """Like `similarity_search_by_vector`."""
        found = await self.asimilarity_search_with_score_by_vector(embedding, k, filter=filter, **others)
        return [document for document, _ in found]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """The `k` documents that are near to a question and unlike each other."""
        if _unasked(query, kwargs.get("filter")):
            return self.similarity_search(query, k, **kwargs)
        vector = self.index.embed([query], kind="query")[0]
        return self.max_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, **kwargs)

    async def amax_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """Like `max_marginal_relevance_search`."""
        if _unasked(query, kwargs.get("filter")):
            return await self.asimilarity_search(query, k, **kwargs)
        vector = (await self.index.aembed([query], kind="query"))[0]
        return await self.amax_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, **kwargs)

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """Like `max_marginal_relevance_search`, for a vector; `fetch_k` nearest ones are considered."""
        where = kwargs.pop("filter", None)
        nothing_else(kwargs)
        hits = self.index.retrieve("", **_nearest(embedding, max(k, fetch_k), where)).hits
        vectors = self.index.documents.vectors([hit.chunk_id for hit in hits])
        return _diverse(embedding, hits, vectors, k=k, lambda_mult=lambda_mult)

    async def amax_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """Like `max_marginal_relevance_search_by_vector`."""
        where = kwargs.pop("filter", None)
        nothing_else(kwargs)
        found = await self.index.aretrieve("", **_nearest(embedding, max(k, fetch_k), where))
        vectors = await self.index.documents.avectors([hit.chunk_id for hit in found.hits])
        return _diverse(embedding, found.hits, vectors, k=k, lambda_mult=lambda_mult)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda score: score


def is_mode(search_type: object) -> bool:
    """Whether this is a mode, and not one of LangChain's own ways.

    Raises:
        InputError: It is neither.
    """
    theirs = tuple(VectorStoreRetriever.allowed_search_types)
    if search_type not in theirs and search_type not in MODES:
        raise InputError(f"search_type: got {search_type!r:.80}; expected one of {', '.join((*theirs, *MODES))}")
    return search_type not in theirs


def nothing_else(others: Mapping[str, Any]) -> None:
    """Refuse arguments that nobody knows: a misspelt `filter` would find what it should not.

    Raises:
        InputError: There are some.
    """
    if others:
        raise InputError(f"got {', '.join(sorted(others))}; nothing here takes such an argument; mind the spelling")


def _fields(mode: str, given: dict[str, Any]) -> QueryFields:
    return cast(QueryFields, {"k": _K, **given, "mode": mode})


def _unasked(query: str, where: Where) -> bool:
    """Whether only a filter was said: LangChain's self-query asks for a blank then."""
    return bool(where) and isinstance(query, str) and not query.strip()


def _near(k: int, where: Where) -> QueryFields:
    # Whatever the handle's defaults are: scores are cosines, and these searches ask no model but the embedder.
    return {"mode": "vector", "k": k, "filter": where, "rerank": False, "decompose": False}


def _nearest(embedding: Sequence[float], k: int, where: Where) -> QueryFields:
    return {**_near(k, where), "query_embedding": tuple(embedding)}


def _scored(hits: Sequence[Hit]) -> Scored:
    # Half precision goes past 1; below 0 a vector points away.
    return [(stored(hit), min(1.0, max(0.0, hit.score))) for hit in hits]


def _diverse(
    embedding: Sequence[float], hits: Sequence[Hit], vectors: dict[str, list[float]], *, k: int, lambda_mult: float
) -> list[Document]:
    # A question of no direction is as near to one as to another.
    known = vectors if any(embedding) else {}
    near = [hit for hit in hits if hit.chunk_id in known]
    # LangChain asks for a numpy array; a buffer is one to numpy, and needs no numpy here.
    query = cast(Any, memoryview(array("d", embedding)))
    places = maximal_marginal_relevance(query, [vectors[hit.chunk_id] for hit in near], lambda_mult, k)
    chosen = [near[place] for place in places]
    # Texts that the model has no direction for are unlike everything; they come last.
    rest = [hit for hit in hits if hit.chunk_id not in known]
    return [stored(hit) for hit in (*chosen, *rest)][:k]
