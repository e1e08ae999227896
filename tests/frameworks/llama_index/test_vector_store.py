"""The vector store: nodes in and out, every query mode, every filter."""

from typing import Any

import pytest
from llama_index.core import Document as LlamaDocument
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import (
    ImageNode,
    IndexNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)
from pydantic import ValidationError

from lightrag_integrations import IndexOptions, InputError, LightRAGError, LightRAGIndex, QueryOptions
from lightrag_integrations.llama_index import LightRAGVectorStore
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat, WordEmbedder

TEXTS = ("red boats on the river", "red boats on the river at night", "blue glass from the city", "old trams")


def nodes() -> list[TextNode]:
    metadata: list[dict[str, Any]] = [
        {"n": 1, "kind": "boat", "tags": ["a", "b"], "note": "Big Boat"},
        {"n": 2, "kind": "boat", "tags": ["b"], "note": ""},
        {"n": 3, "kind": "glass", "tags": []},
        {"n": 4, "kind": "tram", "tags": ["c"], "note": "small tram"},
    ]
    return [
        TextNode(
            id_=f"node-{number}",
            text=text,
            metadata=fields,
            embedding=WordEmbedder.vector(text),
            excluded_llm_metadata_keys=["tags"],
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"doc-{(number + 1) // 2}")},
        )
        for number, (text, fields) in enumerate(zip(TEXTS, metadata, strict=True), 1)
    ]


@pytest.fixture
def store(make_index: MakeIndex) -> LightRAGVectorStore:
    filled = LightRAGVectorStore(index=make_index(embed_model=WordEmbedder()))
    assert filled.add(nodes()) == [f"node-{number}" for number in (1, 2, 3, 4)]
    return filled


def without_vectors(given: list[TextNode]) -> list[TextNode]:
    return [node.model_copy(update={"embedding": None}) for node in given]


async def test_nodes_come_back_as_they_were(store: LightRAGVectorStore) -> None:
    assert isinstance(store, BasePydanticVectorStore) and store.client is store.index
    assert store.get_nodes(["node-2", "node-1"]) == without_vectors([nodes()[1], nodes()[0]])
    assert store.get_nodes() == await store.aget_nodes() == without_vectors(nodes())
    result = store.query(VectorStoreQuery(query_embedding=WordEmbedder.vector(TEXTS[0]), similarity_top_k=1))
    assert list(result.nodes or []) == without_vectors(nodes()[:1])
    assert result.ids == ["node-1"] and result.similarities == [pytest.approx(1.0, abs=1e-3)]
    content = (result.nodes or [])[0].get_content(metadata_mode=MetadataMode.LLM)
    assert content == nodes()[0].get_content(metadata_mode=MetadataMode.LLM)


def test_nodes_of_every_kind_come_back_as_they_were(make_index: MakeIndex) -> None:
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="doc", hash="h", metadata={"a": 1})}
    near = {**source, NodeRelationship.NEXT: RelatedNodeInfo(node_id="b"), NodeRelationship.CHILD: [
        RelatedNodeInfo(node_id="c"), RelatedNodeInfo(node_id="d")
    ]}  # fmt: skip
    given = [
        TextNode(
            id_="a", text="Été\tà Larvik\n", relationships=near, start_char_idx=3, end_char_idx=20, mimetype="text/x",
            metadata_template="{key}={value}", text_template="{metadata_str}|{content}", metadata_seperator=";",
            excluded_embed_metadata_keys=["x"], metadata={"x": [1, {"y": None}], "z": 0.5},
        ),
        IndexNode(id_="i", text="a table", index_id="table", relationships=source),
        ImageNode(id_="p", text="a picture", image_url="http://x/y.png", relationships=source),
        LlamaDocument(id_="whole", text="a whole document", metadata={"k": "v"}, excluded_llm_metadata_keys=["k"]),
        Node(id_="n", text_resource=MediaResource(text="a node"), image_resource=MediaResource(url="http://x/z.png")),
    ]  # fmt: skip
    store = LightRAGVectorStore(index=make_index())
    assert store.add(given) == ["a", "i", "p", "whole", "n"] and store.add([]) == []
    back = store.get_nodes(["a", "i", "p", "whole", "n"])
    assert back == given and [type(node) for node in back] == [type(node) for node in given]
    assert [node.ref_doc_id for node in back] == [node.ref_doc_id for node in given]
    assert [node.hash for node in back] == [node.hash for node in given]


