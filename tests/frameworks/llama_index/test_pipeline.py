"""Ingestion pipelines that end in our sink."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document
from llama_index.core.storage.docstore import SimpleDocumentStore

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.llama_index import LightRAGTransform, LightRAGVectorStore
from lightrag_integrations.llama_index.events import ExtractionStartEvent, MergeStartEvent
from tests.frameworks.conftest import ARTICLES, MakeIndex
from tests.frameworks.doubles import WordChat, WordEmbedder, WordExtractor


def documents(**changed: str) -> list[Document]:
    return [Document(id_=id_, text=changed.get(id_, text), metadata={"year": year}) for id_, _, year, text in ARTICLES]


def node_id(number: int, document: Any) -> str:
    return f"{document.id_}-{number}"


def splitter() -> SentenceSplitter:
    # The default tokenizer asks the network when it is unpickled in another process.
    return SentenceSplitter(chunk_size=64, chunk_overlap=0, id_func=node_id, tokenizer=str.split)


def pipeline(index: LightRAGIndex, **settings: Any) -> IngestionPipeline:
    return IngestionPipeline(
        transformations=[splitter(), LightRAGTransform(index=index)],
        vector_store=LightRAGVectorStore(index=index),
        **settings,
    )


@pytest.fixture
def extractor() -> WordExtractor:
    return WordExtractor()


@pytest.fixture
def index(make_index: MakeIndex, extractor: WordExtractor) -> LightRAGIndex:
    return make_index(extractor=extractor, embed_model=WordEmbedder())


def test_a_second_run_costs_nothing(index: LightRAGIndex, extractor: WordExtractor) -> None:
    embedder: WordEmbedder = index._settings.embed_model
    docstore, cache = SimpleDocumentStore(), IngestionCache()
    made = pipeline(index, docstore=docstore, cache=cache).run(documents=documents())
    content, spent = index.dump(), (extractor.calls, embedder.texts)
    assert len(made) == len(ARTICLES) == extractor.calls
    assert pipeline(index, docstore=docstore, cache=cache).run(documents=documents()) == []
    assert pipeline(index, cache=cache).run(documents=documents())  # without a docstore: through the cache
    assert index.dump() == content and index.verify() == []
    assert (extractor.calls, embedder.texts) == spent
    assert pipeline(index).run(documents=documents())  # without either: the index has a cache of its own
    assert extractor.calls == spent[0]


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("strategy", list(DocstoreStrategy))
async def test_strategies(
    index: LightRAGIndex, extractor: WordExtractor, strategy: DocstoreStrategy, asynchronous: bool
) -> None:
    docstore = SimpleDocumentStore()

    async def run(given: list[Document]) -> list[str]:
        made = pipeline(index, docstore=docstore, docstore_strategy=strategy)
        nodes = await made.arun(documents=given) if asynchronous else made.run(documents=given)
        return [str(node.ref_doc_id) for node in nodes]

    def stored() -> dict[str, str]:
        return {hit.document_id: hit.text for hit in index.documents.chunks()}

    everything = documents()
    first = await run(everything)
    assert first == [id_ for id_, *_ in ARTICLES]
    calls, content = extractor.calls, index.dump()
    assert await run(documents()) == [] and (extractor.calls, index.dump()) == (calls, content)

    text = "Edda Quill was a painter. She met Lena Storm."
    assert await run(documents(edda=text)[:-1]) == ["edda"]
    assert extractor.calls == calls + 1 and stored()["edda"] == text
    kept = {id_ for id_, *_ in ARTICLES}
    if strategy == DocstoreStrategy.UPSERTS_AND_DELETE:
        kept.remove("otto")
    assert stored().keys() == kept
    # Only the vanished document told of it besides the changed one.
    assert (index.graph.entity("Quill Valve") is None) == (strategy == DocstoreStrategy.UPSERTS_AND_DELETE)
    assert index.graph.entity("Lena Storm") is not None and index.verify() == []


def test_documents_of_equal_text_keep_their_own_ids(index: LightRAGIndex, extractor: WordExtractor) -> None:
    twins = [Document(id_=id_, text="Mira Halden designed the Corvane Bridge.") for id_ in ("x", "y")]
    made = pipeline(index).run(documents=twins)
    assert [node.ref_doc_id for node in made] == ["x", "y"]
    assert extractor.calls == 1
    assert [document.id for document in index.documents.list()] == ["x", "y"]
    view = index.graph.entity("Mira Halden")
    assert view is not None and view.document_ids == ("x", "y")


async def test_every_way_of_running_gives_the_same_graph(make_index: MakeIndex) -> None:
    def made() -> LightRAGIndex:
        return make_index(extractor=WordExtractor(), embed_model=WordEmbedder())

    one, two, three = made(), made(), made()
    pipeline(one).run(documents=documents())
    await pipeline(two).arun(documents=documents())
    pipeline(three).run(documents=documents(), num_workers=2)
    assert one.dump() == two.dump() == three.dump()


def test_the_sink_stores_what_the_transform_made(index: LightRAGIndex, make_index: MakeIndex) -> None:
    direct = make_index(extractor=WordExtractor(), embed_model=WordEmbedder())
    nodes = splitter().get_nodes_from_documents(documents())
    IngestionPipeline(
        transformations=[LightRAGTransform(index=index)], vector_store=LightRAGVectorStore(index=index)
    ).run(nodes=nodes)
    direct.ingest(nodes)
    assert graph(index) == graph(direct)


class Inventive(WordChat):
    """Also names a place that the text does not name."""

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        message = super()._generate(*args, **kwargs).generations[0].message
        found = json.loads(message.text)
        found["entities"].append({"name": "Zanzibar", "type": "place", "description": "Invented."})
        found["relations"].append({"source": found["entities"][0]["name"], "target": "Zanzibar", "description": "No."})
        return ChatResult(generations=[ChatGeneration(message=AIMessage(json.dumps(found)))])


@pytest.mark.parametrize("settings", [{}, {"llm": Inventive()}], ids=["lexical", "model"])
def test_the_graph_is_that_of_ingesting_the_nodes(make_index: MakeIndex, settings: Any) -> None:
    one, two = make_index(**settings), make_index(**settings)
    nodes = splitter().get_nodes_from_documents(documents())
    IngestionPipeline(transformations=[LightRAGTransform(index=one)], vector_store=LightRAGVectorStore(index=one)).run(
        nodes=nodes
    )
    two.ingest(nodes)
    assert graph(one) == graph(two)
    assert one.graph.entity("Zanzibar") is None


def test_the_order_of_additions_does_not_matter(make_index: MakeIndex) -> None:
    nodes = splitter().get_nodes_from_documents([Document(id_="d", text=" ".join(text for *_, text in ARTICLES * 2))])
    assert len(nodes) > 2
    one, two = make_index(), make_index()
    LightRAGVectorStore(index=one, build_graph=True).add(nodes)
    for node in reversed(nodes):
        LightRAGVectorStore(index=two, build_graph=True).add([node])
    assert one.dump() == two.dump()


class Seen(BaseEventHandler):
    events: list[Any] = []  # noqa: RUF012 - pydantic copies it

    def handle(self, event: Any, **kwargs: Any) -> None:
        if event.class_name().startswith("LightRAG") and event.class_name() != "LightRAGIngestStepEvent":
            self.events.append(event)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_extraction_and_merge_are_told(index: LightRAGIndex, asynchronous: bool) -> None:
    handler, dispatcher = Seen(), get_dispatcher()
    dispatcher.add_event_handler(handler)
    try:
        made = pipeline(index)
        await made.arun(documents=documents()) if asynchronous else made.run(documents=documents())
    finally:
        dispatcher.event_handlers.remove(handler)
    started, extracted, merging, merged = handler.events
    assert isinstance(started, ExtractionStartEvent) and isinstance(merging, MergeStartEvent)
    assert (started.nodes, extracted.nodes, merging.documents, merged.report.documents) == (8, 8, 8, 8)
    assert (extracted.entities, extracted.relations) == (merged.report.entities, merged.report.relations)
    spans = [event.span_id.split("-")[0] for event in handler.events]
    call, merge = ("LightRAGTransform.acall", "amerge") if asynchronous else ("LightRAGTransform.__call__", "merge")
    assert spans == [call, call, merge, merge]


def graph(index: LightRAGIndex) -> list[str]:
    """The lines of the dump that tell of entities, mentions and facts."""
    lines = [json.loads(line) for line in index.dump().splitlines()]
    return [str(line) for line in lines if line.keys() & {"entity", "mention", "fact"}]
