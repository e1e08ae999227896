"""`LightRAGSynthesizer`: answers from entities, relations and numbered passages, and says what it used."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, closing
from typing import Any

from llama_index.core.base.response.schema import (
    RESPONSE_TYPE,
    AsyncStreamingResponse,
    Response,
    StreamingResponse,
)
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.synthesis import SynthesizeEndEvent, SynthesizeStartEvent
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.schema import NodeWithScore, QueryBundle, QueryType, TextNode
from llama_index.core.types import RESPONSE_TEXT_TYPE

from lightrag_integrations import AnswerOptions, Context, LightRAGIndex, QueryOptions, RetrievalResult
from lightrag_integrations.given import checked
from lightrag_integrations.llama_index.answering import HandleLLM, answering_llm
from lightrag_integrations.llama_index.convert import to_hits
from lightrag_integrations.llama_index.prompts import OwnPrompts
from lightrag_integrations.llama_index.retriever import searches_so_far
from lightrag_integrations.models import cited_numbers
from lightrag_integrations.options import choose, merged

__all__ = ["LightRAGSynthesizer"]

_EMPTY = "Empty Response"
"""What every synthesizer of LlamaIndex says where nothing was found."""


class LightRAGSynthesizer(BaseSynthesizer):
    """Answers from LightRAG's context with citations `[n]`; the handle's limits, retries and ledger apply.

    In a `LightRAGQueryEngine` the context begins with the entities and relations of the search; elsewhere, with nodes
    from anywhere, it is their numbered passages. The response's metadata tells what the model read: `entities`,
    `relations`, `chunks` (numbered as they are cited, with document and span), and of these the `cited` numbers, which
    a stream fills in at its end. The prompt `answer` can be replaced by `update_prompts`.
    """

    def __init__(
        self,
        index: LightRAGIndex,
        *,
        llm: Any = None,
        streaming: bool = False,
        options: AnswerOptions | None = None,
        query: QueryOptions | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        """Choose the model.

        Args:
            index: The handle.
            llm: Whatever the handle takes as `llm`; None: the handle's, and `Settings.llm` where it has none.
            streaming: Answer in pieces.
            options: Response type, extra instructions, history; None: the handle's.
            query: The token budgets of the context; None: the handle's.
            callback_manager: See LlamaIndex.

        Raises:
            ConfigurationError: There is no model.
            InputError: It is no handle.
        """
        checked(index, LightRAGIndex, name="index")
        super().__init__(llm=answering_llm(index, llm), callback_manager=callback_manager, streaming=streaming)
        self._index = index
        # What the handle adopts: never a `HandleLLM`, which would ask the handle again, within the same limits.
        self._asked = self._llm.model if isinstance(self._llm, HandleLLM) else self._llm
        self._options = choose(options, index.options.answer, {})
        self._budgets = query or index.options.query
        self._prompts = OwnPrompts("answer")

    def synthesize(
        self,
        query: QueryType,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
        **response_kwargs: Any,
    ) -> RESPONSE_TYPE:
        """Answer from nodes.

        Args:
            query: The question.
            nodes: The passages, in the order in which they are numbered.
            additional_source_nodes: Told among the response's sources, not to the model.
            **response_kwargs: Not used.
        """
        bundle = QueryBundle(query) if isinstance(query, str) else query
        dispatcher = get_dispatcher(__name__)
        dispatcher.event(SynthesizeStartEvent(query=bundle))
        payload: dict[str, Any] = {EventPayload.QUERY_STR: bundle.query_str}
        with self._callback_manager.event(CBEventType.SYNTHESIZE, payload=payload) as event:
            response = self._answered(bundle.query_str, nodes)
            response.source_nodes = [*nodes, *(additional_source_nodes or ())]
            event.on_end(payload={EventPayload.RESPONSE: response})
        dispatcher.event(SynthesizeEndEvent(query=bundle, response=response))
        return response

    async def asynthesize(
        self,
        query: QueryType,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
        **response_kwargs: Any,
    ) -> RESPONSE_TYPE:
        """Like `synthesize`."""
        bundle = QueryBundle(query) if isinstance(query, str) else query
        dispatcher = get_dispatcher(__name__)
        dispatcher.event(SynthesizeStartEvent(query=bundle))
        payload: dict[str, Any] = {EventPayload.QUERY_STR: bundle.query_str}
        with self._callback_manager.event(CBEventType.SYNTHESIZE, payload=payload) as event:
            response = await self._aanswered(bundle.query_str, nodes)
            response.source_nodes = [*nodes, *(additional_source_nodes or ())]
            event.on_end(payload={EventPayload.RESPONSE: response})
        dispatcher.event(SynthesizeEndEvent(query=bundle, response=response))
        return response

    def get_response(self, query_str: str, text_chunks: Sequence[str], **response_kwargs: Any) -> RESPONSE_TEXT_TYPE:
        """Answer from bare texts."""
        response = self._answered(query_str, _passages(text_chunks))
        return response.response_gen if isinstance(response, StreamingResponse) else response.response or ""

    async def aget_response(
        self, query_str: str, text_chunks: Sequence[str], **response_kwargs: Any
    ) -> RESPONSE_TEXT_TYPE:
        """Like `get_response`."""
        response = await self._aanswered(query_str, _passages(text_chunks))
        return response.response_gen if isinstance(response, AsyncStreamingResponse) else response.response or ""

    def _get_prompts(self) -> dict[str, BasePromptTemplate]:
        return self._prompts.templates(answer=self._options.system_prompt)

    def _update_prompts(self, prompts: dict[str, BasePromptTemplate]) -> None:
        self._prompts.update(prompts)

    def _answered(self, question: str, nodes: Sequence[NodeWithScore]) -> Response | StreamingResponse:
        if not nodes:
            nothing = _used(Context(text=""), ())
            if self._streaming:
                return StreamingResponse(_noting((piece for piece in (_EMPTY,)), nothing), metadata=nothing)
            return Response(_EMPTY, metadata=nothing)
        result = _searched(question, nodes)
        context = self._index.context(result, **self._limits())
        asking, used = self._asking(result, context), _used(context, nodes)
        if self._streaming:
            stream: Any = self._index.stream_answer(question, options=asking)
            return StreamingResponse(_noting(stream, used), metadata=used)
        text = self._index.answer(question, options=asking).text
        return Response(text, metadata=_with_citations(used, text))

    async def _aanswered(self, question: str, nodes: Sequence[NodeWithScore]) -> Response | AsyncStreamingResponse:
        if not nodes:
            nothing = _used(Context(text=""), ())
            return (
                AsyncStreamingResponse(_empty(), metadata=nothing)
                if self._streaming
                else Response(_EMPTY, metadata=nothing)
            )
        result = _searched(question, nodes)
        context = await self._index.acontext(result, **self._limits())
        asking, used = self._asking(result, context), _used(context, nodes)
        if self._streaming:
            stream: Any = self._index.astream_answer(question, options=asking)
            return AsyncStreamingResponse(_anoting(stream, used), metadata=used)
        text = (await self._index.aanswer(question, options=asking)).text
        return Response(text, metadata=_with_citations(used, text))

    def _limits(self) -> Any:
        return self._budgets.model_dump(include={"entity_tokens", "relation_tokens", "context_tokens"})

    def _asking(self, result: RetrievalResult, context: Context) -> AnswerOptions:
        fields = {
            "retrieval": result.model_copy(update={"context": context}),
            "llm": self._asked,
            "system_prompt": self._prompts.texts().get("answer"),
        }
        return merged(self._options, fields)


async def _empty() -> AsyncGenerator[str, None]:
    yield _EMPTY


def _searched(question: str, nodes: Sequence[NodeWithScore]) -> RetrievalResult:
    """The nodes as hits, with the entities and relations of the searches that they come from."""
    found = searches_so_far()
    return RetrievalResult(
        query=question,
        mode=found[0].mode if found else "",
        hits=tuple(to_hits(nodes)),
        entities=tuple({entity.name: entity for one in found for entity in one.entities}.values()),
        relations=tuple({(view.source, view.target): view for one in found for view in one.relations}.values()),
    )


def _passages(texts: Sequence[str]) -> list[NodeWithScore]:
    return [NodeWithScore(node=TextNode(text=text)) for text in texts]


def _used(context: Context, nodes: Sequence[NodeWithScore]) -> dict[str, Any]:
    """What the model reads, in plain values."""
    places = zip(context.citations, nodes, strict=False)  # a context holds as many passages as fit
    return {
        "entities": [{"name": one.name, "type": one.type, "description": one.description} for one in context.entities],
        "relations": [
            {"source": one.source, "target": one.target, "description": one.description} for one in context.relations
        ],
        "chunks": [{**citation.model_dump(), "chunk_id": item.node.node_id} for citation, item in places],
        "cited": [],
    }


def _with_citations(used: dict[str, Any], text: str) -> dict[str, Any]:
    there = {chunk["number"] for chunk in used["chunks"]}
    used["cited"] = [number for number in cited_numbers(text) if number in there]
    return used


def _noting(stream: Any, used: dict[str, Any]) -> Generator[str, None, None]:
    said = ""
    with closing(stream):
        for piece in stream:
            said += piece
            yield piece
    _with_citations(used, said)


async def _anoting(stream: Any, used: dict[str, Any]) -> AsyncGenerator[str, None]:
    said = ""
    async with aclosing(stream):
        async for piece in stream:
            said += piece
            yield piece
    _with_citations(used, said)
