"""The reranker as a node postprocessor."""

from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from pydantic import ValidationError

from lightrag_integrations import InputError, LexicalReranker, LightRAGIndex, LLMReranker
from lightrag_integrations.llama_index import LightRAGRerank
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordLLM

QUESTION = "Which bridge crosses the river?"


def nodes() -> list[NodeWithScore]:
    texts = ("Boats of light float by.", "The Corvane Bridge crosses the river.", "The bridge is old.", "Glass makers.")
    return [NodeWithScore(node=TextNode(id_=f"n{n}", text=text), score=0.1 * n) for n, text in enumerate(texts)]


class Seen(BaseEventHandler):
    events: list[Any] = []  # noqa: RUF012 - pydantic copies it

    def handle(self, event: Any, **kwargs: Any) -> None:
        if isinstance(event, ReRankStartEvent | ReRankEndEvent):
            self.events.append(event)


@pytest.mark.parametrize("top_n", [1, 3, 9])
async def test_the_best_come_first_on_new_objects(index: LightRAGIndex, top_n: int) -> None:
    given = nodes()
    rerank = LightRAGRerank(index=index, top_n=top_n)
    ranked = rerank.postprocess_nodes(given, query_str=QUESTION)
    assert len(ranked) == min(top_n, 4)
    assert ranked[0].node.node_id == "n1"
    scores = [item.score or 0.0 for item in ranked]
    assert scores == sorted(scores, reverse=True)
    assert given == nodes()
    assert await rerank.apostprocess_nodes(given, QueryBundle(QUESTION)) == ranked


async def test_both_observers_are_told(index: LightRAGIndex) -> None:
    handler, dispatcher = Seen(), get_dispatcher()
    debug = LlamaDebugHandler(print_trace_on_end=False)
    rerank = LightRAGRerank(index=index, top_n=2)
    rerank.callback_manager = CallbackManager([debug])
    dispatcher.add_event_handler(handler)
    try:
        ranked = rerank.postprocess_nodes(nodes(), query_str=QUESTION)
        await rerank.apostprocess_nodes(nodes(), query_str=QUESTION)
    finally:
        dispatcher.event_handlers.remove(handler)
    assert [type(event) for event in handler.events] == [ReRankStartEvent, ReRankEndEvent] * 2
    start, end = handler.events[:2]
    assert (start.top_n, start.model_name, len(start.nodes)) == (2, "LexicalReranker", 4)
    assert end.nodes == ranked
    assert len(debug.get_event_pairs(CBEventType.RERANKING)) == 2


def test_no_question_and_no_nodes(index: LightRAGIndex) -> None:
    rerank = LightRAGRerank(index=index)
    assert rerank.postprocess_nodes([], query_str=QUESTION) == []
    with pytest.raises(InputError, match="query_bundle"):
        rerank.postprocess_nodes(nodes())
    with pytest.raises(ValidationError):
        LightRAGRerank(index=index, topn=2)  # type: ignore[call-arg]


def test_a_reranker_given_takes_the_place_of_the_handles(make_index: MakeIndex) -> None:
    llm = WordLLM()
    index = make_index(llm=llm, reranker=LLMReranker())
    own = LightRAGRerank(index=index).postprocess_nodes(nodes(), query_str=QUESTION)
    assert llm.kinds == ["rerank"]
    given = LightRAGRerank(index=index, reranker=LexicalReranker()).postprocess_nodes(nodes(), query_str=QUESTION)
    assert llm.kinds == ["rerank"]
    assert own[0].node.node_id == given[0].node.node_id == "n1"


def test_nothing_secret_is_shown() -> None:
    index = LightRAGIndex("secret", database="postgresql://user:s3cr3t-word@127.0.0.1:1/db")
    rerank = LightRAGRerank(index=index)
    assert "s3cr3t" not in repr(rerank) + rerank.to_json()
