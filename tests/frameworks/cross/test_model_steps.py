"""Both frameworks pass on what a search may ask a model for: one call each when asked, none otherwise."""

import json
from typing import Any

import pytest

from lightrag_integrations import Document, LexicalExtractor, LightRAGIndex, OpenAIChatModel, QueryOptions
from lightrag_integrations import langchain as lc
from lightrag_integrations import llama_index as li
from tests.doubles.fixtures import openai_server as openai_server
from tests.doubles.openai_server import OpenAIServer
from tests.frameworks.conftest import MakeIndex

STEPS = ("Who designed the Corvane Bridge?", "Where did #1 study?", "Who founded #2?")


@pytest.fixture
def index(make_index: MakeIndex, openai_server: OpenAIServer, articles: list[Document], question: str) -> LightRAGIndex:
    llm = OpenAIChatModel("m", base_url=openai_server.base_url, api_key="k")
    made = make_index(llm=llm, extractor=LexicalExtractor())
    made.ingest(articles)
    openai_server.script("<passage", json.dumps({"ranking": [3, 1, 2]}))
    openai_server.script(question, json.dumps({"sub_questions": [{"question": text} for text in STEPS]}))
    return made


def ids(found: Any) -> list[str]:
    return [item.metadata["lightrag"]["chunk_id"] for item in found]


def test_decompose(index: LightRAGIndex, openai_server: OpenAIServer, question: str) -> None:
    lc.LightRAGRetriever(index=index, k=3).invoke(question)
    li.LightRAGRetriever(index, similarity_top_k=3).retrieve(question)
    assert openai_server.chat_calls == 0
    expected = index.retrieve(question, k=3, decompose=True)
    assert len(expected.sub_questions) == 3 and "Mira Halden" in expected.sub_questions[1]
    wanted = [hit.chunk_id for hit in expected.hits]
    assert "tarn#0" in wanted
    splitting = QueryOptions(k=3, decompose=True)
    for found in (
        lc.LightRAGRetriever(index=index, k=3).invoke(question, decompose=True),
        lc.LightRAGRetriever(index=index, k=3, options=splitting).invoke(question),
        li.LightRAGRetriever(index, options=splitting).retrieve(question),
        li.LightRAGToolSpec(index, options=splitting).search(question, k=3),
    ):
        assert ids(found) == wanted
    assert dict(openai_server.calls) == {"decompose": 5}


def test_rerank_by_the_chat_model(index: LightRAGIndex, openai_server: OpenAIServer, question: str) -> None:
    plain = ids(lc.LightRAGRetriever(index=index, k=8).invoke(question))
    wanted = [plain[2], plain[0]]
    tool = lc.LightRAGTool(index=index, k=2, rerank="llm")
    for found in (
        lc.LightRAGRetriever(index=index, k=2, rerank="llm").invoke(question),
        lc.LightRAGRetriever(index=index, k=2).invoke(question, rerank="llm"),
        li.LightRAGRetriever(index, similarity_top_k=2, rerank="llm").retrieve(question),
        tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": {"query": question}}).artifact,
    ):
        assert ids(found) == wanted
    assert dict(openai_server.calls) == {"rerank": 4}