async def test_adding_again_replaces_and_other_nodes_of_the_document_stay(store: LightRAGVectorStore) -> None:
    changed = nodes()[0].model_copy(update={"text": "green boats", "embedding": WordEmbedder.vector("green boats")})
    assert await store.async_add([changed]) == ["node-1"]
    assert {node.get_content() for node in store.get_nodes()} == {"green boats", *TEXTS[1:]}
    assert store.index.verify() == []


async def test_deleting(store: LightRAGVectorStore) -> None:
    store.delete("doc-1")
    assert [node.node_id for node in store.get_nodes()] == ["node-3", "node-4"]
    await store.adelete("unknown")
    store.delete_nodes(filters=MetadataFilters(filters=[MetadataFilter(key="kind", value="glass")]))
    assert [node.node_id for node in store.get_nodes()] == ["node-4"]
    with pytest.raises(InputError, match="clear"):
        store.delete_nodes()
    await store.adelete_nodes(["node-4", "node-9"])
    assert store.get_nodes() == []
    store.add(nodes())
    await store.aclear()
    assert store.get_nodes() == [] and store.index.status().documents == 0


def ids(store: LightRAGVectorStore, **query: Any) -> list[str]:
    return list(store.query(VectorStoreQuery(**query)).ids or [])


@pytest.mark.parametrize("mode", [VectorStoreQueryMode.SPARSE, VectorStoreQueryMode.TEXT_SEARCH])
def test_keyword_modes(store: LightRAGVectorStore, mode: VectorStoreQueryMode) -> None:
    assert ids(store, query_str="blue trams", mode=mode, similarity_top_k=4) == ["node-4", "node-3"]
    assert ids(store, query_str="boats", mode=mode, similarity_top_k=4, sparse_top_k=1) == ["node-1"]
    with pytest.raises(InputError, match="query_str"):
        ids(store, query_embedding=[1.0] * 64, mode=mode)


async def test_hybrid_follows_alpha(store: LightRAGVectorStore) -> None:
    def asked(alpha: float | None, **more: Any) -> VectorStoreQuery:
        return VectorStoreQuery(
            query_str="trams", query_embedding=WordEmbedder.vector(TEXTS[0]), alpha=alpha, similarity_top_k=2,
            mode=VectorStoreQueryMode.HYBRID, **more,
        )  # fmt: skip

    assert store.query(asked(1.0)).ids == ["node-1", "node-2"]
    assert store.query(asked(0.0)).ids == ["node-4"]
    assert set(store.query(asked(0.5)).ids or []) == {"node-1", "node-4"}
    assert store.query(asked(None)).ids == store.query(asked(0.5)).ids
    assert len(store.query(asked(0.5, hybrid_top_k=3)).ids or []) == 3
    assert (await store.aquery(asked(0.3))).similarities == store.query(asked(0.3)).similarities
    boats = MetadataFilters(filters=[MetadataFilter(key="kind", value="boat")])
    assert store.query(asked(0.5, filters=boats)).ids == ["node-1", "node-2"]


async def test_hybrid_reranked(store: LightRAGVectorStore) -> None:
    def asked(mode: VectorStoreQueryMode, **more: Any) -> VectorStoreQuery:
        return VectorStoreQuery(query_str="old river boats", similarity_top_k=3, mode=mode, **more)

    hybrid = store.query(asked(VectorStoreQueryMode.HYBRID, hybrid_top_k=4))
    ranked = store.query(asked(VectorStoreQueryMode.SEMANTIC_HYBRID, hybrid_top_k=4))
    hits = store.index.documents.chunks(hybrid.ids)
    assert ranked.ids == [hit.chunk_id for hit in store.index.rerank("old river boats", hits, top_n=3)]
    assert (await store.aquery(asked(VectorStoreQueryMode.SEMANTIC_HYBRID, hybrid_top_k=4))) == ranked
    for alpha in (0.0, 1.0):
        assert len(store.query(asked(VectorStoreQueryMode.HYBRID, alpha=alpha, hybrid_top_k=1)).ids or []) == 1
    with pytest.raises(InputError, match="alpha: got 7"):
        store.query(asked(VectorStoreQueryMode.HYBRID, alpha=7))


