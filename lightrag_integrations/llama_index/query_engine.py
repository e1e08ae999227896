"""`LightRAGQueryEngine`: search, rerank and answer with citations, every prompt within reach."""

from __future__ import annotations

import inspect
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import RESPONSE_TYPE
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.prompts.mixin import PromptMixin
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.schema import QueryBundle

from lightrag_integrations import AnswerOptions, ConfigurationError, InputError, LightRAGIndex
from lightrag_integrations.given import checked
from lightrag_integrations.llama_index.answering import answering_llm
from lightrag_integrations.llama_index.prompts import warn_of_unknown
from lightrag_integrations.llama_index.retriever import LightRAGRetriever, searches
from lightrag_integrations.llama_index.synthesizer import LightRAGSynthesizer

__all__ = ["LightRAGQueryEngine"]

_SAYS_NOTHING = frozenset({"use_async", "verbose"})
"""Arguments that people give to every engine, and that say nothing about how ours answers."""


class LightRAGQueryEngine(RetrieverQueryEngine):
    """A `RetrieverQueryEngine` whose answers rest on entities, relations and passages, and cite the passages.

    `response.metadata` lists the entities, relations and numbered chunks that the model read, and the numbers cited.
    `get_prompts` and `update_prompts` reach the prompts of retriever, reranker and answer. With a synthesizer of
    LlamaIndex's, or any argument that is for one (`response_mode`, `text_qa_template`, `output_cls`, …), it answers as
    LlamaIndex does.
    """

    def __init__(
        self,
        retriever: BaseRetriever,
        response_synthesizer: BaseSynthesizer | None = None,
        node_postprocessors: list[BaseNodePostprocessor] | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            retriever: A `LightRAGRetriever`; with a synthesizer any other one, too.
            response_synthesizer: None: a `LightRAGSynthesizer` with the retriever's handle.
            node_postprocessors: Applied in order, `LightRAGRerank` for one.
            callback_manager: See LlamaIndex.

        Raises:
            ConfigurationError: There is neither synthesizer nor handle, or no model to answer with.
        """
        chosen = response_synthesizer or _synthesizer(retriever, None, callback_manager=callback_manager)
        super().__init__(retriever, chosen, node_postprocessors, callback_manager)

    @classmethod
    def from_args(  # type: ignore[override] # what is for LlamaIndex's synthesizers goes by name
        cls,
        retriever: BaseRetriever,
        llm: Any = None,
        response_synthesizer: BaseSynthesizer | None = None,
        node_postprocessors: list[BaseNodePostprocessor] | None = None,
        callback_manager: CallbackManager | None = None,
        *,
        index: LightRAGIndex | None = None,
        streaming: bool = False,
        answer: AnswerOptions | None = None,
        **kwargs: Any,
    ) -> LightRAGQueryEngine:
        """Make an engine.

        Args:
            retriever: A `LightRAGRetriever`, or any other one.
            llm: Whatever a handle takes as `llm`; None: the handle's, and `Settings.llm` where it has none.
            response_synthesizer: In place of ours.
            node_postprocessors: Applied in order.
            callback_manager: See LlamaIndex.
            index: The handle, where the retriever is not ours.
            streaming: Answer in pieces.
            answer: Response type, extra instructions; None: the handle's.
            **kwargs: For a synthesizer of LlamaIndex's: see `RetrieverQueryEngine.from_args`.

        Raises:
            InputError: An argument is unknown.
            ConfigurationError: There is no handle, or no model to answer with.
        """
        known = _SAYS_NOTHING | inspect.signature(RetrieverQueryEngine.from_args).parameters.keys()
        unknown = sorted(kwargs.keys() - known)
        if unknown:
            raise InputError(f"got unknown arguments {', '.join(unknown)}; see RetrieverQueryEngine.from_args")
        chosen, stock = response_synthesizer, kwargs.keys() - _SAYS_NOTHING
        if stock and answer is not None:
            raise InputError(f"answer: it is for our synthesizer, and {', '.join(sorted(stock))} for LlamaIndex's")
        if chosen is None and not stock:
            chosen = _synthesizer(
                retriever, index, llm=llm, streaming=streaming, options=answer, callback_manager=callback_manager
            )
        if chosen is not None:
            return cls(retriever, chosen, node_postprocessors, callback_manager)
        made: LightRAGQueryEngine = super().from_args(  # type: ignore[assignment] # it makes a `cls`
            retriever,
            llm=answering_llm(_handle(retriever, index), llm),
            node_postprocessors=node_postprocessors,
            callback_manager=callback_manager,
            streaming=streaming,
            **kwargs,
        )
        return made

    def with_retriever(self, retriever: BaseRetriever) -> LightRAGQueryEngine:
        """The same with another retriever."""
        return type(self)(retriever, self._response_synthesizer, self._node_postprocessors, self.callback_manager)

    def _get_prompt_modules(self) -> dict[str, Any]:
        rerankers = [one for one in self._node_postprocessors if isinstance(one, PromptMixin)]
        named = {"reranker" if number == 1 else f"reranker_{number}": one for number, one in enumerate(rerankers, 1)}
        return {"retriever": self._retriever, "response_synthesizer": self._response_synthesizer, **named}

    def _update_prompts(self, prompts_dict: dict[str, BasePromptTemplate]) -> None:
        # A module of ours says it by itself.
        own = [name for name, one in self._get_prompt_modules().items() if hasattr(one, "_prompts")]
        given = [key for key in prompts_dict if key.split(":")[0] not in own]
        warn_of_unknown(given, self.get_prompts().keys())

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        payload: dict[str, Any] = {EventPayload.QUERY_STR: query_bundle.query_str}
        with self.callback_manager.event(CBEventType.QUERY, payload=payload) as event, searches():
            response = self.synthesize(query_bundle, self.retrieve(query_bundle))
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        payload: dict[str, Any] = {EventPayload.QUERY_STR: query_bundle.query_str}
        with self.callback_manager.event(CBEventType.QUERY, payload=payload) as event, searches():
            response = await self.asynthesize(query_bundle, await self.aretrieve(query_bundle))
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response


def _handle(retriever: BaseRetriever, index: LightRAGIndex | None) -> LightRAGIndex:
    if index is not None:
        return checked(index, LightRAGIndex, name="index")
    if isinstance(retriever, LightRAGRetriever):
        return retriever.index
    if isinstance(retriever, LightRAGIndex):
        raise ConfigurationError("retriever: got LightRAGIndex; expected a retriever: give LightRAGRetriever(index)")
    raise ConfigurationError(
        f"retriever: got {type(retriever).__name__}, which has no handle; give LightRAGQueryEngine.from_args index=, "
        "or a response_synthesizer"
    )


def _synthesizer(retriever: BaseRetriever, index: LightRAGIndex | None, **settings: Any) -> LightRAGSynthesizer:
    query = retriever.options if isinstance(retriever, LightRAGRetriever) else None
    return LightRAGSynthesizer(_handle(retriever, index), query=query, **settings)
