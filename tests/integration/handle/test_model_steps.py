"""Splitting a question and reranking by the chat model: one call each, through the real client, and what goes wrong."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lightrag_integrations import (
    ConfigurationError,
    Document,
    IndexOptions,
    IngestOptions,
    LexicalExtractor,
    LightRAGIndex,
    LLMReranker,
    ModelError,
    OpenAIChatModel,
    OpenAIEmbedder,
    TaskModels,
)
from tests.doubles.openai_server import OpenAIServer

MakeIndex = Callable[..., LightRAGIndex]
ASKED = "What is the birthplace of Night Ferry's director known for?"
STEPS = ("Who directed Night Ferry?", "Where was #1 born?", "What is #2 known for?")


@pytest.fixture
def model(openai_server: OpenAIServer) -> OpenAIChatModel:
    return OpenAIChatModel("m", base_url=openai_server.base_url, api_key="k")


@pytest.fixture
def index(make_index: MakeIndex, model: OpenAIChatModel, openai_server: OpenAIServer) -> LightRAGIndex:
    made = make_index(
        llm=model,
        embed_model=OpenAIEmbedder("e", base_url=openai_server.base_url, api_key="k"),
        extractor=LexicalExtractor(),
        options=IndexOptions(ingest=IngestOptions(attempts=1, call_timeout_s=0.5)),
    )
    made.ingest(
        [
            Document(id="film", title="Night Ferry", text="Night Ferry was directed by Ada Holm and shot in Larvik."),
            Document(id="holm", title="Ada Holm", text="Ada Holm was born in Tromso in 1931."),
            Document(id="city", title="Tromso", text="Tromso is known for its arctic cathedral."),
            *(
                Document(
                    id=f"o{n}", title=f"Town {n}", text=f"Town {n}, a birthplace of directors, has a night market."
                )
                for n in range(8)
            ),
        ]
    ).raise_if_failed()
    openai_server.clear()
    return made


def split(server: OpenAIServer, *answers: str) -> None:
    expected = [*answers, *[""] * len(STEPS)]
    made = [{"question": text, "expected_answer": expected[place]} for place, text in enumerate(STEPS)]
    server.script(f"Question: {ASKED}", json.dumps({"sub_questions": made}))


@pytest.mark.parametrize("mode", ["keyword", "vector", "local", "global", "hybrid", "graph", "mix"])
def test_one_chat_call_and_one_embedding_call(index: LightRAGIndex, openai_server: OpenAIServer, mode: str) -> None:
    split(openai_server)
    result = index.retrieve(ASKED, mode=mode, k=3, decompose=True, explain=True)
    assert dict(openai_server.calls) == {"decompose": 1} | ({} if mode == "keyword" else {"embed": 1})
    assert len(result.hits) == 3
    assert len(result.sub_questions) == 3 and "Ada Holm" in result.sub_questions[1]
    for hit in result.hits:
        assert sum(hit.evidence.parts.values()) == pytest.approx(hit.score, abs=1e-9)
    assert any(name.startswith("step ") for hit in result.hits for name in hit.evidence.parts)


def test_the_steps_are_found_and_explained(index: LightRAGIndex, openai_server: OpenAIServer) -> None:
    split(openai_server)
    result = index.retrieve(ASKED, k=3, decompose=True, explain=True)
    assert {hit.document_id for hit in result.hits} == {"film", "holm", "city"}
    for hit in result.hits:
        assert hit.evidence.path[-1] == hit.chunk_id
        assert 0 < sum(seed.part for seed in hit.evidence.seeds) <= 1 + 1e-6
        assert all(0 <= step.loss <= 1 for step in hit.evidence.steps if step.loss is not None)
    assert "step 3" in result.to_html()


def test_nothing_is_called_when_off_and_a_simple_question_stays(
    index: LightRAGIndex, openai_server: OpenAIServer
) -> None:
    plain = index.retrieve(ASKED, k=4)
    assert openai_server.chat_calls == 0
    assert index.retrieve(ASKED, k=4, decompose=True) == plain
    assert openai_server.calls["decompose"] == 1


def test_a_wrong_guess_costs_nothing(index: LightRAGIndex, openai_server: OpenAIServer) -> None:
    split(openai_server)
    plain = index.retrieve(ASKED, k=4, decompose=True)
    openai_server.clear()
    split(openai_server, "Colin Archer", "Bergen")
    assert index.retrieve(ASKED, k=4, decompose=True) == plain
    openai_server.clear()
    split(openai_server, "Ada Holm", "Tromso")
    assert index.retrieve(ASKED, k=4, decompose=True).sub_questions[1:] == (
        "Where was Ada Holm born?",
        "What is Tromso known for?",
    )


@pytest.mark.parametrize("fields", [{"decompose": True}, {"rerank": "llm"}])
@pytest.mark.parametrize(
    ("trouble", "rule", "said"),
    [
        ("prose", {}, "gave no usable"),
        ("empty", {}, "gave no usable"),
        ("slow", {"seconds": 5}, "did not answer within"),
        ("status", {"status": 500}, "500"),
    ],
)
def test_a_model_that_fails_is_told(
    index: LightRAGIndex, openai_server: OpenAIServer, fields: Any, trouble: Any, rule: Any, said: str
) -> None:
    openai_server.fault(trouble, path="chat", **rule)
    with pytest.raises(ModelError, match=said):
        index.retrieve(ASKED, **fields)


def test_malformed_and_cut_answers_are_read(index: LightRAGIndex, openai_server: OpenAIServer) -> None:
    split(openai_server)
    openai_server.fault("malformed", kind="decompose", first=1)
    assert len(index.retrieve(ASKED, decompose=True).sub_questions) == 3
    openai_server.clear()
    cut = json.dumps({"sub_questions": [{"question": text} for text in STEPS]})[:-20]
    openai_server.script(f"Question: {ASKED}", cut)
    assert len(index.retrieve(ASKED, decompose=True).sub_questions) == 2
    assert openai_server.calls["decompose"] == 1


def test_rerank_llm_is_one_call_that_reads_all_candidates(index: LightRAGIndex, openai_server: OpenAIServer) -> None:
    openai_server.script("<passage", json.dumps({"ranking": [9, 2]}))
    plain = index.retrieve(ASKED, k=11).hits
    openai_server.clear()
    openai_server.script("<passage", json.dumps({"ranking": [9, 2]}))
    hits = index.retrieve(ASKED, k=3, rerank="llm").hits
    assert [hit.chunk_id for hit in hits] == [plain[place].chunk_id for place in (8, 1, 0)]
    assert dict(openai_server.calls) == {"rerank": 1, "embed": 1}


def test_both_calls_are_counted_under_their_names(make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    chats = {task: OpenAIChatModel(task, base_url=openai_server.base_url, api_key="k") for task in ("one", "two")}
    index = make_index(options=IndexOptions(models=TaskModels(decompose=chats["one"], rerank=chats["two"])))
    index.ingest(Document(id="d", text="Night Ferry was shot in Larvik by Ada Holm."))
    index.retrieve(ASKED, decompose=True, rerank="llm")
    assert [(request.kind, request.body["model"]) for request in openai_server.requests] == [
        ("decompose", "one"),
        ("rerank", "two"),
    ]


def test_without_a_model_both_say_so_before_anything_is_asked(make_index: MakeIndex) -> None:
    index = make_index(reranker=LLMReranker())
    index.ingest("Night Ferry was shot in Larvik.")
    with pytest.raises(ConfigurationError, match="decompose=True needs a model"):
        index.retrieve(ASKED, decompose=True)
    with pytest.raises(ConfigurationError, match="no model"):
        index.retrieve(ASKED, rerank="llm")