async def test_diverse(store: LightRAGVectorStore) -> None:
    query = VectorStoreQuery(
        query_embedding=WordEmbedder.vector(TEXTS[0]), similarity_top_k=2, mode=VectorStoreQueryMode.MMR,
        mmr_threshold=0.2,
    )  # fmt: skip
    assert (store.query(query).ids or [])[0] == "node-1"
    assert "node-2" not in (store.query(query).ids or [])
    query.mmr_threshold = 1.0
    assert (await store.aquery(query)).ids == ["node-1", "node-2"]
    by_text = VectorStoreQuery(query_str=TEXTS[0], similarity_top_k=1, mode=VectorStoreQueryMode.MMR)
    assert store.query(by_text).ids == ["node-1"]


async def test_similarities_are_those_of_the_mode_whatever_the_handles_defaults_are(make_index: MakeIndex) -> None:
    index = make_index(options=IndexOptions(query=QueryOptions(rerank=True, decompose=True)))
    store = LightRAGVectorStore(index=index)
    texts = {text: index.embed([text])[0] for text in TEXTS}
    store.add([TextNode(id_=text, text=text, embedding=vector) for text, vector in texts.items()])
    for asked in (None, TEXTS[2]):
        query = VectorStoreQuery(query_embedding=texts[TEXTS[2]], query_str=asked, similarity_top_k=2)
        found = store.query(query)
        assert (found.ids or [])[0] == TEXTS[2] and (found.similarities or [])[0] == pytest.approx(1, abs=1e-3)
        assert (await store.aquery(query)).similarities == found.similarities
    blank = VectorStoreQuery(query_str="¿ ?", similarity_top_k=3, mode=VectorStoreQueryMode.MMR)
    assert store.query(blank).similarities == (await store.aquery(blank)).similarities == [0, 0, 0]


def test_ids_narrow_a_query(store: LightRAGVectorStore) -> None:
    near = {"query_embedding": WordEmbedder.vector(TEXTS[0]), "similarity_top_k": 4}
    assert ids(store, **near, doc_ids=["doc-2"]) == ["node-3", "node-4"]
    assert ids(store, **near, node_ids=["node-4", "node-1"]) == ["node-1", "node-4"]
    assert ids(store, **near, doc_ids=["doc-2"], node_ids=["node-4", "node-1"]) == ["node-4"]
    with pytest.raises(InputError, match="svm"):
        ids(store, **near, mode=VectorStoreQueryMode.SVM)
    with pytest.raises(InputError, match="query_str"):
        ids(store)


@pytest.mark.parametrize(
    ("key", "operator", "value", "expected"),
    [
        ("n", "==", 2, {2}), ("n", "!=", 2, {1, 3, 4}), ("n", ">", 2, {3, 4}), ("n", ">=", 2, {2, 3, 4}),
        ("n", "<", 2, {1}), ("n", "<=", 2, {1, 2}), ("kind", "in", ["boat", "tram"], {1, 2, 4}),
        ("kind", "nin", ["boat", "tram"], {3}), ("tags", "any", ["a", "c"], {1, 4}), ("tags", "all", ["a", "b"], {1}),
        ("tags", "contains", "b", {1, 2}), ("note", "text_match", "Boat", {1}), ("note", "text_match", "boat", set()),
        ("note", "text_match_insensitive", "BOAT", {1}), ("note", "is_empty", None, {2, 3}),
        ("tags", "is_empty", None, {3}), ("kind", "==", "boat", {1, 2}), ("missing", "!=", 1, {1, 2, 3, 4}),
    ],
)  # fmt: skip
def test_every_filter_operator(
    store: LightRAGVectorStore, key: str, operator: str, value: Any, expected: set[int]
) -> None:
    filters = MetadataFilters(filters=[MetadataFilter(key=key, operator=FilterOperator(operator), value=value)])
    wanted = {f"node-{number}" for number in expected}
    assert {node.node_id for node in store.get_nodes(filters=filters)} == wanted
    near = {"query_embedding": WordEmbedder.vector(TEXTS[0]), "similarity_top_k": 4}
    assert set(ids(store, **near, filters=filters)) == wanted


