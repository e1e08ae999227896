"""Our query engine: context, citations, streams, prompts, models, and what both observers see of one query."""

import json
from typing import Any

import pytest
from llama_index.core import Settings
from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.llms import ChatMessage, MockLLM
from llama_index.core.prompts import PromptTemplate, RichPromptTemplate
from llama_index.core.response_synthesizers import ResponseMode
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import NodeWithScore, TextNode

from lightrag_integrations import (
    AnswerOptions,
    ConfigurationError,
    Document,
    InputError,
    LexicalExtractor,
    LightRAGIndex,
    LLMReranker,
    OpenAIChatModel,
    QueryOptions,
)
from lightrag_integrations.llama_index import (
    LightRAGQueryEngine,
    LightRAGRerank,
    LightRAGRetriever,
    LightRAGSynthesizer,
)
from lightrag_integrations.llama_index.answering import answering_llm
from tests.doubles.fixtures import openai_server as openai_server
from tests.doubles.openai_server import OpenAIServer
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat, WordLLM


@pytest.fixture
def served(make_index: MakeIndex, openai_server: OpenAIServer, articles: list[Document]) -> LightRAGIndex:
    """The collection behind a model that is none of LlamaIndex's."""
    llm = OpenAIChatModel("m", base_url=openai_server.base_url, api_key="k")
    made = make_index(llm=llm, extractor=LexicalExtractor(), reranker=LLMReranker())
    made.ingest(articles)
    openai_server.script("---Context---", "Edda Quill did [2], and nobody else [7][2].")
    return made


def said(server: OpenAIServer, kind: str) -> str:
    """The instructions of the last call of a kind."""
    return next(str(one.body["messages"][0]["content"]) for one in reversed(server.requests) if one.kind == kind)


async def test_answers_rest_on_the_graph_and_cite(
    served: LightRAGIndex, openai_server: OpenAIServer, question: str
) -> None:
    engine = LightRAGQueryEngine.from_args(LightRAGRetriever(served, similarity_top_k=3))
    response = engine.query(question)
    assert str(response) == "Edda Quill did [2], and nobody else [7][2]."
    used: dict[str, Any] = response.metadata or {}
    assert [chunk["number"] for chunk in used["chunks"]] == [1, 2, 3] and used["cited"] == [2]
    for chunk, source in zip(used["chunks"], response.source_nodes, strict=True):
        assert (chunk["chunk_id"], chunk["document_id"]) == (source.node.node_id, source.node.ref_doc_id)
        assert chunk["source"] == f"{chunk['document_id']}.txt" and chunk["end"] > chunk["start"]
    prompt = said(openai_server, "answer")
    for part in ("Entities:", "Relations:", "[1] ", "[3] ", used["entities"][0]["name"]):
        assert part in prompt
    assert used["relations"][0]["description"] in prompt and "year" not in prompt
    again = await engine.aquery(question)
    assert (again.metadata, again.source_nodes) == (response.metadata, response.source_nodes)
    assert json.loads(json.dumps(used)) == used
    assert served.graph.entity(used["entities"][0]["name"]) is not None


async def test_streams_know_their_citations_at_the_end(served: LightRAGIndex, question: str) -> None:
    engine = LightRAGQueryEngine.from_args(LightRAGRetriever(served, similarity_top_k=3), streaming=True)
    stream = engine.query(question)
    assert isinstance(stream, StreamingResponse) and stream.metadata is not None
    assert len(stream.metadata["chunks"]) == 3 and stream.metadata["cited"] == []
    pieces = list(stream.response_gen)
    assert len(pieces) > 1 and stream.metadata["cited"] == [2]
    live = await engine.aquery(question)
    assert isinstance(live, AsyncStreamingResponse) and live.metadata is not None
    assert [piece async for piece in live.async_response_gen()] == pieces
    assert live.metadata["cited"] == [2] and len(live.source_nodes) == 3


async def test_every_prompt_is_within_reach(served: LightRAGIndex, openai_server: OpenAIServer, question: str) -> None:
    retriever = LightRAGRetriever(
        served, mode="hybrid", similarity_top_k=3, options=QueryOptions(keywords=True, decompose=True)
    )
    engine = LightRAGQueryEngine.from_args(retriever, node_postprocessors=[LightRAGRerank(index=served, top_n=2)])
    prompts = engine.get_prompts()
    assert set(prompts) == {
        "retriever:keywords", "retriever:decompose", "retriever:rerank", "reranker:rerank",
        "response_synthesizer:answer",
    }  # fmt: skip
    engine.query(question)
    kinds = ("keywords", "decompose", "rerank", "answer")
    for kind, key in zip(kinds, ("retriever:keywords", "retriever:decompose", "reranker:rerank"), strict=False):
        assert said(openai_server, kind).startswith(prompts[key].get_template())
    engine.update_prompts(
        {
            "retriever:keywords": PromptTemplate("high_level_keywords of {what}").partial_format(what="ships"),
            "retriever:decompose": PromptTemplate("sub_questions in Norwegian"),
            "reranker:rerank": PromptTemplate("ranking by age"),
            "response_synthesizer:answer": RichPromptTemplate("Rhyme. ---Context---\n{{ context }}"),
        }
    )
    openai_server.requests.clear()
    await engine.aquery(question)
    starts = ("high_level_keywords of ships", "sub_questions in Norwegian", "ranking by age", "Rhyme. ---Context---\n")
    for kind, start in zip(kinds, starts, strict=True):
        assert said(openai_server, kind).startswith(start)
    assert engine.get_prompts()["reranker:rerank"].get_template() == "ranking by age"
    stock = LightRAGRetriever(served, rerank=True)
    stock.update_prompts({"rerank": PromptTemplate("ranking by length")})
    stock.retrieve(question)
    assert said(openai_server, "rerank").startswith("ranking by length")


