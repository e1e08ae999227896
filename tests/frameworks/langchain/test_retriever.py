"""The retriever as a Runnable: options, configuration, callbacks, secrets."""

import asyncio
import json
import pickle
from typing import Any

import psycopg
import pytest
from langchain_core.documents import Document
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.load import dumps
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField, RunnablePassthrough
from pydantic import SecretStr, ValidationError

from lightrag_integrations import ConnectOptions, InputError, LightRAGIndex, QueryOptions
from lightrag_integrations import Document as OurDocument
from lightrag_integrations.langchain import LightRAGRetriever, LightRAGTool
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat, WordEmbedder


def test_a_document_carries_its_id_metadata_and_evidence(library: LightRAGIndex, question: str) -> None:
    hits = library.retrieve(question, mode="mix", k=3).hits
    found = LightRAGRetriever(index=library, mode="mix", k=3).invoke(question)
    assert [document.id for document in found] == [hit.chunk_id for hit in hits]
    for document, hit in zip(found, hits, strict=True):
        evidence = document.metadata.pop("lightrag")
        assert document.page_content == hit.text
        assert document.metadata == hit.metadata
        assert (evidence["document_id"], evidence["score"], evidence["mode"]) == (hit.document_id, hit.score, "mix")
        assert evidence["source"] == f"{hit.document_id}.txt"
        assert json.loads(json.dumps(evidence)) == evidence
        assert evidence["parts"] and all(type(part) is float for part in evidence["parts"].values())


def test_options_of_one_call_go_over_those_of_the_retriever(library: LightRAGIndex, question: str) -> None:
    retriever = LightRAGRetriever(index=library, k=2, mode="keyword", filter={"even": True})
    assert len(retriever.invoke(question)) == 2
    assert len(retriever.invoke(question, k=1)) == 1
    found = retriever.invoke(question, k=8, mode="vector", filter={"year": {"$lt": 1850}})
    assert {document.metadata["lightrag"]["mode"] for document in found} == {"vector"}
    assert {document.id.split("#")[0] for document in found} and all(d.metadata["year"] < 1850 for d in found)
    assert len(found) == 3


async def test_blocking_and_asynchronous_calls_agree(library: LightRAGIndex, question: str) -> None:
    for mode in ("keyword", "vector", "local", "global", "hybrid", "graph", "mix"):
        retriever = LightRAGRetriever(index=library, mode=mode, k=4)
        assert await retriever.ainvoke(question, k=3) == retriever.invoke(question, k=3), mode


def test_every_query_option_can_be_given_to_a_call(
    make_index: MakeIndex, articles: list[OurDocument], question: str
) -> None:
    library = make_index(embed_model=WordEmbedder())
    library.ingest(articles)
    retriever = LightRAGRetriever(index=library, options=QueryOptions(explain=True))
    fields: dict[str, Any] = {"mode": "local", "low_level_keywords": ("Lantern Fair",), "k": 3}
    hits = library.retrieve(question, options=QueryOptions(explain=True), **fields).hits
    found = retriever.invoke(question, **fields)
    assert [document.id for document in found] == [hit.chunk_id for hit in hits]
    assert found != retriever.invoke(question, mode="local", k=3)


def test_what_is_misspelt_is_refused(library: LightRAGIndex) -> None:
    with pytest.raises(ValidationError, match="kk"):
        LightRAGRetriever(index=library, kk=3)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        LightRAGRetriever(index=library, mode="fuzzy")  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        LightRAGRetriever(index="library")  # type: ignore[arg-type]
    retriever = LightRAGRetriever(index=library)
    with pytest.raises(InputError, match="kk"):
        retriever.invoke("bridge", kk=3)
    with pytest.raises(InputError, match="operator"):
        retriever.invoke("bridge", filter={"year": {"$near": 3}})