def test_nested_filters(store: LightRAGVectorStore) -> None:
    def one(key: str, value: Any) -> MetadataFilter:
        return MetadataFilter(key=key, value=value)

    either = MetadataFilters(filters=[one("n", 1), one("kind", "glass")], condition=FilterCondition.OR)
    both = MetadataFilters(filters=[either, one("kind", "boat")])
    neither = MetadataFilters(filters=[either], condition=FilterCondition.NOT)
    found = [{node.metadata["n"] for node in store.get_nodes(filters=filters)} for filters in (either, both, neither)]
    assert found == [{1, 3}, {1}, {2, 4}]


def test_no_model_call_without_a_graph_unless_asked(make_index: MakeIndex) -> None:
    chat = WordChat()
    handle = make_index(llm=chat)
    node = TextNode(id_="1", text="Mira Halden designed the Corvane Bridge.")
    LightRAGVectorStore(index=handle).add([node])
    assert chat.kinds == [] and handle.status().facts == 0
    LightRAGVectorStore(index=handle, build_graph=True).add([node])
    assert chat.kinds == ["extract"] and handle.status().facts == 1


async def test_under_a_vector_store_index(make_index: MakeIndex) -> None:
    index = make_index(embed_model=MockEmbedding(embed_dim=256))
    vectors = VectorStoreIndex.from_documents(
        [LlamaDocument(id_=f"d{n}", text=text) for n, text in enumerate(TEXTS)],
        storage_context=StorageContext.from_defaults(vector_store=LightRAGVectorStore(index=index)),
        embed_model=MockEmbedding(embed_dim=256),
    )
    found = vectors.as_retriever(similarity_top_k=3).retrieve("boats")
    assert len(found) == 3 and len({item.node.ref_doc_id for item in found}) == 3
    vectors.delete_ref_doc("d0")
    assert len(await vectors.as_retriever(similarity_top_k=9).aretrieve("boats")) == 3


def test_nothing_secret_is_shown_and_typos_are_refused() -> None:
    handle = LightRAGIndex("secret", database="postgresql://user:s3cr3t-word@127.0.0.1:1/db")
    store = LightRAGVectorStore(index=handle)
    assert "s3cr3t" not in repr(store) + store.to_json()
    with pytest.raises(ValidationError, match="graph"):
        LightRAGVectorStore(index=handle, graph=True)  # type: ignore[call-arg]


async def test_what_was_deleted_while_it_could_not_be_stored_stays_away(make_index: MakeIndex) -> None:
    embedder = WordEmbedder()
    store = LightRAGVectorStore(index=make_index(embed_model=embedder))
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="doc")}
    first, second = (
        TextNode(id_=one, text=one, relationships=source, start_char_idx=-1) for one in ("first", "second")
    )
    embedder.down = True
    with pytest.raises(LightRAGError):
        store.add([first, second])
    store.delete_nodes(["first"])
    embedder.down = False
    assert store.index.documents.retry().documents == 1
    assert [node.node_id for node in await store.aget_nodes()] == ["second"]


def test_a_users_own_key_of_our_name_is_kept(make_index: MakeIndex) -> None:
    store = LightRAGVectorStore(index=make_index(embed_model=WordEmbedder()))
    store.add([TextNode(id_="v", text="red boats", metadata={"lightrag": "v1.4", "a": 1})])
    (node,) = store.get_nodes(["v"])
    assert node.metadata == {"lightrag": "v1.4", "a": 1}
