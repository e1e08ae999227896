"""Ingest, search and answer with every client; its errors become ours."""

from collections.abc import Callable

import pytest

from lightrag_integrations import Document, IngestOptions, LightRAGIndex
from tests.clients import langchain, llama_index
from tests.clients.langchain import Pair
from tests.doubles.provider_server import ProviderServer

Make = Callable[[str], Pair]
MakeIndex = Callable[..., LightRAGIndex]
CLIENTS = {f"{room.__name__.rpartition('.')[2]}-{name}": make for room in (langchain, llama_index)
           for name, make in room.ALL.items()}  # fmt: skip
EVERY = pytest.mark.parametrize("make", CLIENTS.values(), ids=CLIENTS)
DOCUMENTS = (
    Document(id="fram", title="Fram", text="The Fram was designed by Colin Archer and launched at Larvik."),
    Document(id="archer", title="Colin Archer", text="Colin Archer is remembered for rescue boats."),
)
QUESTION = "Who designed the Fram?"


@EVERY
def test_ingest_search_and_answer(make: Make, server: ProviderServer, make_index: MakeIndex) -> None:
    llm, embed_model = make(server.root)
    index = make_index(llm=llm, embed_model=embed_model)
    report = index.ingest(DOCUMENTS)
    assert [document.status for document in index.documents.list()] == ["processed"] * 2, report.errors
    assert server.calls["extract"] == 2 and server.limits == [IngestOptions().max_completion_tokens] * 2
    assert server.answered["embed"] > 0
    assert (report.prompt_tokens, report.completion_tokens) == (server.prompt_tokens, server.completion_tokens)
    fram = index.graph.entity("Fram")
    assert fram is not None and any(each.target == "Colin Archer" or each.source == "Colin Archer"
                                    for each in index.graph.neighbours("Fram"))  # fmt: skip
    assert index.retrieve(QUESTION, mode="vector", k=1).hits[0].document_id == "fram"
    answer = index.answer(QUESTION, k=2)
    assert "Colin Archer" in answer.text and answer.citations
    assert "".join(index.stream_answer(QUESTION, k=2)) == answer.text


@EVERY
def test_errors_that_pass_are_tried_again(make: Make, server: ProviderServer, make_index: MakeIndex) -> None:
    llm, embed_model = make(server.root)
    for status in (429, 500):
        server.fault("status", status=status, first=1, kind="extract", message="try later")
    index = make_index(llm=llm, embed_model=embed_model, max_concurrency=1)
    report = index.ingest(DOCUMENTS[:1])
    assert report.failed == 0 and server.calls["extract"] == 3 and server.answered["extract"] == 1


@EVERY
def test_errors_that_stay_fail_the_document_at_once(make: Make, server: ProviderServer, make_index: MakeIndex) -> None:
    llm, embed_model = make(server.root)
    server.fault("status", status=400, match="Larvik", kind="extract", message="the text is refused")
    index = make_index(llm=llm, embed_model=embed_model)
    report = index.ingest(DOCUMENTS)
    assert report.failed == 1 and server.calls["extract"] == 2
    (failed,) = index.documents.list("failed")
    assert failed.id == "fram" and "the text is refused" in (failed.error or "")


@EVERY
def test_an_answer_that_was_cut_is_asked_for_again(make: Make, server: ProviderServer, make_index: MakeIndex) -> None:
    llm, embed_model = make(server.root)
    server.fault("truncated", first=1, kind="extract")
    index = make_index(llm=llm, embed_model=embed_model)
    report = index.ingest(DOCUMENTS[:1])
    assert report.failed == 0 and server.calls["extract"] == 2
    assert {"Fram", "Colin Archer", "Larvik"} <= {each.name for each in index.graph.subgraph(["Fram"], hops=2).entities}
