"""The reading half of `LightRAGVectorStore`."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, cast

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from lightrag_integrations import Hit, LightRAGIndex
from lightrag_integrations.langchain.convert import HandleEmbeddings, stored
from lightrag_integrations.options import QueryFields

__all__ = ["VectorSearch"]

Where = dict[str, Any] | None
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

    def similarity_search(self, query: str, k: int = 4, *, filter: Where = None, **_: Any) -> list[Document]:
        """The `k` documents nearest to a question."""
        return [document for document, _ in self.similarity_search_with_score(query, k, filter=filter)]

    async def asimilarity_search(self, query: str, k: int = 4, *, filter: Where = None, **_: Any) -> list[Document]:
        """Like `similarity_search`."""
        return [document for document, _ in await self.asimilarity_search_with_score(query, k, filter=filter)]

    def similarity_search_with_score(self, query: str, k: int = 4, *, filter: Where = None, **_: Any) -> Scored:
        """Like `similarity_search`, with cosine similarities: higher is nearer."""
        return _scored(self.index.retrieve(query, mode="vector", k=k, filter=filter).hits)

    async def asimilarity_search_with_score(self, query: str, k: int = 4, *, filter: Where = None, **_: Any) -> Scored:
        """Like `similarity_search_with_score`."""
        return _scored((await self.index.aretrieve(query, mode="vector", k=k, filter=filter)).hits)

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: Where = None, **_: Any
    ) -> list[Document]:
        """The `k` documents nearest to a vector."""
        return [stored(hit) for hit in self.index.retrieve("", **_nearest(embedding, k, filter)).hits]

    async def asimilarity_search_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: Where = None, **_: Any
    ) -> list[Document]:
        """Like `similarity_search_by_vector`."""
        return [stored(hit) for hit in (await self.index.aretrieve("", **_nearest(embedding, k, filter))).hits]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """The `k` documents that are near to a question and unlike each other."""
        vector = self.index.embed([query], kind="query")[0]
        return self.max_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, **kwargs)

    async def amax_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """Like `max_marginal_relevance_search`."""
        vector = (await self.index.aembed([query], kind="query"))[0]
        return await self.amax_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, **kwargs)

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """Like `max_marginal_relevance_search`, for a vector; `fetch_k` nearest ones are considered."""
        hits = self.index.retrieve("", **_nearest(embedding, max(k, fetch_k), kwargs.get("filter"))).hits
        vectors = self.index.documents.vectors([hit.chunk_id for hit in hits])
        return _diverse(embedding, hits, vectors, k=k, lambda_mult=lambda_mult)

    async def amax_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """Like `max_marginal_relevance_search_by_vector`."""
        found = await self.index.aretrieve("", **_nearest(embedding, max(k, fetch_k), kwargs.get("filter")))
        vectors = await self.index.documents.avectors([hit.chunk_id for hit in found.hits])
        return _diverse(embedding, found.hits, vectors, k=k, lambda_mult=lambda_mult)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: min(1.0, max(0.0, cosine))


def _nearest(embedding: Sequence[float], k: int, where: Where) -> QueryFields:
    return {"mode": "vector", "query_embedding": tuple(embedding), "k": k, "filter": where}


def _scored(hits: Sequence[Hit]) -> Scored:
    return [(stored(hit), hit.score) for hit in hits]


def _diverse(
    embedding: Sequence[float], hits: Sequence[Hit], vectors: dict[str, list[float]], *, k: int, lambda_mult: float
) -> list[Document]:
    near = [hit for hit in hits if hit.chunk_id in vectors]
    # LangChain asks for a numpy array; a buffer is one to numpy, and needs no numpy here.
    query = cast(Any, memoryview(array("d", embedding)))
    chosen = maximal_marginal_relevance(query, [vectors[hit.chunk_id] for hit in near], lambda_mult, k)
    return [stored(near[position]) for position in chosen]
