"""Stores that fail, lose what they had, are slow or in the middle of something; and what can't be a store."""

import pickle
import threading
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core.graph_stores import SimplePropertyGraphStore
from llama_index.core.vector_stores import SimpleVectorStore

from lightrag_integrations import ConfigurationError, Document, LightRAGIndex, MirrorError, Stores
from lightrag_integrations.langchain import StoredEmbeddings
from lightrag_integrations.mirrored import ChunkItem, DocumentItem
from lightrag_integrations.storage.postgres.reader import PostgresReader
from tests.stores.contract import ARTICLES, DIMENSION, QUESTION, Hands, Meaning, article, articles


class Shelf:
    """A store of documents of our own that fails when it is told to."""

    def __init__(self) -> None:
        self.kept: dict[str, DocumentItem] = {}
        self.fail_in = -1
        self.largest = 0

    def _count(self) -> None:
        if self.fail_in == 0:
            raise RuntimeError("the disk is full")
        self.fail_in -= 1

    def put(self, items: Sequence[DocumentItem]) -> None:
        self.largest = max(self.largest, len(items))
        for item in items:
            self._count()
            assert item.id not in self.kept, "what is put is never there already"
            self.kept[item.id] = item

    def remove(self, ids: Sequence[str]) -> None:
        for one in ids:
            self._count()
            self.kept.pop(one, None)

    def held(self, ids: Sequence[str]) -> Mapping[str, str]:
        return {one: self.kept[one].hash for one in ids if one in self.kept}

    def ids(self) -> Sequence[str]:
        return [*self.kept]


def many(count: int, version: int = 0) -> list[Document]:
    return [Document(id=f"d{n:03}", text=f"Text {n} in version {version if n % 3 else 0}.") for n in range(count)]


def test_a_failing_store_breaks_no_ingest_and_every_step_can_be_the_last(hands: Hands) -> None:
    shelf = Shelf()
    index = hands.with_stores(documents=shelf)
    shelf.fail_in = 0
    report = index.ingest(many(30))
    assert (report.documents, report.failed) == (30, 0)
    assert report.mirrors is not None
    assert "RuntimeError: the disk is full" in report.mirrors.failed["documents"]
    with pytest.raises(MirrorError, match="disk is full"):
        report.mirrors.raise_if_failed()
    assert index.mirror.verify()[0].startswith("documents: 30 documents missing")

    steps = 0
    for version in (1, 2):
        for stop in (1, 7, 19, 33, 50):
            shelf.fail_in = stop
            index.mirror.sync()
            steps += 1
        hands.bare().ingest(many(24 + 6 * (version % 2), version))
        hands.bare().documents.delete([f"d{version:03}"])
        shelf.fail_in = 11
        index.mirror.sync()
        shelf.fail_in = -1
        assert index.mirror.sync().failed == {} and index.mirror.verify() == []
        assert {one: item.text for one, item in shelf.kept.items()} == {
            status.id: index.documents.text(status.id) for status in index.documents.list()
        }
    assert steps == 10 and shelf.largest <= 20, "memory holds a few documents at a time"


