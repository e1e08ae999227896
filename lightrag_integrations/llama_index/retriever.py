"""`LightRAGRetriever`: any mode of an index as a LlamaIndex retriever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.schema import IndexNode, NodeWithScore, QueryBundle
from llama_index.core.vector_stores.types import MetadataFilters

from lightrag_integrations import LightRAGIndex, LLMReranker, QueryOptions, RetrievalResult
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.given import checked
from lightrag_integrations.llama_index.convert import found
from lightrag_integrations.llama_index.filters import to_filter
from lightrag_integrations.llama_index.prompts import OwnPrompts
from lightrag_integrations.options import Mode, Rerank, choose, merged

__all__ = ["LightRAGRetriever", "searches", "searches_so_far"]

dispatcher = get_dispatcher(__name__)
_SEARCHES: ContextVar[list[RetrievalResult] | None] = ContextVar("lightrag_searches", default=None)


@contextmanager
def searches() -> Iterator[list[RetrievalResult]]:
    """What our retrievers find in the block, whole: nodes have no room for entities and relations of a search."""
    found: list[RetrievalResult] = []
    token = _SEARCHES.set(found)
    try:
        yield found
    finally:
        _SEARCHES.reset(token)


def searches_so_far() -> list[RetrievalResult]:
    """The searches of the innermost block of `searches`."""
    return _SEARCHES.get() or []


class LightRAGRetriever(BaseRetriever):
    """Searches an index in one of its modes.

    Nodes come back with the ids, metadata and relationships they were stored with, a score (higher is better), and one
    reserved metadata key, `lightrag`, with mode, span and evidence, which is kept out of prompts.

    The prompts `keywords`, `decompose` and `rerank` are those of the steps that ask a model, where the options have
    them; `update_prompts` replaces the instructions, the shape of the answer has to stay.
    """

    def __init__(
        self,
        index: LightRAGIndex,
        *,
        similarity_top_k: int | None = None,
        mode: Mode | None = None,
        filters: MetadataFilters | Mapping[str, Any] | None = None,
        rerank: Rerank | None = None,
        options: QueryOptions | None = None,
        callback_manager: CallbackManager | None = None,
        object_map: dict[str, Any] | None = None,
        objects: list[IndexNode] | None = None,
        verbose: bool = False,
    ) -> None:
        """Keep the handle and the options.

        Args:
            index: The handle to search.
            similarity_top_k: Nodes to return; None: the handle's default.
            mode: keyword, vector, local, global, hybrid, graph or mix; None: the handle's default.
            filters: LlamaIndex's filters, or a dict such as `{"year": {"$gte": 2020}}`.
            rerank: True: by the handle's reranker; "llm": by its chat model; None: the handle's default.
            options: Everything else about a search; None: the handle's defaults.
            callback_manager: See LlamaIndex.
            object_map: See LlamaIndex.
            objects: See LlamaIndex.
            verbose: See LlamaIndex.

        Raises:
            InputError: An option or a filter is wrong, or it is no handle.
        """
        checked(index, LightRAGIndex, name="index")
        where = to_filter(filters)
        parse_filter(where)
        super().__init__(callback_manager=callback_manager, object_map=object_map, objects=objects, verbose=verbose)
        self.index = index
        fields = {"k": similarity_top_k, "mode": mode, "filter": where, "rerank": rerank}
        self.options = choose(options, index.options.query, fields)
        """The options of every search; replace them to change it."""
        self._prompts = OwnPrompts("keywords", "decompose", "rerank")

    def _get_prompts(self) -> dict[str, BasePromptTemplate]:
        options = self.options
        return self._prompts.templates(
            keywords=options.keywords_prompt, decompose=options.decompose_prompt, rerank=options.rerank_prompt
        )

    def _update_prompts(self, prompts: dict[str, BasePromptTemplate]) -> None:
        self._prompts.update(prompts)

    def _asked(self) -> QueryOptions:
        """The options, with the prompts given."""
        texts = self._prompts.texts()
        fields: dict[str, Any] = {f"{name}_prompt": text for name, text in texts.items()}
        if "rerank" in texts and self.options.rerank is True and isinstance(self.index.reranker, LLMReranker):
            fields["rerank"] = "llm"  # the same reranker, told what to ask
        return merged(self.options, fields)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        vector = query_bundle.embedding
        if vector is None and query_bundle.custom_embedding_strs:
            vector = _mean(self.index.embed(query_bundle.custom_embedding_strs, kind="query"))
        return _nodes(
            self.index.retrieve(query_bundle.query_str, options=self._asked(), query_embedding=_tuple(vector))
        )

    @dispatcher.span  # LlamaIndex gives only the blocking one a span
    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        vector = query_bundle.embedding
        if vector is None and query_bundle.custom_embedding_strs:
            vector = _mean(await self.index.aembed(query_bundle.custom_embedding_strs, kind="query"))
        return _nodes(
            await self.index.aretrieve(query_bundle.query_str, options=self._asked(), query_embedding=_tuple(vector))
        )


def _nodes(result: RetrievalResult) -> list[NodeWithScore]:
    noted = _SEARCHES.get()
    if noted is not None:
        noted.append(result)
    return [found(hit, result.mode) for hit in result.hits]


def _tuple(vector: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if vector is None else tuple(vector)


def _mean(vectors: Sequence[Sequence[float]]) -> list[float]:
    return [sum(values) / len(vectors) for values in zip(*vectors, strict=True)]
