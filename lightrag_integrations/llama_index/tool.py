"""`LightRAGToolSpec`: an index as tools for LlamaIndex agents.

Annotations are evaluated here: LlamaIndex makes the tool's schema from the functions' own.
"""

from collections.abc import Mapping
from typing import Any, Literal

from llama_index.core.schema import NodeWithScore
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
from llama_index.core.vector_stores.types import MetadataFilters

from lightrag_integrations import LightRAGIndex, QueryOptions
from lightrag_integrations.llama_index.convert import RESERVED
from lightrag_integrations.llama_index.retriever import LightRAGRetriever
from lightrag_integrations.options import merged

__all__ = ["LightRAGToolSpec", "Passages"]

SearchMode = Literal["default", "keyword", "vector", "local", "global", "hybrid", "graph", "mix"]


class Passages(list[NodeWithScore]):
    """What a search found: the nodes, and as text the numbered passages that an agent reads."""

    def __str__(self) -> str:
        """The passages, numbered for citation."""
        if not self:
            return "Nothing was found."
        return "\n\n".join(f"[{number}] {_head(item)}{item.get_content()}" for number, item in enumerate(self, 1))


class LightRAGToolSpec(BaseToolSpec):
    """Tools that search an index: `LightRAGToolSpec(index).to_tool_list()`.

    What may be searched is fixed here by `filters`; the model chooses the query, the mode and the number of passages.
    The retriever gets the query as the model wrote it (LlamaIndex's `RetrieverTool` puts the argument's name into it).
    """

    spec_functions: list[SPEC_FUNCTION_TYPE] = [("search", "asearch")]  # noqa: RUF012 - the base class wants a list

    def __init__(
        self,
        index: LightRAGIndex,
        *,
        filters: MetadataFilters | Mapping[str, Any] | None = None,
        options: QueryOptions | None = None,
    ) -> None:
        """Keep the handle.

        Args:
            index: The handle to search.
            filters: What may be searched.
            options: Everything else about a search; None: the handle's defaults.
        """
        self._retriever = LightRAGRetriever(index, filters=filters, options=options)

    def search(self, query: str, mode: SearchMode = "default", k: int = 5) -> Passages:
        """Search the document collection and its knowledge graph; returns passages to cite as [1], [2].

        Args:
            query (str): The question or search words, in plain language.
            mode (str): keyword for exact words, vector for similar meaning, graph for facts connected over documents.
            k (int): Number of passages, from 1 to 50.
        """
        return Passages(self._chosen(mode, k).retrieve(query))

    async def asearch(self, query: str, mode: SearchMode = "default", k: int = 5) -> Passages:
        """Like `search`."""
        return Passages(await self._chosen(mode, k).aretrieve(query))

    def _chosen(self, mode: SearchMode, k: int) -> LightRAGRetriever:
        fields = {"mode": None if mode == "default" else mode, "k": min(max(k, 1), 50)}
        chosen = merged(self._retriever.options, fields)
        return LightRAGRetriever(
            self._retriever.index, options=chosen, callback_manager=self._retriever.callback_manager
        )


def _head(item: NodeWithScore) -> str:
    summary: Mapping[str, Any] = item.node.metadata[RESERVED]
    head = ", ".join(text for text in (summary["title"], summary["source"]) if text)
    return f"{head}\n" if head else ""