def test_a_graph_that_fails_anywhere_is_whole_after_the_next_sync(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, untouched = SimplePropertyGraphStore(), SimplePropertyGraphStore()
    index, bare = hands.with_stores(graph=store, automatic=False), hands.bare()
    calls = threading.local()
    calls.left = [10**6]
    left = calls.left

    def failing(name: str) -> Any:
        real = getattr(store, name)

        def call(*args: Any, **fields: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise OSError("the line is down")
            done = real(*args, **fields)
            left[0] -= 1
            if left[0] < 0:
                raise OSError("the answer is lost")
            return done

        return call

    for name in ("upsert_nodes", "upsert_relations"):
        monkeypatch.setattr(store, name, failing(name))
    bare.ingest(articles())
    for stop in range(12):
        left[0] = stop
        index.mirror.sync()
        if stop == 5:
            bare.documents.delete(["lorne"])
        if stop == 7:
            bare.ingest([article("mira", "Mira Halden admired the Quill Valve.")])
    left[0] = 10**6
    assert index.mirror.sync().failed == {} and index.mirror.verify() == []

    other = hands.with_stores(graph=untouched, name="beside")
    assert other.mirror.sync().failed == {}
    assert shape(store) == shape(untouched)


def shape(store: SimplePropertyGraphStore) -> tuple[Any, ...]:
    nodes = {key: node.properties | {"label": node.label} for key, node in store.graph.nodes.items()}
    for properties in nodes.values():
        properties.pop("lightrag_hash")
        properties.pop("_node_content", None)
    relations = {key: one.properties for key, one in store.graph.relations.items()}
    return nodes, relations, store.graph.triplets


def test_a_store_that_lost_everything_is_filled_again(hands: Hands) -> None:
    first = hands.with_stores(vectors=SimpleVectorStore(), graph=SimplePropertyGraphStore())
    assert first.ingest(articles()).failed == 0
    vectors, graph = SimpleVectorStore(), SimplePropertyGraphStore()
    second = hands.with_stores(vectors=vectors, graph=graph)
    assert [line.split(":")[0] for line in second.mirror.verify()] == ["vectors", "graph", "graph", "graph"]
    assert second.mirror.sync().put["vectors"] == len(ARTICLES)
    assert second.mirror.verify() == []
    vectors.add([node_of_another_index()])
    assert "1 thing of others extra" in second.mirror.verify()[0]


def node_of_another_index() -> Any:
    from llama_index.core.schema import TextNode

    return TextNode(id_="foreign", text="not ours", embedding=[1.0, *[0.0] * 255])


def test_the_store_answers_and_postgresql_only_says_what_is_visible(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = hands.with_stores(vectors=SimpleVectorStore())
    index.ingest([*articles(), *many(60)])
    expected = hands.bare().retrieve(QUESTION, mode="vector", k=2, filter={"year": {"$lt": 1900}})

    async def absent(*_: object) -> Any:
        raise AssertionError("PostgreSQL's own search was asked")

    monkeypatch.setattr(PostgresReader, "nearest_chunks", absent)
    found = index.retrieve(QUESTION, mode="vector", k=2, filter={"year": {"$lt": 1900}})
    assert [hit.chunk_id for hit in found.hits] == [hit.chunk_id for hit in expected.hits]
    assert len(index.retrieve(QUESTION, mode="mix", k=5).hits) == 5
    assert len(index.retrieve(QUESTION, mode="vector", k=66).hits) == 66, "all there are"


class Stuck:
    """A store of vectors that never answers a search, or fails at it."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.error: Exception | None = None
        self.asked = 0

    def put(self, items: Sequence[ChunkItem]) -> None: ...

    def remove(self, ids: Sequence[str]) -> None: ...

    def held(self, ids: Sequence[str]) -> None: ...

    def ids(self) -> None: ...

    def nearest(self, vector: Sequence[float], limit: int) -> Sequence[str]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        self.released.wait(30)
        return []


def test_postgresql_answers_where_the_store_does_not(hands: Hands, caplog: pytest.LogCaptureFixture) -> None:
    stuck = Stuck()
    index = hands.with_stores(vectors=stuck, search_timeout_s=0.05)
    index.ingest(articles())
    expected = hands.bare().retrieve(QUESTION, mode="vector", k=3)
    assert index.retrieve(QUESTION, mode="vector", k=3).hits == expected.hits
    stuck.released.set()
    stuck.error = StopIteration("odd")
    assert index.retrieve(QUESTION, mode="vector", k=3).hits == expected.hits
    told = [record.getMessage() for record in caplog.records if record.name == "lightrag_integrations.mirror"]
    assert len(told) == 2 and "no answer within 0.05 s" in told[0] and "StopIteration: odd" in told[1]


async def test_the_asynchronous_twins(hands: Hands) -> None:
    index = hands.with_stores(documents=Shelf(), automatic=False)
    report = await index.aingest(articles())
    assert report.mirrors is None, "only when asked"
    assert (await index.mirror.averify())[0].startswith("documents: 6 documents missing")
    assert (await index.mirror.a_sync()).put == {"documents": 6}
    assert await index.mirror.averify() == []


def test_a_langchain_store_gets_the_vectors_of_the_index(hands: Hands) -> None:
    store = InMemoryVectorStore(StoredEmbeddings(DeterministicFakeEmbedding(size=8)))
    index = hands.with_stores(vectors=store)
    same = "The Lantern Fair is held each May."
    index.ingest([Document(id="a", title="Port Lorne", text=same), Document(id="b", title="Brenn", text=same)])
    kept = {value["metadata"]["chunk_id"]: value["vector"] for value in store.store.values()}
    assert kept == index.documents.vectors(["a#0", "b#0"]), "one text, but another title: another vector"
    assert kept["a#0"] != kept["b#0"]
    assert len(store.embeddings.embed_query("who asks the store itself gets the model")) == 8
    with pytest.raises(ConfigurationError, match="knows only the chunks"):
        StoredEmbeddings().embed_query("nobody there")
    assert isinstance(pickle.loads(pickle.dumps(StoredEmbeddings())), StoredEmbeddings)


@pytest.mark.parametrize(
    ("stores", "reason"),
    [
        (lambda: {}, "got none; expected at least one"),
        (lambda: {"vectors": object()}, r"Stores\(vectors=...\): got object; expected a LlamaIndex vector store"),
        (lambda: {"vectors": SimpleVectorStore}, "got the class SimpleVectorStore"),
        (lambda: {"graph": SimpleVectorStore()}, r"Stores\(graph=...\): got SimpleVectorStore"),
        (lambda: {"documents": SimplePropertyGraphStore()}, "expected a LangChain BaseStore"),
        (lambda: {"documents": Shelf(), "threads": 0}, "threads=...): got 0"),
    ],
)
def test_what_cannot_be_a_store_is_refused_at_once(hands: Hands, stores: Any, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason.replace("...)", r"...\)") if "\\" not in reason else reason):
        hands.with_stores(**stores())


def test_vectors_of_another_dimension_are_told_of_by_both_numbers(hands: Hands) -> None:
    store = Measured(StoredEmbeddings())
    report = hands.with_stores(vectors=store).ingest(articles())
    assert report.mirrors is not None and not store.store
    told = f"Measured keeps vectors of dimension 8, the index's are of {DIMENSION}"
    assert told in report.mirrors.failed["vectors"]
    store.index.d = DIMENSION
    index = hands.with_stores(vectors=store)
    assert index.mirror.sync().failed["vectors"].endswith("AssertionError, without a message")


class Measured(InMemoryVectorStore):
    """Tells its dimension as LangChain's FAISS does, and like it fails without a word."""

    def __init__(self, embedding: Any) -> None:
        super().__init__(embedding)
        self.index = SimpleNamespace(d=8)

    def add_documents(self, documents: Any, ids: Any = None, **kwargs: Any) -> list[str]:
        raise AssertionError


def test_a_store_that_would_embed_again_is_refused_and_a_handle_without_stores_says_so(hands: Hands) -> None:
    with pytest.raises(ConfigurationError, match="no stores; make it with"):
        hands.bare().mirror.sync()
    index = hands.with_stores(vectors=InMemoryVectorStore(DeterministicFakeEmbedding(size=8)))
    with pytest.raises(ConfigurationError, match="embed every chunk once more"):
        index.mirror.sync()
    assert Stores(graph=SimplePropertyGraphStore()).automatic


class Turned(Meaning):
    """Another model of the same dimension: every direction is another one."""

    def __init__(self) -> None:
        super().__init__(DIMENSION)
        self.fingerprint = "turned"

    async def embed(self, texts: Sequence[str], *, kind: Any) -> Any:
        return [[*vector[1:], vector[0]] for vector in await super().embed(texts, kind=kind)]


def test_vectors_of_another_model_are_not_asked(hands: Hands, dsn: str) -> None:
    store = SimpleVectorStore()
    index = hands.with_stores(vectors=store)
    index.ingest(articles())
    before = dict(store.data.embedding_dict)
    hands.bare().reembed(Turned())
    expected = LightRAGIndex(hands.name, database=dsn, embed_model=Turned())
    found = LightRAGIndex(hands.name, database=dsn, embed_model=Turned(), stores=Stores(vectors=store))
    with expected, found:
        assert found.mirror.verify()[0].startswith("vectors: 6 chunks stale")
        asked = {"mode": "vector", "k": 2}
        assert found.retrieve(QUESTION, **asked).hits == expected.retrieve(QUESTION, **asked).hits
        assert found.mirror.sync().put == {"vectors": 6} and found.mirror.verify() == []
        assert found.retrieve(QUESTION, **asked).hits == expected.retrieve(QUESTION, **asked).hits
        after = store.data.embedding_dict
        assert after.keys() == before.keys() and all(after[one] != before[one] for one in after)


def test_a_store_that_hangs_holds_up_no_ingest(hands: Hands) -> None:
    released = threading.Event()

    class Hung(Shelf):
        def put(self, items: Sequence[DocumentItem]) -> None:
            released.wait(30)

    index = hands.with_stores(documents=Hung(), call_timeout_s=0.1)
    report = index.ingest(articles())
    released.set()
    assert report.documents == len(ARTICLES) and report.mirrors is not None
    assert "no answer within 0.1 s" in report.mirrors.failed["documents"]


def test_changed_metadata_and_a_new_model_are_followed_at_once(hands: Hands) -> None:
    shelf, vectors = Shelf(), SimpleVectorStore()
    index = hands.with_stores(documents=shelf, vectors=vectors)
    index.ingest([Document(id="a", text="The Lantern Fair.", metadata={"year": 1})])
    index.ingest([Document(id="a", text="The Lantern Fair.", metadata={"year": 2})])
    assert shelf.kept["a"].metadata == {"year": 2}
    (kept,) = vectors.data.metadata_dict.values()
    assert kept["year"] == 2
    index.reembed(Turned())
    assert index.mirror.verify() == []


def test_metadata_of_the_user_goes_before_ours(hands: Hands) -> None:
    llama, store = SimpleVectorStore(), InMemoryVectorStore(StoredEmbeddings())
    given = {"source": "shelf 4", "chunk_id": 7, "tags": ["a"], "none": None}
    hands.with_stores(vectors=llama).ingest(
        [Document(id="a", source="a.txt", text="The Lantern Fair.", metadata=given)]
    )
    hands.with_stores(vectors=store, name="other").mirror.sync()
    (one,), (other,) = llama.data.metadata_dict.values(), (value["metadata"] for value in store.store.values())
    for kept in (one, other):
        assert {key: kept.get(key) for key in given} == {**given, "tags": '["a"]'} and "none" not in kept
        assert kept["document_id"] == "a" and kept["position"] == 0