def test_prompts_that_cannot_work_are_refused(library: LightRAGIndex) -> None:
    synthesizer = LightRAGSynthesizer(library, llm=MockLLM())
    with pytest.raises(InputError, match=r"\{context\}"):
        synthesizer.update_prompts({"answer": PromptTemplate("Answer from {context_str}")})
    mapped = PromptTemplate("Answer from {context_str}", template_var_mappings={"context": "context_str"})
    synthesizer.update_prompts({"answer": mapped})
    response = synthesizer.synthesize("Who?", [NodeWithScore(node=TextNode(text="Ada did."))])
    assert "Answer from Passages:\n[1] Ada did." in str(response)
    with pytest.raises(InputError, match="no model reranks"):
        LightRAGRerank(index=library).update_prompts({"rerank": PromptTemplate("x")})
    assert LightRAGRerank(index=library).get_prompts() == {}


async def test_bare_texts_and_bare_prompts(served: LightRAGIndex, openai_server: OpenAIServer) -> None:
    openai_server.clear()
    openai_server.script("[1] Ada did.", "She did [1].")
    synthesizer = LightRAGSynthesizer(served)
    assert synthesizer.get_response("Who?", ["Ada did."]) == "She did [1]."
    assert await synthesizer.aget_response("Who?", ["Ada did."]) == "She did [1]."
    live: Any = await LightRAGSynthesizer(served, streaming=True).aget_response("Who?", ["Ada did."])
    assert "".join([piece async for piece in live]) == "She did [1]."
    openai_server.script("Say yes.", "Yes, certainly yes.")
    llm = answering_llm(served)
    assert llm.complete("Say yes.").text == (await llm.acomplete("Say yes.")).text == "Yes, certainly yes."
    pieces = list(llm.stream_complete("Say yes."))
    assert len(pieces) > 1 and pieces[-1].text == "".join(piece.delta or "" for piece in pieces)
    assert [piece async for piece in await llm.astream_complete("Say yes.")] == pieces
    turns = [ChatMessage("Be brief.", role="system"), ChatMessage("Hi"), ChatMessage("Yes?", role="assistant")]
    *_, last = llm.stream_chat([*turns, ChatMessage("Say yes.")])
    assert last.message.content == pieces[-1].text
    sent = [(message["role"], message["content"]) for message in openai_server.requests[-1].body["messages"]]
    assert sent == [("system", "Be brief."), ("user", "Hi"), ("assistant", "Yes?"), ("user", "Say yes.")]
    assert llm.metadata.model_name == "m" and "index" not in llm.to_dict()