def connections(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_configured_copies_share_the_handle(
    make_index: MakeIndex, dsn: str, articles: list[OurDocument], question: str
) -> None:
    before = connections(dsn)
    library = make_index(database=ConnectOptions(dsn=SecretStr(dsn), pool_max_size=3))
    library.ingest(articles)
    retriever = LightRAGRetriever(index=library).configurable_fields(
        k=ConfigurableField(id="k"), mode=ConfigurableField(id="mode"), filter=ConfigurableField(id="filter")
    )
    configs: list[Any] = [
        {"configurable": {"k": 1 + n % 5, "mode": ("vector", "mix")[n % 2], "filter": {"year": {"$gt": 1700}}}}
        for n in range(50)
    ]
    results = retriever.batch([question] * 50, configs)
    assert [len(found) for found in results] == [1 + n % 5 for n in range(50)]
    assert [found[0].metadata["lightrag"]["mode"] for found in results] == ["vector", "mix"] * 25
    assert connections(dsn) <= before + 3  # connections no longer needed stay open for a while, so the most is seen


async def test_abatch_of_configured_copies(library: LightRAGIndex, question: str) -> None:
    retriever = LightRAGRetriever(index=library).configurable_fields(k=ConfigurableField(id="k"))
    configs: list[Any] = [{"configurable": {"k": 1 + n % 3}, "max_concurrency": 10} for n in range(20)]
    assert [len(found) for found in await retriever.abatch([question] * 20, configs)] == [1 + n % 3 for n in range(20)]


async def test_a_chain_streams_and_reports_the_keyword_call_as_a_child(
    make_index: MakeIndex, articles: list[OurDocument], question: str
) -> None:
    index = make_index(llm=WordChat())
    index.ingest(articles)
    retriever = LightRAGRetriever(
        index=index, mode="hybrid", k=2, tags=["mine"], metadata={"team": "blue"}, options=QueryOptions(keywords=True)
    )
    prompt = ChatPromptTemplate.from_template("Context: {context} Question: {question}")
    model = GenericFakeChatModel(messages=iter([AIMessage("Edda Quill founded the Tarn Institute")] * 2))
    chain: Any = {"context": retriever, "question": RunnablePassthrough()} | prompt | model | StrOutputParser()
    pieces = [piece async for piece in chain.astream(question)]
    assert len(pieces) > 3 and "".join(pieces) == "Edda Quill founded the Tarn Institute"

    events: list[Any] = [event async for event in chain.astream_events(question, version="v2")]
    starts = [event for event in events if event["event"] == "on_retriever_start"]
    ends = [event for event in events if event["event"] == "on_retriever_end"]
    assert len(starts) == len(ends) == 1
    assert "mine" in starts[0]["tags"] and starts[0]["metadata"]["team"] == "blue"
    assert starts[0]["metadata"]["ls_retriever_name"] == "lightrag"
    assert starts[0]["metadata"]["ls_vector_store_provider"] == "LightRAGIndex"
    assert starts[0]["metadata"]["ls_embedding_provider"] == "HashEmbedder"
    assert starts[0]["metadata"]["ls_embedding_model"]
    assert all(isinstance(document, Document) for document in ends[0]["data"]["output"])
    keyword_calls = [e for e in events if e["event"] == "on_chat_model_start" and e["name"] == "WordChat"]
    assert len(keyword_calls) == 1
    assert keyword_calls[0]["parent_ids"][-1] == starts[0]["run_id"]


def test_the_keyword_call_of_a_blocking_call_is_a_child_too(
    make_index: MakeIndex, articles: list[OurDocument], question: str
) -> None:
    from langchain_core.tracers.base import BaseTracer
    from langchain_core.tracers.schemas import Run

    class Roots(BaseTracer):
        def __init__(self) -> None:
            super().__init__()
            self.roots: list[Run] = []

        def _persist_run(self, run: Run) -> None:
            self.roots.append(run)

    index = make_index(llm=WordChat())
    index.ingest(articles)
    tracer = Roots()
    retriever = LightRAGRetriever(index=index, mode="local", options=QueryOptions(keywords=True))
    retriever.invoke(question, {"callbacks": [tracer]})
    assert [run.run_type for run in tracer.roots] == ["retriever"]
    assert [child.name for child in tracer.roots[0].child_runs] == ["WordChat"]


def test_an_error_ends_the_run(library: LightRAGIndex) -> None:
    with pytest.raises(InputError):
        LightRAGRetriever(index=library).invoke("   ")
    safe = LightRAGRetriever(index=library).with_fallbacks([LightRAGRetriever(index=library).bind(k=1)])
    assert len(safe.invoke("bridge")) == 4


def test_nothing_secret_is_shown() -> None:
    index = LightRAGIndex("secret", database="postgresql://user:s3cr3t-word@127.0.0.1:1/db")
    retriever = LightRAGRetriever(index=index)
    shown = repr(retriever) + str(retriever) + dumps(retriever) + dumps(retriever | StrOutputParser())
    shown += json.dumps(retriever.model_dump(), default=repr) + json.dumps(retriever.get_input_jsonschema())
    assert "s3cr3t" not in shown
    index.close()


def test_a_retriever_can_be_pickled(library: LightRAGIndex, question: str) -> None:
    retriever = LightRAGRetriever(index=library, k=2)
    copy = pickle.loads(pickle.dumps(retriever))
    assert copy.invoke(question) == retriever.invoke(question)
    copy.index.close()


async def test_cancelling_a_call_leaves_the_retriever_usable(library: LightRAGIndex, question: str) -> None:
    retriever = LightRAGRetriever(index=library, k=2)
    task = asyncio.create_task(retriever.ainvoke(question))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await retriever.ainvoke(question)) == 2


@pytest.mark.parametrize("component", [LightRAGRetriever, LightRAGTool])
def test_a_wrong_filter_is_told_where_it_is_written(index: LightRAGIndex, component: Any) -> None:
    with pytest.raises(ValidationError, match=r"unknown operator '\$after'; expected one of"):
        component(index=index, filter={"year": {"$after": 1900}})
