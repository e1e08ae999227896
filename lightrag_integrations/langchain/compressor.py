"""`LightRAGReranker`: a reranker as a LangChain document compressor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun, Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import set_config_context
from pydantic import ConfigDict, Field, field_validator

from lightrag_integrations import (
    CrossEncoderReranker,
    Hit,
    InputError,
    LightRAGIndex,
    LLMReranker,
    Reranker,
)
from lightrag_integrations.langchain.convert import child_config, to_hits

__all__ = ["LightRAGReranker"]


class LightRAGReranker(RunnableSerializable[dict[str, Any], list[Document]], BaseDocumentCompressor):
    """Reorders documents for a query and keeps the best, on copies; the score is under `relevance_score`.

    A document compressor, for `ContextualCompressionRetriever`; and a Runnable:
    `{"documents": retriever, "query": RunnablePassthrough()} | LightRAGReranker(index=index)`.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    index: LightRAGIndex = Field(exclude=True)
    """The handle whose reranker (or model) does the work."""
    reranker: Any = Field(default=None, exclude=True, repr=False)
    """In place of the handle's: a `Reranker`, a cross-encoder of LangChain's, or "llm" for the handle's chat model."""
    top_n: int | None = Field(default=3, ge=1)
    """Most documents to return; None: all."""

    @field_validator("reranker")
    @classmethod
    def _adopted(cls, given: Any) -> Any:
        if given is None or (isinstance(given, Reranker) and not isinstance(given, type)):
            return given
        if given == "llm":
            return LLMReranker()
        if hasattr(given, "score") and not isinstance(given, type):
            return CrossEncoderReranker(given)
        raise ValueError(f"got {given!r:.80}; expected a Reranker, a cross-encoder with score(), or 'llm'")

    def invoke(self, input: dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:
        """Rerank.

        Args:
            input: `query` and `documents`.
            config: Callbacks, tags and metadata of the run.
            **kwargs: None are known.
        """
        return self._call_with_config(self._compress, input, config, **kwargs)

    async def ainvoke(
        self, input: dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> list[Document]:
        """Like `invoke`."""
        return await self._acall_with_config(self._acompress, input, config, **kwargs)

    def _compress(self, given: dict[str, Any], run_manager: CallbackManagerForChainRun) -> list[Document]:
        query, documents = _read(given)
        return self.compress_documents(documents, query, run_manager.get_child())

    async def _acompress(self, given: dict[str, Any], run_manager: AsyncCallbackManagerForChainRun) -> list[Document]:
        query, documents = _read(given)
        return await self.acompress_documents(documents, query, run_manager.get_child())

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Rerank.

        Args:
            documents: What to reorder; not changed.
            query: The question.
            callbacks: Model calls of the reranker report to these.
        """
        if not documents:
            return []
        hits = to_hits(documents)
        with set_config_context(child_config(callbacks)) as context:
            call = partial(self.index.rerank, query, hits, top_n=self.top_n, reranker=self.reranker)
            return _copies(documents, hits, context.run(call))

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Like `compress_documents`."""
        if not documents:
            return []
        hits = to_hits(documents)
        with set_config_context(child_config(callbacks)) as context:
            call = self.index.arerank(query, hits, top_n=self.top_n, reranker=self.reranker)
            return _copies(documents, hits, await asyncio.create_task(call, context=context))


def _read(given: dict[str, Any]) -> tuple[str, Sequence[Document]]:
    if not isinstance(given, Mapping) or not {"query", "documents"} <= given.keys():
        raise InputError(f"got {type(given).__name__}; expected a dictionary with 'query' and 'documents'")
    return given["query"], given["documents"]


def _copies(documents: Sequence[Document], hits: Sequence[Hit], ranked: Sequence[Hit]) -> list[Document]:
    originals = {hit.chunk_id: document for hit, document in zip(hits, documents, strict=True)}
    return [_scored(originals[hit.chunk_id], hit.score) for hit in ranked]


def _scored(document: Document, score: float) -> Document:
    return document.model_copy(update={"metadata": {**document.metadata, "relevance_score": float(score)}})
