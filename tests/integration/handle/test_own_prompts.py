"""Prompts of one's own reach the model, and an answer can rest on what was found before, by any model."""

from typing import Any

import pytest

from lightrag_integrations import (
    AnswerOptions,
    Document,
    LexicalExtractor,
    LightRAGIndex,
    LLMReranker,
    OpenAIChatModel,
    QueryOptions,
)
from tests.doubles.openai_server import OpenAIServer
from tests.integration.handle.conftest import MakeIndex

QUESTION = "Where was the designer of the Fram born?"


@pytest.fixture
def index(make_index: MakeIndex, openai_server: OpenAIServer) -> LightRAGIndex:
    llm = OpenAIChatModel("double", base_url=openai_server.url, api_key="k")
    made = make_index(llm=llm, extractor=LexicalExtractor(), reranker=LLMReranker(prompt="ranking, from the handle"))
    made.ingest([Document(id="fram", text="The Fram was designed by Colin Archer."), Document(id="tea", text="Tea.")])
    return made


def instructions(server: OpenAIServer) -> str:
    message = server.requests[-1].body["messages"][0]
    assert message["role"] == "system"
    return str(message["content"])


@pytest.mark.parametrize(
    ("prompt", "fields"),
    [
        ("high_level_keywords, please", {"mode": "hybrid", "keywords": True, "keywords_prompt": ...}),
        ("sub_questions, please", {"decompose": True, "decompose_prompt": ...}),
        ("ranking, please", {"rerank": "llm", "rerank_prompt": ...}),
    ],
)
def test_each_step_of_a_search_asks_in_the_callers_words(
    index: LightRAGIndex, openai_server: OpenAIServer, prompt: str, fields: dict[str, Any]
) -> None:
    given = {name: prompt if value is ... else value for name, value in fields.items()}
    index.retrieve(QUESTION, **given)  # type: ignore[arg-type]
    assert instructions(openai_server).startswith(prompt)
    own = {name: value for name, value in fields.items() if value is not ...}
    index.retrieve(QUESTION, options=QueryOptions(**own))
    assert not instructions(openai_server).startswith(prompt)


def test_a_reranker_keeps_its_own_words(index: LightRAGIndex, openai_server: OpenAIServer) -> None:
    for rerank in (True, "llm"):
        index.retrieve(QUESTION, rerank=rerank)
        assert instructions(openai_server).startswith("ranking, from the handle")
    hits = index.retrieve(QUESTION).hits
    given = LLMReranker(prompt="ranking, once", max_hits=1)
    index.rerank(QUESTION, hits, reranker=given.asking("ranking, differently"))
    assert instructions(openai_server).startswith("ranking, differently")
    assert given.prompt == "ranking, once" and index.reranker.prompt == "ranking, from the handle"


async def test_an_answer_rests_on_what_was_found_before(index: LightRAGIndex, openai_server: OpenAIServer) -> None:
    found = index.retrieve(QUESTION, k=1)
    index.documents.delete(["fram"])
    openai_server.script("[1] The Fram was designed by Colin Archer.", "At Larvik [1].")
    answer = index.answer(QUESTION, options=AnswerOptions(retrieval=found))
    assert answer.text == "At Larvik [1]."
    assert [citation.document_id for citation in answer.citations] == ["fram"]
    assert answer.retrieval.hits == found.hits
    pieces = index.astream_answer(
        QUESTION, options=AnswerOptions(retrieval=found, system_prompt="---Context---{context}")
    )
    assert "".join([piece async for piece in pieces]) == answer.text


def test_another_model_answers_one_call(index: LightRAGIndex, openai_server: OpenAIServer) -> None:
    other = OpenAIChatModel("other", base_url=openai_server.url, api_key="k")
    index.answer(QUESTION, options=AnswerOptions(llm=other))
    assert openai_server.requests[-1].body["model"] == "other"
    assert "other" not in repr(AnswerOptions(llm=other))
    index.answer(QUESTION)
    assert openai_server.requests[-1].body["model"] == "double"
