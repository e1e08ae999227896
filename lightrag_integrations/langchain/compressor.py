"""`LightRAGReranker`: a reranker as a LangChain document compressor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.runnables.config import set_config_context
from pydantic import ConfigDict, Field

from lightrag_integrations import Hit, LightRAGIndex
from lightrag_integrations.langchain.convert import child_config, to_hits

__all__ = ["LightRAGReranker"]


class LightRAGReranker(BaseDocumentCompressor):
    """Reorders documents for a query and keeps the best, on copies; the score is under `relevance_score`."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    index: LightRAGIndex = Field(exclude=True)
    """The handle whose reranker (or model) does the work."""
    reranker: Any = Field(default=None, exclude=True, repr=False)
    """A `Reranker` in place of the handle's."""
    top_n: int | None = Field(default=3, ge=1)
    """Most documents to return; None: all."""

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


def _copies(documents: Sequence[Document], hits: Sequence[Hit], ranked: Sequence[Hit]) -> list[Document]:
    originals = {hit.chunk_id: document for hit, document in zip(hits, documents, strict=True)}
    return [_scored(originals[hit.chunk_id], hit.score) for hit in ranked]


def _scored(document: Document, score: float) -> Document:
    return document.model_copy(update={"metadata": {**document.metadata, "relevance_score": float(score)}})