async def test_which_model_answers(library: LightRAGIndex, question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    retriever = LightRAGRetriever(library, similarity_top_k=2)
    monkeypatch.setattr(Settings, "_llm", None)
    with pytest.raises(ConfigurationError, match=r"Settings\.llm is not set"):
        LightRAGQueryEngine.from_args(retriever)
    monkeypatch.setattr(Settings, "_llm", MockLLM())
    assert question in str(LightRAGQueryEngine.from_args(retriever).query(question))
    given = WordLLM()
    assert "[2]" in str(await LightRAGQueryEngine.from_args(retriever, llm=given).aquery(question))
    assert given.kinds == ["answer"]
    chat = WordChat()  # one of LangChain's
    assert "[2]" in str(LightRAGQueryEngine.from_args(retriever, llm=chat).query(question))
    stock = LightRAGQueryEngine.from_args(retriever, llm=chat, response_mode=ResponseMode.REFINE)
    assert isinstance(stock, LightRAGQueryEngine) and stock.query(question).source_nodes
    assert chat.kinds == ["answer"] * 3  # of two passages, the second refines
    nowhere = LightRAGRetriever(library, filters={"year": 1})
    nothing = await LightRAGQueryEngine.from_args(nowhere, llm=given).aquery("?")
    assert str(nothing) == "Empty Response" and nothing.source_nodes == []
    stream = LightRAGQueryEngine.from_args(nowhere, llm=given, streaming=True, use_async=True, verbose=True)
    empty, live = stream.query("?"), await stream.aquery("?")
    assert isinstance(empty, StreamingResponse) and isinstance(live, AsyncStreamingResponse)
    assert [*empty.response_gen] == [piece async for piece in live.async_response_gen()] == ["Empty Response"]
    assert empty.metadata == live.metadata == nothing.metadata
    for wrong in ({"top_k": 3}, {"answer": AnswerOptions(), "response_mode": ResponseMode.REFINE}):
        with pytest.raises(InputError, match=r"top_k|answer: it is for our synthesizer"):
            LightRAGQueryEngine.from_args(retriever, llm=given, **wrong)


def test_over_other_retrievers(library: LightRAGIndex, question: str) -> None:
    modes: list[Any] = ["keyword", "graph"]
    both = QueryFusionRetriever(
        [LightRAGRetriever(library, mode=mode) for mode in modes], llm=MockLLM(), num_queries=1, use_async=False
    )
    with pytest.raises(ConfigurationError, match="index="):
        LightRAGQueryEngine.from_args(both, llm=MockLLM())
    engine = LightRAGQueryEngine.from_args(both, index=library, llm=MockLLM())
    response = engine.query(question)
    assert (response.metadata or {})["entities"] and "Passages:" in str(response)
    assert isinstance(engine.with_retriever(LightRAGRetriever(library)), LightRAGQueryEngine)


class Seen(BaseEventHandler):
    events: list[Any] = []  # noqa: RUF012 - pydantic copies it

    def handle(self, event: Any, **kwargs: Any) -> None:
        self.events.append(event)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_one_query_is_seen_whole(
    make_index: MakeIndex, articles: list[Document], question: str, asynchronous: bool
) -> None:
    llm = WordLLM()
    index = make_index(llm=llm, extractor=LexicalExtractor(), reranker=LLMReranker())
    index.ingest(articles)
    debug = LlamaDebugHandler(print_trace_on_end=False)
    manager = CallbackManager([debug])
    options = QueryOptions(mode="hybrid", keywords=True, k=3)
    engine = LightRAGQueryEngine.from_args(
        LightRAGRetriever(index, options=options, callback_manager=manager),
        node_postprocessors=[LightRAGRerank(index=index, top_n=2)],
        callback_manager=manager,
    )
    events, spans, dispatcher = Seen(), SimpleSpanHandler(), get_dispatcher()
    dispatcher.add_event_handler(events)
    dispatcher.add_span_handler(spans)
    try:
        await engine.aquery(question) if asynchronous else engine.query(question)
    finally:
        dispatcher.event_handlers.remove(events)
        dispatcher.span_handlers.remove(spans)
    names = [type(event).__name__ for event in events.events]
    wanted = [
        "QueryStartEvent", "RetrievalStartEvent", "LLMChatStartEvent", "LLMChatEndEvent", "RetrievalEndEvent",
        "ReRankStartEvent", "LLMChatStartEvent", "LLMChatEndEvent", "ReRankEndEvent",
        "SynthesizeStartEvent", "LLMChatStartEvent", "LLMChatEndEvent", "SynthesizeEndEvent", "QueryEndEvent",
    ]  # fmt: skip
    assert [name for name in names if name in wanted] == wanted
    assert llm.kinds == ["keywords", "rerank", "answer"]
    parents = {span.id_: span.parent_id for span in spans.completed_spans}

    def line(span: str | None) -> list[str]:
        return [] if span is None else [span.split("-")[0].split(".")[-1], *line(parents.get(span))]

    first = [line(event.span_id) for event in events.events if type(event).__name__ == "LLMChatStartEvent"]
    suffix = ["_aquery", "aquery"] if asynchronous else ["_query", "query"]
    inner = [("_aretrieve", "aretrieve"), ("_apostprocess_nodes",), ("asynthesize",)]
    for found, steps in zip(first, inner, strict=True):
        blocking = [step.replace("_a", "_", 1).removeprefix("a") for step in steps]
        assert found == ["chat", *(steps if asynchronous else blocking), *suffix]
    for kind in (CBEventType.QUERY, CBEventType.RETRIEVE, CBEventType.RERANKING, CBEventType.SYNTHESIZE):
        assert len(debug.get_event_pairs(kind)) == 1, kind


@pytest.mark.parametrize(
    ("stock", "key", "known"),
    [
        ({}, "response_synthesizer:anser", "anser; there are answer"),
        ({}, "retriever:text_qa_template", "text_qa_template; there are decompose, keywords, rerank"),
        ({}, "answer", "answer; there are response_synthesizer:answer, retriever:decompose"),
        (
            {"response_mode": "compact"},
            "response_synthesizer:answer",
            "response_synthesizer:answer; there are response_",
        ),
    ],
)
def test_prompts_of_unknown_names_are_told(
    library: LightRAGIndex, caplog: pytest.LogCaptureFixture, stock: dict[str, Any], key: str, known: str
) -> None:
    engine = LightRAGQueryEngine.from_args(LightRAGRetriever(library), MockLLM(), **stock)
    engine.update_prompts({"retriever:keywords": PromptTemplate("x")})
    assert caplog.messages == []
    engine.update_prompts({key: PromptTemplate("x {context}"), "retriever:rerank": PromptTemplate("y")})
    (said,) = caplog.messages
    assert said.startswith(f"update_prompts: passed over {known}")
    assert engine.get_prompts()["retriever:rerank"].get_template() == "y"
