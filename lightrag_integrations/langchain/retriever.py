"""`LightRAGRetriever`: any mode of an index as a LangChain retriever."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever, LangSmithRetrieverParams
from langchain_core.runnables.config import set_config_context
from pydantic import ConfigDict, Field, field_validator

from lightrag_integrations import LightRAGIndex, QueryOptions, RetrievalResult
from lightrag_integrations.langchain.convert import checked_filter, child_config, found
from lightrag_integrations.options import Mode, Rerank, merged

__all__ = ["LightRAGRetriever", "ls_params"]


class LightRAGRetriever(BaseRetriever):
    """Searches an index in one of its modes.

    Returned documents carry the chunk's id and text, the stored metadata, and one reserved metadata key, `lightrag`,
    with ids, score, mode, title, source, span and evidence. `k`, `mode`, `filter`, `rerank` and every other field of
    `QueryOptions` may also be given to one call: `retriever.invoke("…", k=3, mode="graph")`.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    index: LightRAGIndex = Field(exclude=True)
    """The handle to search."""
    k: int = Field(default=4, ge=1)
    """Documents to return."""
    mode: Mode | None = None
    """keyword, vector, local, global, hybrid, graph or mix; None: the handle's default."""
    filter: dict[str, Any] | None = None
    """Metadata filter, such as `{"year": {"$gte": 2020}}`; one given to a call takes its place."""
    rerank: Rerank | None = None
    """True: by the handle's reranker; "llm": by its chat model; None: the handle's default."""
    options: QueryOptions | None = None
    """Everything else about a search; None: the handle's defaults."""

    _checked_filter = field_validator("filter")(checked_filter)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        mode: Mode | None = None,
        filter: dict[str, Any] | None = None,
        rerank: Rerank | None = None,
        **options: Any,
    ) -> list[Document]:
        fields = self._fields(k=k, mode=mode, filter=filter, rerank=rerank, **options)
        with set_config_context(child_config(run_manager.get_child())) as context:
            return _documents(context.run(partial(self.index.retrieve, query, **fields)))

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        mode: Mode | None = None,
        filter: dict[str, Any] | None = None,
        rerank: Rerank | None = None,
        **options: Any,
    ) -> list[Document]:
        fields = self._fields(k=k, mode=mode, filter=filter, rerank=rerank, **options)
        with set_config_context(child_config(run_manager.get_child())) as context:
            search = asyncio.create_task(self.index.aretrieve(query, **fields), context=context)
            return _documents(await search)

    def _fields(self, **given: Any) -> dict[str, Any]:
        given.pop("verbose", None)  # `invoke(..., verbose=True)` is LangChain's, and passed on
        own = {"k": self.k, "mode": self.mode, "filter": self.filter, "rerank": self.rerank}
        chosen = {name: value for name, value in given.items() if value is not None}
        return {"options": self.options, **own, **chosen}

    @classmethod
    def with_fields(cls, index: LightRAGIndex, given: dict[str, Any], **kwargs: Any) -> Self:
        """A retriever with fields of its own and fields of `QueryOptions`, as both can be given to a call.

        Args:
            index: The handle.
            given: The fields.
            **kwargs: What every `Runnable` has: `tags`, `metadata`, …

        Raises:
            InputError: There is no such field.
        """
        options = {name: value for name, value in given.items() if name not in cls.model_fields}
        own = {name: value for name, value in given.items() if name in cls.model_fields}
        if options:
            own["options"] = merged(own.get("options") or index.options.query, options)
        return cls(index=index, **own, **kwargs)

    def _get_ls_params(self, **kwargs: Any) -> LangSmithRetrieverParams:
        return LangSmithRetrieverParams(**{**super()._get_ls_params(**kwargs), **ls_params(self.index)})


def ls_params(index: LightRAGIndex) -> LangSmithRetrieverParams:
    """What traces say of an index and its embedding model."""
    settings = index.describe()
    return LangSmithRetrieverParams(
        ls_vector_store_provider=type(index).__name__,
        ls_embedding_provider=settings["embed_provider"],
        ls_embedding_model=settings["embed_model"],
    )


def _documents(result: RetrievalResult) -> list[Document]:
    return [found(hit, result.mode) for hit in result.hits]
