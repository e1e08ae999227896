"""The ingestor as a Runnable and as a document transformer."""

from typing import Any

import pytest
from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.runnables import RunnableLambda
from pydantic import ValidationError

from lightrag_integrations import IngestOptions, IngestReport, InputError, LightRAGIndex
from lightrag_integrations.langchain import LightRAGIngestor, LightRAGRetriever
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat


def load(_: str = "") -> list[Document]:
    return [
        Document(
            id="corvane", page_content="Mira Halden designed the Corvane Bridge.", metadata={"title": "Corvane Bridge"}
        ),
        Document(page_content="Edda Quill founded the Tarn Institute.", metadata={"source": "edda.txt", "year": 1899}),
    ]


def test_a_chain_ends_in_a_report(index: LightRAGIndex) -> None:
    chain = RunnableLambda(load) | LightRAGIngestor(index=index)
    report = chain.invoke("folder")
    assert isinstance(report, IngestReport)
    assert (report.documents, report.failed, report.chunks) == (2, 0, 2)
    again = chain.invoke("folder")
    assert (again.documents, again.unchanged) == (0, 2)
    assert index.documents.get("corvane").title == "Corvane Bridge"


async def test_asynchronous_twin(index: LightRAGIndex) -> None:
    assert (await LightRAGIngestor(index=index).ainvoke(load())).documents == 2
    reports = await LightRAGIngestor(index=index).abatch([load(), load()])
    assert [report.unchanged for report in reports] == [2, 2]


async def test_as_a_transformer_it_gives_back_the_documents_with_ids(index: LightRAGIndex) -> None:
    ingestor = LightRAGIngestor(index=index)
    assert isinstance(ingestor, BaseDocumentTransformer)
    given = load()
    made = ingestor.transform_documents(given)
    assert made[0] == given[0]
    assert given[1].id is None and index.documents.text(made[1].id) == given[1].page_content
    assert await ingestor.atransform_documents(given) == made


def test_options_of_the_component_and_of_a_call(index: LightRAGIndex) -> None:
    long = [Document(id="long", page_content="The Corvane Bridge crosses the River Ossel. " * 40)]
    small = LightRAGIngestor(index=index, options=IngestOptions(chunk_tokens=32))
    assert small.invoke(long).chunks > 5
    bad = [Document(id="x", page_content="fine text"), Document(id="y", page_content="", metadata={})]
    with pytest.raises(InputError):
        small.invoke(bad)
    report = small.invoke(bad, on_invalid="skip")
    assert report.document_ids == ("x",) and "y" in report.errors
    assert [document.id for document in small.transform_documents(bad, on_invalid="skip")] == ["x", "y"]
    with pytest.raises(ValidationError):
        LightRAGIngestor(index=index, chunk_tokens=3)  # type: ignore[call-arg]


def test_retrieved_documents_can_be_ingested_again(index: LightRAGIndex, make_index: MakeIndex) -> None:
    LightRAGIngestor(index=index).invoke(load())
    found = LightRAGRetriever(index=index, mode="vector", k=2).invoke("bridge")
    other = make_index()
    LightRAGIngestor(index=other).invoke(found)
    assert {tuple(sorted(hit.metadata)) for hit in other.documents.chunks()} == {("title",), ("source", "year")}


async def test_extraction_calls_are_children_of_the_run(make_index: MakeIndex) -> None:
    index = make_index(llm=WordChat())
    events: list[Any] = [event async for event in LightRAGIngestor(index=index).astream_events(load(), version="v2")]
    ends = [event for event in events if event["event"] == "on_chain_end" and not event["parent_ids"]]
    calls = [event for event in events if event["event"] == "on_chat_model_start"]
    assert ends[0]["data"]["output"].model_calls == len(calls) == 2
    assert all(call["parent_ids"] == [ends[0]["run_id"]] for call in calls)


def test_nothing_secret_is_shown() -> None:
    index = LightRAGIndex("secret", database="postgresql://user:s3cr3t-word@127.0.0.1:1/db")
    ingestor = LightRAGIngestor(index=index)
    assert "s3cr3t" not in repr(ingestor) + str(ingestor.model_dump()) + str(ingestor.to_json())
    index.close()


async def test_one_document_and_plain_texts_will_do(index: LightRAGIndex) -> None:
    ingestor = LightRAGIngestor(index=index)
    assert ingestor.invoke(load()[0]).document_ids == ("corvane",)  # type: ignore[arg-type]
    report = await ingestor.ainvoke(["Otto Varga planned the trams of Brenn."])  # type: ignore[list-item]
    assert report.documents == 1
    with pytest.raises(InputError, match="int"):
        ingestor.invoke([3])  # type: ignore[list-item]
