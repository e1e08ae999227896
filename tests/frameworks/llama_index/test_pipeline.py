"""Ingestion pipelines that end in our sink."""

from typing import Any

import pytest
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document
from llama_index.core.storage.docstore import SimpleDocumentStore

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.llama_index import LightRAGTransform, LightRAGVectorStore
from tests.frameworks.conftest import ARTICLES, MakeIndex
from tests.frameworks.doubles import WordEmbedder, WordExtractor


def documents(**changed: str) -> list[Document]:
    return [Document(id_=id_, text=changed.get(id_, text), metadata={"year": year}) for id_, _, year, text in ARTICLES]


def pipeline(index: LightRAGIndex, **settings: Any) -> IngestionPipeline:
    return IngestionPipeline(
        transformations=[SentenceSplitter(chunk_size=64, chunk_overlap=0), LightRAGTransform(index=index)],
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
    assert pipeline(index).run(documents=documents())  # without either: through the index's own cache
    assert extractor.calls == spent[0]
    assert index.dump() == content and index.verify() == []


async def test_changed_and_vanished_documents(index: LightRAGIndex, extractor: WordExtractor) -> None:
    docstore = SimpleDocumentStore()
    settings = {"docstore": docstore, "docstore_strategy": DocstoreStrategy.UPSERTS_AND_DELETE}
    pipeline(index, **settings).run(documents=documents())
    calls = extractor.calls
    assert index.graph.entity("Otto Varga") is not None
    changed = documents(edda="Edda Quill was a painter. She met Lena Storm.")
    made = await pipeline(index, **settings).arun(documents=changed[:-1])
    assert (len(made), extractor.calls) == (1, calls + 1)
    assert index.graph.entity("Lena Storm") is not None and index.graph.entity("Quill Valve") is None
    assert [document.id for document in index.documents.list()] == sorted(id_ for id_, *_ in ARTICLES[:-1])
    assert index.verify() == []


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

    def graph(index: LightRAGIndex) -> Any:
        return index.graph.export()

    one, two, three, four = made(), made(), made(), made()
    pipeline(one).run(documents=documents())
    await pipeline(two).arun(documents=documents())
    pipeline(three).run(documents=documents(), num_workers=2)
    four.ingest(documents())
    assert graph(one) == graph(two) == graph(three)
    assert {hit.text for hit in one.documents.chunks()} == {hit.text for hit in four.documents.chunks()}


def test_the_sink_stores_what_the_transform_made(index: LightRAGIndex, make_index: MakeIndex) -> None:
    direct = make_index(extractor=WordExtractor(), embed_model=WordEmbedder())
    nodes = SentenceSplitter(chunk_size=64, chunk_overlap=0).get_nodes_from_documents(documents())
    IngestionPipeline(
        transformations=[LightRAGTransform(index=index)], vector_store=LightRAGVectorStore(index=index)
    ).run(nodes=nodes)
    direct.ingest(nodes)
    assert index.graph.export() == direct.graph.export()
