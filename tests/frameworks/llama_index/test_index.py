"""The index facade: documents in and out, nodes, engines, both ways of calling, and `Settings` left alone."""

from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core import Document, Settings, StorageContext
from llama_index.core.chat_engine import CondensePlusContextChatEngine, CondenseQuestionChatEngine, ContextChatEngine
from llama_index.core.chat_engine.types import ChatMode
from llama_index.core.graph_stores.types import KG_NODES_KEY, KG_RELATIONS_KEY, EntityNode
from llama_index.core.indices.base import BaseIndex
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.llms import MockLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.schema import BaseNode, IndexNode, MetadataMode, TextNode, TransformComponent

from lightrag_integrations import ConfigurationError, InputError, LightRAGError, LightRAGIndex, OpenAIChatModel
from lightrag_integrations.llama_index import LightRAGPropertyGraphIndex, LightRAGQueryEngine, LightRAGVectorStore
from lightrag_integrations.llama_index.events import MergeEndEvent
from tests.doubles.fixtures import openai_server as openai_server
from tests.doubles.openai_server import OpenAIServer
from tests.frameworks.conftest import ARTICLES, QUESTION, MakeIndex
from tests.frameworks.doubles import WordEmbedder, WordExtractor

Facade = LightRAGPropertyGraphIndex


@pytest.fixture
def extractor() -> WordExtractor:
    return WordExtractor()


@pytest.fixture
def index(make_index: MakeIndex, extractor: WordExtractor) -> LightRAGIndex:
    return make_index(extractor=extractor, embed_model=WordEmbedder())


@pytest.fixture(autouse=True)
def settings_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> Any:
    names = ("_llm", "_embed_model", "_node_parser", "_transformations", "_prompt_helper")
    for name in names:
        monkeypatch.setattr(Settings, name, None)
    yield
    assert [name for name in names if getattr(Settings, name) is not None] == []


def documents(**changed: str) -> list[Document]:
    return [
        Document(
            id_=id_, text=changed.get(id_, text), metadata={"year": year, "file": f"/data/{id_}"},
            excluded_llm_metadata_keys=["file"],
        )
        for id_, _, year, text in ARTICLES
    ]  # fmt: skip


@pytest.mark.parametrize("chain", [None, [SentenceSplitter(chunk_size=64, chunk_overlap=0)]], ids=["own", "splitter"])
async def test_documents_in_and_out(index: LightRAGIndex, extractor: WordExtractor, chain: Any) -> None:
    made = Facade.from_documents(documents(), index=index, transformations=chain)
    assert isinstance(made, BaseIndex) and made.index_id == index.name
    info = made.ref_doc_info
    assert info == await made.aref_doc_info() and set(info) == {id_ for id_, *_ in ARTICLES}
    assert info["edda"].metadata == {"year": 1861, "file": "/data/edda"}
    assert all(not key.startswith("_") for document in index.documents.list() for key in document.metadata)
    (found,) = made.as_retriever(similarity_top_k=1, mode="keyword").retrieve("Quill Valve steam ships")
    assert (found.node.ref_doc_id, found.node.node_id) == ("edda", *info["edda"].node_ids)
    shown = found.node.get_content(metadata_mode=MetadataMode.LLM)
    assert "year: 1861" in shown and "/data" not in shown
    assert found.node.source_node is not None and found.node.source_node.hash == documents()[4].hash
    assert (found.node.start_char_idx, found.node.end_char_idx) == (0, len(documents()[4].text))

    calls, content = extractor.calls, index.dump()
    assert made.refresh_ref_docs(documents()) == [False] * 8
    assert await made.arefresh_ref_docs(documents()) == [False] * 8
    await Facade.afrom_documents(documents(), index=index, transformations=chain)
    assert (extractor.calls, index.dump()) == (calls, content)

    again = Facade.from_existing(index, transformations=chain)  # as in another process
    changed = documents(edda="Edda Quill was a painter. She met Lena Storm.")
    changed[0].metadata["year"] = 1
    assert again.refresh_ref_docs([*changed, Document(id_="new", text="Ida Moe met Lena Storm.")]) == [
        number in (0, 4, 8) for number in range(9)
    ]
    assert extractor.calls == calls + 2 and index.graph.entity("Quill Valve") is not None
    assert made.ref_doc_info["mira"].metadata["year"] == 1
    storm = index.graph.entity("Lena Storm")
    assert storm is not None and storm.document_ids == ("edda", "new")

    made.update_ref_doc(Document(id_="new", text="Ida Moe left."))
    await made.aupdate_ref_doc(Document(id_="otto", text="Otto Varga left Brenn."))
    made.delete_ref_doc("edda")
    await made.adelete_ref_doc("fair")
    made.delete_ref_doc("unknown")
    assert index.graph.entity("Lena Storm") is None and index.graph.entity("Quill Valve") is None
    assert set(made.ref_doc_info) == {"mira", "corvane", "lorne", "tarn", "brenn", "otto", "new"}
    assert index.verify() == [] and made.docstore.docs == {}


