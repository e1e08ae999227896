"""`LightRAGContextRetriever`: a search in any mode, among the `sub_retrievers` of a `PropertyGraphIndex`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.indices.property_graph.sub_retrievers.base import BasePGRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from lightrag_integrations import FactView, InputError, RetrievalResult
from lightrag_integrations.llama_index.property_graph import LightRAGPropertyGraphStore
from lightrag_integrations.llama_index.retriever import LightRAGRetriever, searches
from lightrag_integrations.notes import label_for

__all__ = ["LightRAGContextRetriever"]


class LightRAGContextRetriever(BasePGRetriever):
    """Gives what `LightRAGRetriever` finds in the form of LlamaIndex's own: `A -> says -> B`, with the text it is from.

    A chunk that was found for its words alone comes as it is.
    """

    def __init__(self, graph_store: LightRAGPropertyGraphStore, include_text: bool = True, **fields: Any) -> None:
        """Keep the store.

        Args:
            graph_store: The store to search.
            include_text: Give the chunks with the facts in front; else facts only where a chunk has some.
            **fields: Of `LightRAGRetriever`: `similarity_top_k`, `mode`, `filters`, `rerank`, `options`; and of
                LlamaIndex's: `include_text_preamble`, `callback_manager`.

        Raises:
            InputError: The store is not ours, or a field is wrong.
        """
        if not isinstance(graph_store, LightRAGPropertyGraphStore):
            raise InputError(f"graph_store: got {type(graph_store).__name__}; expected a LightRAGPropertyGraphStore")
        own = {name: fields.pop(name) for name in ("include_text_preamble", "callback_manager") if name in fields}
        super().__init__(graph_store=graph_store, include_text=include_text, **own)
        self._retriever = LightRAGRetriever(graph_store.index, **fields)

    def retrieve_from_graph(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """Facts and chunks, best first."""
        with searches() as results:
            found = self._retriever.retrieve(query_bundle)
        return _told(found, results)

    async def aretrieve_from_graph(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """Like `retrieve_from_graph`."""
        with searches() as results:
            found = await self._retriever.aretrieve(query_bundle)
        return _told(found, results)


def _told(found: Sequence[NodeWithScore], results: Sequence[RetrievalResult]) -> list[NodeWithScore]:
    """For each chunk its own facts that brought it, or itself."""
    facts = {
        hit.chunk_id: [fact for fact in hit.evidence.facts if fact.chunk_id == hit.chunk_id]
        for result in results
        for hit in result.hits
    }
    nodes: list[NodeWithScore] = []
    for one in found:
        texts = dict.fromkeys(map(_line, facts.get(one.node.node_id, ())))
        nodes += [_stated(text, one) for text in texts] or [one]
    return nodes


def _line(fact: FactView) -> str:
    return f"{fact.source} -> {label_for(fact.keywords)} -> {fact.target}"


def _stated(text: str, found: NodeWithScore) -> NodeWithScore:
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=found.node.node_id)}
    return NodeWithScore(node=TextNode(text=text, relationships=source), score=found.score)
