"""Graph documents into a `LightRAGVectorStore`, and out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from lightrag_integrations import InputError
from lightrag_integrations.langchain.convert import store_options
from lightrag_integrations.langchain.graph_documents import CLASSES, from_export, one_chunk_for_each_source
from lightrag_integrations.langchain.vector_search import VectorSearch, Where

__all__ = ["GraphDocuments"]


class GraphDocuments(VectorSearch):
    """What stores of graphs do with graph documents."""

    def add_graph_documents(self, graph_documents: Iterable[Any], include_source: bool = True) -> list[str]:
        """Add what others found in sources, in one transaction and without a model; sources added again are replaced.

        Args:
            graph_documents: Anything with `nodes`, `relationships` and `source`, such as the `GraphDocument` of
                langchain-neo4j or langchain-community. Those of one source are put together.
            include_source: Store each source as a chunk that says this, under its id (or that in its metadata, or one
                made from it). Else what is said becomes the text, under "graph:" and that id, with its metadata. Of
                properties only `description`, `keywords` and `weight` are searched; all are kept and come back.

        Returns:
            The ids of the chunks, in order.

        Raises:
            InputError: Something else is among them, or a source that is to be stored is missing; nothing was written.
        """
        ids, items = one_chunk_for_each_source(graph_documents, include_source=include_source)
        self.index.ingest(items, options=store_options(self.index, len(items), build_graph=True)).raise_if_failed()
        return ids

    async def aadd_graph_documents(self, graph_documents: Iterable[Any], include_source: bool = True) -> list[str]:
        """Like `add_graph_documents`."""
        ids, items = one_chunk_for_each_source(graph_documents, include_source=include_source)
        options = store_options(self.index, len(items), build_graph=True)
        (await self.index.aingest(items, options=options)).raise_if_failed()
        return ids

    def get_graph_documents(
        self, ids: Sequence[str] | None = None, *, filter: Where = None, classes: tuple[Any, Any, Any] = CLASSES
    ) -> list[Any]:
        """What chunks say of the graph, whoever found it, as graph documents.

        Args:
            ids: Of the chunks; None: all.
            filter: Only those that pass.
            classes: Of a graph document, a node and a relationship, such as those of langchain-neo4j.
        """
        return from_export(self.index.graph.export(filter=_where(ids, filter)).text, ids, classes)

    async def aget_graph_documents(
        self, ids: Sequence[str] | None = None, *, filter: Where = None, classes: tuple[Any, Any, Any] = CLASSES
    ) -> list[Any]:
        """Like `get_graph_documents`."""
        export = await self.index.graph.aexport(filter=_where(ids, filter))
        return await asyncio.to_thread(from_export, export.text, ids, classes)


def _where(ids: Sequence[str] | None, where: Where) -> Where:
    if isinstance(ids, str):
        raise InputError(f"ids: got {ids!r}; expected a list of ids, [{ids!r}]")
    named = [] if ids is None else [{"$chunk_id": {"$in": list(ids)}}]
    parts = [*named, *([where] if where else [])]
    return {"$and": parts} if parts else None