async def test_inserting_replaces_and_merges(index: LightRAGIndex) -> None:
    made = Facade.from_existing(
        storage_context=StorageContext.from_defaults(vector_store=LightRAGVectorStore(index=index))
    )
    made.insert(Document(id_="a", text="Mira Halden designed the Corvane Bridge."))
    await made.ainsert(Document(id_="b", text="Mira Halden met Edda Quill."))
    mira = index.graph.entity("Mira Halden")
    assert mira is not None and mira.document_ids == ("a", "b")
    assert "designed" in mira.description and "met" in mira.description
    await made.ainsert(Document(id_="a", text="Otto Varga met Edda Quill."))
    mira = index.graph.entity("Mira Halden")
    assert mira is not None and mira.document_ids == ("b",)
    with pytest.raises(InputError, match="text"):
        made.insert(Document(id_="a", text=" "))
    assert set(made.ref_doc_info) == {"a", "b"}


async def test_nodes(index: LightRAGIndex) -> None:
    made = Facade(index, nodes=[TextNode(id_="one", text="Mira Halden designed the Corvane Bridge.")])
    await made.ainsert_nodes([TextNode(id_="two", text="Edda Quill founded the Tarn Institute.")])
    aside = TextNode(id_="aside", text="What it stands for.")
    made.insert_nodes([IndexNode(id_="three", text="Otto Varga planned trams.", index_id="ref", obj=aside)])
    found = await made.as_retriever(similarity_top_k=1, mode="keyword").aretrieve("trams")
    assert [item.node for item in found] == [aside]
    assert index.graph.entity("Mira Halden") is not None
    made.delete_nodes(["one"])
    await made.adelete_nodes(["two", "nobody"])
    assert list(made.ref_doc_info) == ["three"] and index.graph.entity("Mira Halden") is None


class Flowers(TransformComponent):
    """An extractor of somebody else's that is nowhere asynchronous; drops what it can't use."""

    def __call__(self, nodes: Any, **kwargs: Any) -> list[BaseNode]:
        for node in nodes:
            node.metadata |= {KG_NODES_KEY: [EntityNode(name="Rose", label="flower")], KG_RELATIONS_KEY: []}
        return [node for node in nodes if "drop" not in node.get_content()]


async def test_other_extractors(index: LightRAGIndex, extractor: WordExtractor) -> None:
    made = Facade.from_documents([Document(id_="d", text="Ada Byron.")], index=index, kg_extractors=[Flowers()])
    rose = index.graph.entity("Rose")
    assert rose is not None and rose.type == "flower" and extractor.calls == 0
    await made.ainsert(Document(id_="d", text="drop"))
    assert made.ref_doc_info == {} and index.graph.entity("Rose") is None


