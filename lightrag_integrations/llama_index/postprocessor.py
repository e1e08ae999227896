"""`LightRAGRerank`: a reranker as a LlamaIndex node postprocessor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llama_index.core.callbacks import CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.prompts.mixin import PromptMixin
from llama_index.core.schema import NodeWithScore, QueryBundle
from pydantic import ConfigDict, Field, PrivateAttr

from lightrag_integrations import Hit, InputError, LightRAGIndex, LLMReranker
from lightrag_integrations.llama_index.convert import to_hits
from lightrag_integrations.llama_index.prompts import OwnPrompts

__all__ = ["LightRAGRerank"]

dispatcher = get_dispatcher(__name__)


class LightRAGRerank(PromptMixin, BaseNodePostprocessor):
    """Reorders nodes for a query and keeps the best; the nodes given are not changed.

    Where an `LLMReranker` does the work, `get_prompts` and `update_prompts` reach its prompt, `rerank`.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    index: LightRAGIndex = Field(exclude=True, repr=False)
    """The handle whose reranker (or model) does the work."""
    reranker: Any = Field(default=None, exclude=True, repr=False)
    """A `Reranker` in place of the handle's."""
    top_n: int = Field(default=5, ge=1)
    """Most nodes to return."""
    _prompts: OwnPrompts = PrivateAttr(default_factory=lambda: OwnPrompts("rerank"))

    @classmethod
    def class_name(cls) -> str:
        """Stable name."""
        return "LightRAGRerank"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        question = _question(query_bundle)
        if not nodes:
            return []
        with self._reported(question, nodes) as ranked:
            hits = to_hits(nodes)
            best = self.index.rerank(question.query_str, hits, top_n=self.top_n, reranker=self._asking())
            ranked.extend(_scored(nodes, hits, best))
        return ranked

    @dispatcher.span  # LlamaIndex gives only the blocking one a span
    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        question = _question(query_bundle)
        if not nodes:
            return []
        with self._reported(question, nodes) as ranked:
            hits = to_hits(nodes)
            best = await self.index.arerank(question.query_str, hits, top_n=self.top_n, reranker=self._asking())
            ranked.extend(_scored(nodes, hits, best))
        return ranked

    def _get_prompts(self) -> dict[str, BasePromptTemplate]:
        model = self._model()
        return {} if model is None else self._prompts.templates(rerank=model.prompt)

    def _update_prompts(self, prompts: dict[str, BasePromptTemplate]) -> None:
        if "rerank" in prompts and self._model() is None:
            raise InputError(
                "prompt 'rerank': got one, but no model reranks here; give reranker=LLMReranker() to this or the handle"
            )
        self._prompts.update(prompts)

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}

    def _model(self) -> LLMReranker | None:
        chosen = self.index.reranker if self.reranker is None else self.reranker
        return chosen if isinstance(chosen, LLMReranker) else None

    def _asking(self) -> Any:
        """The reranker with the prompt given; None: the handle's."""
        model, prompt = self._model(), self._prompts.texts().get("rerank")
        return self.reranker if model is None else model.asking(prompt)

    @contextmanager
    def _reported(self, question: QueryBundle, nodes: list[NodeWithScore]) -> Iterator[list[NodeWithScore]]:
        """Tell both of LlamaIndex's observers what is put into the list that is yielded."""
        model = self.index.describe()["reranker"] if self.reranker is None else type(self.reranker).__name__
        dispatcher.event(ReRankStartEvent(query=question, nodes=nodes, top_n=self.top_n, model_name=model))
        payload: dict[str, Any] = {
            EventPayload.NODES: nodes,
            EventPayload.MODEL_NAME: model,
            EventPayload.QUERY_STR: question.query_str,
            EventPayload.TOP_K: self.top_n,
        }
        ranked: list[NodeWithScore] = []
        with self.callback_manager.event(CBEventType.RERANKING, payload=payload) as event:
            yield ranked
            event.on_end(payload={EventPayload.NODES: ranked})
        dispatcher.event(ReRankEndEvent(nodes=ranked))


def _question(query_bundle: QueryBundle | None) -> QueryBundle:
    if query_bundle is None:
        raise InputError("query_bundle: got None; reranking needs the question, as query_bundle= or query_str=")
    return query_bundle


def _scored(nodes: Sequence[NodeWithScore], hits: Sequence[Hit], best: Sequence[Hit]) -> list[NodeWithScore]:
    originals = {hit.chunk_id: item.node for hit, item in zip(hits, nodes, strict=True)}
    return [NodeWithScore(node=originals[hit.chunk_id], score=float(hit.score)) for hit in best]
