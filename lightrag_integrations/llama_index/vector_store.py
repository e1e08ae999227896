"""`LightRAGVectorStore`: an index as the sink of a pipeline and as a LlamaIndex vector store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from pydantic import ConfigDict, Field

from lightrag_integrations import Document as OurDocument
from lightrag_integrations import IngestOptions, InputError, LightRAGIndex
from lightrag_integrations.llama_index.convert import documents_of, stored
from lightrag_integrations.llama_index.filters import to_filter
from lightrag_integrations.llama_index.merging import amerge, merge
from lightrag_integrations.llama_index.query import arun_query, run_query
from lightrag_integrations.options import merged

__all__ = ["LightRAGVectorStore"]


class LightRAGVectorStore(BasePydanticVectorStore):
    """Stores nodes with the graph that `LightRAGTransform` (or another extractor) put on them.

    A node is a chunk, its reference document the document. Adding replaces nodes of the same id and is one transaction
    for each call; deleting withdraws what the nodes contributed to the graph.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    index: LightRAGIndex = Field(exclude=True, repr=False)
    """The handle to store in."""
    build_graph: bool = False
    """Extract from nodes that carry no graph; False: they are stored without one, with no model call."""
    stores_text: bool = True
    is_embedding_query: bool = True
    flat_metadata: bool = False

    @classmethod
    def class_name(cls) -> str:
        """Stable name."""
        return "LightRAGVectorStore"

    @property
    def client(self) -> LightRAGIndex:
        """The handle."""
        return self.index

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Store nodes, replacing those of the same id.

        Args:
            nodes: The nodes; not changed. Those without an embedding get one from the handle.
            **kwargs: Not used.

        Returns:
            Their ids.
        """
        documents = documents_of(nodes, build_graph=self.build_graph)
        merge(self.index, documents, self._options(documents))
        return [node.node_id for node in nodes]

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Like `add`."""
        documents = documents_of(nodes, build_graph=self.build_graph)
        await amerge(self.index, documents, self._options(documents))
        return [node.node_id for node in nodes]

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Delete the nodes of a document."""
        self.index.documents.delete([ref_doc_id])

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Like `delete`."""
        await self.index.documents.adelete([ref_doc_id])

    def delete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """Delete nodes by id, by filter, or those that are both.

        Args:
            node_ids: Only these.
            filters: Only those that pass.
            **delete_kwargs: Not used.
        """
        where = _refuse_everything(node_ids, filters)
        if node_ids is None or where is not None:
            node_ids = [hit.chunk_id for hit in self.index.documents.chunks(node_ids, filter=where)]
        self.index.documents.delete_chunks(node_ids)

    async def adelete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """Like `delete_nodes`."""
        where = _refuse_everything(node_ids, filters)
        if node_ids is None or where is not None:
            node_ids = [hit.chunk_id for hit in await self.index.documents.achunks(node_ids, filter=where)]
        await self.index.documents.adelete_chunks(node_ids)

    def get_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """Nodes by id, in order, by filter, or all."""
        return [stored(hit) for hit in self.index.documents.chunks(node_ids, filter=to_filter(filters))]

    async def aget_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """Like `get_nodes`."""
        return [stored(hit) for hit in await self.index.documents.achunks(node_ids, filter=to_filter(filters))]

    def clear(self) -> None:
        """Delete every document; paid extractions stay in the cache."""
        self.index.documents.delete([document.id for document in self.index.documents.list()])

    async def aclear(self) -> None:
        """Like `clear`."""
        await self.index.documents.adelete([document.id for document in await self.index.documents.alist()])

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """Search: DEFAULT, SPARSE, TEXT_SEARCH, HYBRID (with `alpha`), SEMANTIC_HYBRID (the same, reranked) or MMR.

        Args:
            query: What to search, how, and within which filters and ids.
            **kwargs: `mmr_threshold`, `mmr_prefetch_k`.

        Raises:
            InputError: The mode is not one of these, or the query lacks text or vector.
        """
        return run_query(self.index, query, **kwargs)

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """Like `query`."""
        return await arun_query(self.index, query, **kwargs)

    def _options(self, documents: Sequence[OurDocument]) -> IngestOptions:
        carried = any(chunk.extraction is not None for document in documents for chunk in document.chunks or ())
        fields = {
            "on_existing": "upsert_chunks",
            "extract": self.build_graph or carried,
            "commit_documents": max(len(documents), 1),
        }
        return merged(self.index.options.ingest, fields)


def _refuse_everything(node_ids: Sequence[str] | None, filters: MetadataFilters | None) -> dict[str, Any] | None:
    """The filter."""
    where = to_filter(filters)
    if node_ids is None and where is None:
        raise InputError("delete_nodes: got neither node_ids nor filters; to delete everything, call clear()")
    return where