async def test_engines(index: LightRAGIndex) -> None:
    made = Facade.from_documents(documents(), index=index)
    engine = made.as_query_engine(llm=MockLLM(), similarity_top_k=3, mode="graph", filters={"year": {"$gt": 1800}})
    assert isinstance(engine, LightRAGQueryEngine)
    response = await engine.aquery(QUESTION)
    assert QUESTION in str(response) and len(response.source_nodes) == 3
    assert {item.node.metadata["lightrag"]["mode"] for item in response.source_nodes} == {"graph"}
    (mira,) = made.property_graph_store.get(ids=["Mira Halden"])
    assert mira.id == "Mira Halden" and made.storage_context.property_graph_store is made.property_graph_store
    cited = CitationQueryEngine.from_args(made, llm=MockLLM(), similarity_top_k=2)
    assert len(cited.query(QUESTION).source_nodes) == 2
    with pytest.raises(InputError, match=r"unknown arguments top_k; expected .*similarity_top_k"):
        made.as_query_engine(llm=MockLLM(), top_k=3)
    with pytest.raises(TypeError, match="top_k"):
        made.as_retriever(top_k=3)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("best", CondensePlusContextChatEngine),
        (ChatMode.CONTEXT, ContextChatEngine),
        (ChatMode.CONDENSE_QUESTION, CondenseQuestionChatEngine),
    ],
)
async def test_chat_engines(index: LightRAGIndex, mode: Any, kind: type) -> None:
    made = Facade.from_documents(documents(), index=index)
    chat = made.as_chat_engine(mode, llm=MockLLM(), similarity_top_k=2, memory=ChatMemoryBuffer.from_defaults())
    assert isinstance(chat, kind)
    assert len(chat.chat("Who designed the Corvane Bridge?").source_nodes) == 2
    live = await chat.astream_chat("And who founded the institute?")
    assert "".join([piece async for piece in live.async_response_gen()])
    assert len(chat.chat_history) == 4


async def test_the_handles_own_model_chats(
    make_index: MakeIndex, openai_server: OpenAIServer, index: LightRAGIndex
) -> None:
    served = make_index(llm=OpenAIChatModel("m", base_url=openai_server.base_url, api_key="k"), max_concurrency=1)
    made = Facade.from_documents(documents()[:2], index=served)
    openai_server.script("designed the Corvane Bridge?", "Mira Halden did.")
    openai_server.script("Standalone question", "Where did Mira Halden study?")
    chat = made.as_chat_engine(similarity_top_k=1, memory=ChatMemoryBuffer.from_defaults())
    assert str(chat.chat("Who designed the Corvane Bridge?")) == "Mira Halden did."
    sent = openai_server.requests[-1].body["messages"]
    assert sent[0]["role"] == "system" and "Mira Halden designed" in str(sent)
    live = await chat.astream_chat("And where did she study?")
    assert len([piece async for piece in live.async_response_gen()]) > 1
    assert live.source_nodes and "Mira Halden did." in openai_server.requests[-1].said
    assert (await made.as_query_engine().aquery(QUESTION)).source_nodes
    with pytest.raises(ConfigurationError, match=r"Settings\.llm is not set"):
        Facade.from_existing(index).as_query_engine()


def refused() -> list[Callable[[LightRAGIndex], Any]]:
    return [
        lambda _: Facade.from_documents([]),
        lambda _: Facade.from_existing(storage_context=StorageContext.from_defaults()),
        lambda index: Facade.from_existing(index).as_chat_engine("react", llm=MockLLM()),
    ]


@pytest.mark.parametrize("attempt", refused())
def test_what_cannot_work_is_refused(index: LightRAGIndex, attempt: Callable[[LightRAGIndex], Any]) -> None:
    with pytest.raises(LightRAGError, match=r"give index=|for agents, see LightRAGToolSpec"):
        attempt(index)


class Seen(BaseEventHandler):
    events: list[Any] = []  # noqa: RUF012 - pydantic copies it

    def handle(self, event: Any, **kwargs: Any) -> None:
        self.events.append(event)


async def test_extraction_and_merge_are_told(index: LightRAGIndex) -> None:
    handler, dispatcher = Seen(), get_dispatcher()
    dispatcher.add_event_handler(handler)
    try:
        await Facade.afrom_documents(documents(), index=index)
        Facade.from_documents(documents(), index=index)
    finally:
        dispatcher.event_handlers.remove(handler)
    told = [event for event in handler.events if event.class_name().startswith("LightRAG")]
    names = [event.class_name().removeprefix("LightRAG").removesuffix("Event") for event in told]
    assert [name for name in names if name != "IngestStep"] == ["MergeStart", "MergeEnd"] * 2
    steps = [event for event in told if event.class_name() == "LightRAGIngestStepEvent"]
    assert sum(event.count for event in steps if event.kind == "extracted") == 8
    assert {event.document_id for event in steps if event.kind == "stored"} == {id_ for id_, *_ in ARTICLES}
    ends = [event for event in told if isinstance(event, MergeEndEvent)]
    assert [(end.report.documents, end.report.unchanged) for end in ends] == [(8, 0), (0, 8)]
    assert all(event.span_id and event.span_id.startswith(("merge", "amerge")) for event in told)
