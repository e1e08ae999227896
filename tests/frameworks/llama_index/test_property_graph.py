"""The property graph store's contract: as the framework's own store where both agree, and as those of servers."""

import re
from itertools import pairwise
from typing import Any

import pytest
from llama_index.core.graph_stores import SimplePropertyGraphStore
from llama_index.core.graph_stores.types import (
    TRIPLET_SOURCE_KEY,
    ChunkNode,
    EntityNode,
    LabelledNode,
    PropertyGraphStore,
    Relation,
    Triplet,
)
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import FilterOperator, MetadataFilter, MetadataFilters, VectorStoreQuery

from lightrag_integrations import ConfigurationError, InputError, LightRAGError, LightRAGIndex
from lightrag_integrations.llama_index import LightRAGPropertyGraphStore
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordEmbedder

LOGAN = EntityNode(label="PERSON", name="Logan", properties={"age": 28, "nested": {"a": [1, None]}})
LLAMA = EntityNode(label="ORGANIZATION", name="LlamaIndex")
WORKS = Relation(label="WORKS_FOR", source_id=LOGAN.id, target_id=LLAMA.id, properties={"since": 2023})


@pytest.fixture(params=["simple", "ours"])
def both(request: pytest.FixtureRequest) -> PropertyGraphStore:
    """What is asked of the framework's own store is asked of ours."""
    if request.param == "simple":
        return SimplePropertyGraphStore()
    return LightRAGPropertyGraphStore(request.getfixturevalue("index"))


@pytest.fixture
def store(index: LightRAGIndex) -> LightRAGPropertyGraphStore:
    return LightRAGPropertyGraphStore(index)


def text_node(name: str, text: str, document: str, **metadata: Any) -> TextNode:
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document)}
    return TextNode(id_=name, text=text, metadata=metadata, relationships=source)


def edges(triplets: list[Triplet]) -> set[tuple[str, str, str]]:
    return {(source.id, relation.label, target.id) for source, relation, target in triplets}


async def test_nodes_and_relations_come_back_as_they_were(both: PropertyGraphStore) -> None:
    both.upsert_nodes([LOGAN, LLAMA])
    both.upsert_relations([WORKS])
    assert both.get(ids=[LOGAN.id]) == [LOGAN] == await both.aget(ids=[LOGAN.id])
    assert both.get(properties={"age": 28}) == [LOGAN] == await both.aget(properties={"age": 28})
    assert both.get(properties={"age": 29}) == both.get(ids=["nobody"]) == both.get_triplets() == []
    for wanted in ({"entity_names": ["Logan"]}, {"entity_names": ["LlamaIndex"]}, {"relation_names": ["WORKS_FOR"]},
                   {"properties": {"age": 28}}, {"properties": {"since": 2023}}, {"ids": [LLAMA.id]},
                   {"entity_names": ["Logan"], "relation_names": ["WORKS_FOR"], "ids": ["LlamaIndex"]}):  # fmt: skip
        assert both.get_triplets(**wanted) == [(LOGAN, WORKS, LLAMA)] == await both.aget_triplets(**wanted), wanted
    for other in ({"entity_names": ["nobody"]}, {"relation_names": ["OTHER"]}, {"properties": {"since": 1}},
                  {"entity_names": ["Logan"], "relation_names": ["OTHER"]}):  # fmt: skip
        assert both.get_triplets(**other) == [] == await both.aget_triplets(**other), other
    assert both.get_rel_map([LOGAN], depth=1) == [(LOGAN, WORKS, LLAMA)] == await both.aget_rel_map([LOGAN], depth=1)
    assert sorted(node.id for node in both.get()) == ["LlamaIndex", "Logan"]


def test_rel_map_by_depth_limit_and_label(both: PropertyGraphStore) -> None:
    names = ["a1", "b1", "c1", "d1"]
    both.upsert_nodes([EntityNode(name=name) for name in names])
    both.upsert_relations(
        [Relation(label=f"r{place}", source_id=one, target_id=two) for place, (one, two) in enumerate(pairwise(names))]
    )
    (start,) = both.get(ids=["a1"])
    assert edges(both.get_rel_map([start], depth=1)) == {("a1", "r0", "b1")}
    assert edges(both.get_rel_map([start], depth=2)) == {("a1", "r0", "b1"), ("b1", "r1", "c1")}
    assert edges(both.get_rel_map([start], depth=3)) >= {("c1", "r2", "d1")}
    assert edges(both.get_rel_map([start], depth=2, limit=1)) == {("a1", "r0", "b1")}
    assert edges(both.get_rel_map([start], depth=2, ignore_rels=["r1"])) == {("a1", "r0", "b1")}
    assert both.get_rel_map([], depth=2) == []


async def test_llama_nodes_round_trip_and_deletion(both: PropertyGraphStore) -> None:
    nodes = [
        text_node("n1", "one text", "d1", len="short"),
        text_node("n2", "two", "d1"),
        text_node("n3", "three", "d2"),
    ]
    both.upsert_llama_nodes(list(nodes))
    assert both.get_llama_nodes(["n1"]) == [nodes[0]] == await both.aget_llama_nodes(["n1"])
    (chunk,) = both.get(ids=["n1"])
    assert isinstance(chunk, ChunkNode) and chunk.text == "one text" and chunk.properties["len"] == "short"
    assert [node.id for node in both.get(properties={"ref_doc_id": "d2"})] == ["n3"]
    both.delete_llama_nodes(node_ids=["n2"])
    assert sorted(node.id for node in both.get()) == ["n1", "n3"]
    await both.adelete_llama_nodes(ref_doc_ids=["d1"])
    assert [node.id for node in both.get()] == ["n3"] and both.get_llama_nodes(["n1", "n2"]) == []


def test_an_existing_entity_gets_a_property(both: PropertyGraphStore) -> None:
    both.upsert_nodes([LOGAN, LLAMA])
    both.upsert_relations([WORKS])
    (node,) = both.get(ids=[LOGAN.id])
    node.properties["location"] = "Canada"
    both.upsert_nodes([node])
    (again,) = both.get(ids=[LOGAN.id])
    assert again.properties == {**LOGAN.properties, "location": "Canada"} and again.label == "PERSON"
    both.upsert_nodes([node])
    both.upsert_relations([WORKS])
    assert both.get(ids=[LOGAN.id]) == [again] and both.get_triplets(entity_names=["Logan"])[0][1] == WORKS


async def test_deletion_by_id_name_label_and_property(both: PropertyGraphStore) -> None:
    def fill() -> None:
        both.upsert_nodes([LOGAN, LLAMA])
        both.upsert_relations([WORKS])

    fill()
    both.delete(ids=[LOGAN.id])
    assert both.get(ids=[LOGAN.id]) == both.get_triplets(entity_names=["LlamaIndex"]) == []
    fill()
    assert both.get_triplets(entity_names=["Logan"]) == [(LOGAN, WORKS, LLAMA)], "what is deleted may come again"
    await both.adelete(properties={"age": 28})
    assert both.get(ids=[LOGAN.id]) == both.get_triplets(relation_names=["WORKS_FOR"]) == []
    fill()
    both.delete(relation_names=["WORKS_FOR"])
    assert both.get_triplets(entity_names=["Logan"]) == []
    both.delete()


async def test_equal_names_add_up_where_the_simple_store_overwrites(store: LightRAGPropertyGraphStore) -> None:
    nodes = [text_node(f"n{number}", f"Ada text {number}.", "d") for number in (1, 2)]
    store.upsert_llama_nodes(nodes)
    told = [
        EntityNode(name=name, label=label, properties={"description": text, key: key, TRIPLET_SOURCE_KEY: source})
        for name, label, text, key, source in (
            ("Ada", "person", "First.", "a", "n1"),
            ("ada", "entity", "Second.", "b", "n2"),
        )
    ]
    store.upsert_nodes(told)
    (ada,) = await store.aget(ids=["Ada"])
    assert ada.label == "person" and ada.properties == {
        "description": "First.\nSecond.", "a": "a", "b": "b",
        TRIPLET_SOURCE_KEY: "n2", "triplet_source_ids": ["n1", "n2"],
    }  # fmt: skip
    for source in ("n1", "n2"):
        assert store.get(properties={TRIPLET_SOURCE_KEY: source}) == [ada]
    before = store.index.dump()
    await store.aupsert_nodes(told)
    assert store.index.dump() == before
    store.delete(ids=["n2"])
    assert store.get(ids=["ADA"])[0].properties == {"description": "First.", "a": "a", TRIPLET_SOURCE_KEY: "n1"}
    store.index.documents.delete(["d"])
    assert store.get() == [] and store.index.verify() == []


def test_relations_of_a_chunk_go_with_it_and_others_stay(store: LightRAGPropertyGraphStore) -> None:
    store.upsert_llama_nodes([text_node("n1", "Logan works.", "d"), text_node("n2", "Logan works, too.", "d")])
    store.upsert_nodes([LOGAN, LLAMA])
    for source in ("n1", "n2"):
        own = {**WORKS.properties, TRIPLET_SOURCE_KEY: source, source: True}
        store.upsert_relations([WORKS.model_copy(update={"properties": own})])
    (triplet,) = store.get_triplets(relation_names=["WORKS_FOR"])
    assert triplet[1].properties == {"since": 2023, "n1": True, "n2": True, TRIPLET_SOURCE_KEY: "n2"}
    assert triplet[0].properties[TRIPLET_SOURCE_KEY] == "n1", "where it is said"
    store.delete_llama_nodes(node_ids=["n1"])
    assert store.get_triplets(ids=["Logan"])[0][1].properties == {"since": 2023, "n2": True, TRIPLET_SOURCE_KEY: "n2"}
    store.delete_llama_nodes(node_ids=["n2"])
    assert store.get_triplets(ids=["Logan"]) == [] and store.get(ids=["Logan"]) == [LOGAN]


def test_facts_before_their_chunk_wait_for_it(store: LightRAGPropertyGraphStore) -> None:
    source = {TRIPLET_SOURCE_KEY: "late"}
    store.upsert_relations([Relation(label="KNOWS", source_id="Ann", target_id="Ben", properties=source)])
    store.upsert_relations([Relation(label="SOURCE", source_id="late", target_id="doc", properties=source)])
    store.upsert_nodes([EntityNode(name="Ann", label="P", properties={**source, "x": 1})])
    assert [node.id for node in store.get(properties=source)] == ["Ann"]
    (triplet,) = store.get_triplets(entity_names=["ann"])
    store.upsert_llama_nodes([text_node("late", "Ann knows Ben.", "doc")])
    (now,) = store.get_triplets(entity_names=["Ann"])
    assert now[:2] == triplet[:2] and now[2].properties == source, "what is said of Ben is said by the chunk now"
    assert edges(store.get_triplets(ids=["late"])) == {("late", "SOURCE", "doc")}
    assert [document.id for document in store.index.documents.list()] == ["doc"]
    waiting = EntityNode(name="Cy", properties={TRIPLET_SOURCE_KEY: "never"})
    store.upsert_nodes([waiting])
    store.delete_llama_nodes(node_ids=["never", "late"])
    assert store.get() == [] and store.index.verify() == []


def test_pieces_of_text_are_linked_and_mention(store: LightRAGPropertyGraphStore) -> None:
    store.upsert_llama_nodes([text_node("n1", "Some words.", "d"), text_node("n2", "Other words.", "d")])
    links = [
        Relation(label="NEXT", source_id="n1", target_id="n2"),
        Relation(label="SOURCE", source_id="n1", target_id="d", properties={"len": 1}),
        Relation(label="MENTIONS", source_id="n1", target_id="Logan"),
    ]
    store.upsert_relations(links)
    (first,) = store.get(ids=["n1"])
    triplets = store.get_rel_map([first], depth=1)
    assert [(type(a), relation, type(b)) for a, relation, b in triplets] == [
        (ChunkNode, relation, kind) for relation, kind in zip(sorted(links, key=lambda one: one.label),
                                                              (EntityNode, ChunkNode, EntityNode), strict=True)
    ]  # fmt: skip
    assert edges(store.get_rel_map([first], depth=1, ignore_rels=["SOURCE", "NEXT"])) == {("n1", "MENTIONS", "Logan")}
    assert edges(store.get_triplets(entity_names=["Logan"])) == {("n1", "MENTIONS", "Logan")}
    assert store.index.graph.entity("Logan").document_ids == ("d",)  # type: ignore[union-attr]
    store.delete(relation_names=["SOURCE"])
    store.delete(entity_names=["n2"])
    assert store.get_llama_nodes(["n2"]), "an entity's name is no id of a chunk"
    store.delete(ids=["n2"])
    assert edges(store.get_triplets(ids=["n1"])) == {("n1", "MENTIONS", "Logan")}, "no link to what is gone"


def test_strange_names_and_values(store: LightRAGPropertyGraphStore, caplog: pytest.LogCaptureFixture) -> None:
    quoted = EntityNode(name='The "Fram" ship')
    store.upsert_nodes([quoted, EntityNode(name="—"), EntityNode(name="x" * 2000), EntityNode(name="Larvik")])
    store.upsert_relations([
        Relation(label="IN_PORT", source_id=quoted.id, target_id="Larvik", properties={"weight": "heavy"}),
        Relation(label="IS", source_id="Larvik", target_id="larvik"),
        Relation(label="IN", source_id="?", target_id="Larvik"),
    ])  # fmt: skip
    assert [record.action for record in caplog.records] == ["left out"] * 3  # type: ignore[attr-defined]
    assert store.get(ids=[quoted.id]) == [quoted]
    assert edges(store.get_triplets(ids=["Larvik"])) == {(quoted.id, "IN_PORT", "Larvik"), ("Larvik", "IS", "larvik")}
    with pytest.raises(InputError, match="properties"):
        store.upsert_nodes([EntityNode(name="A", properties={"bad": {1, 2}})])
    store.delete(ids=["Larvik"])
    assert store.get_triplets(ids=["Larvik", "larvik", quoted.id]) == []
    store.upsert_llama_nodes([text_node("n1", "One.", "d")])
    store.upsert_relations([Relation(label="NEXT", source_id="n1", target_id="y" * 3000)])
    store.upsert_nodes([EntityNode(name="B", properties={"n": 1, "big": 1e23, "t": (1, 2)})])
    assert store.get(ids=["B"])[0].properties == {"n": 1, "big": 10**23, "t": [1, 2]}
    told = store.index.dump()
    store.upsert_nodes([EntityNode(name="B", properties={"n": 1, "big": 1e23, "t": (1, 2)})])
    assert store.index.dump() == told
    store.upsert_nodes([EntityNode(name="B", properties={"n": True})])
    assert store.get(ids=["B"])[0].properties["n"] is True
    before = store.index.dump()
    with pytest.raises(InputError, match="belongs to document"):
        store.upsert_llama_nodes([text_node("n2", "Two.", "d"), text_node("n1", "Three.", "other")])
    assert store.index.dump() == before, "all or nothing"
    with pytest.raises(InputError, match="nodes: got"):
        store.upsert_nodes([Other(label="x")])
    assert store.get(ids=["A"]) == []


class Other(LabelledNode):
    """A node of no kind that we know."""

    def __str__(self) -> str:
        return "other"

    @property
    def id(self) -> str:
        return "other"


def test_rel_map_is_distinct_and_follows_what_it_leaves_out(store: LightRAGPropertyGraphStore) -> None:
    told = [("A", "SELF", "A"), ("A", "R", "B"), ("B", "R", "A"), ("A", "SKIP", "B"), ("B", "KEEP", "C")]
    store.upsert_relations([Relation(label=label, source_id=one, target_id=two) for one, label, two in told])
    seeds: list[LabelledNode] = [EntityNode(name="A"), EntityNode(name="B")]
    found = store.get_rel_map(seeds, depth=10)
    assert len(found) == len(told) and edges(found) == set(told)
    kept = store.get_rel_map(seeds[:1], depth=3, limit=1, ignore_rels=["SKIP", "R", "SELF"])
    assert edges(kept) == {("B", "KEEP", "C")}
    assert store.get_rel_map(seeds, depth=0) == store.get_rel_map(seeds, limit=0) == []
    assert store.get_rel_map([EntityNode(name="missing")]) == []


async def test_vectors_filters_and_schema(make_index: MakeIndex) -> None:
    store = LightRAGPropertyGraphStore(make_index(embed_model=WordEmbedder()))
    store.upsert_nodes([
        EntityNode(name="Boat", label="THING", properties={"n": 1}, embedding=WordEmbedder.vector("red")),
        EntityNode(name="Glass", label="THING", properties={"n": 2}, embedding=WordEmbedder.vector("red blue")),
        EntityNode(name="Tram", label="PLACE"),
    ])  # fmt: skip
    store.upsert_relations([Relation(label="NEAR", source_id="Boat", target_id="Tram", properties={"far": 1.5})])
    query = VectorStoreQuery(query_embedding=WordEmbedder.vector("red"), similarity_top_k=2)
    nodes, scores = store.vector_query(query)
    assert [node.id for node in nodes] == ["Boat", "Glass"] and 0.99 < scores[0] > scores[1]
    assert await store.avector_query(query) == (nodes, scores)
    assert store.vector_query(VectorStoreQuery(query_str="tram", similarity_top_k=1))[0][0].id == "Tram", "as the name"
    before = store.index.dump()
    store.upsert_nodes([EntityNode(name="tram", embedding=WordEmbedder.vector("red"))])
    moved, scores = store.vector_query(query.__class__(query_embedding=query.query_embedding, similarity_top_k=3))
    assert {node.id: round(score, 2) for node, score in zip(moved, scores, strict=True)}["Tram"] == 1
    assert store.index.dump() != before and store.index.verify() == []
    query.filters = MetadataFilters(filters=[MetadataFilter(key="n", value=1, operator=FilterOperator.GT)])
    assert [node.id for node in (await store.avector_query(query))[0]] == ["Glass"]
    with pytest.raises(InputError, match="query_embedding"):
        store.vector_query(VectorStoreQuery())
    schema = store.get_schema(refresh=True)
    assert schema == await store.aget_schema() == {
        "node_props": {"entity": [], "PLACE": [], "THING": [{"property": "n", "type": "NUMBER"}]},
        "rel_props": {"NEAR": [{"property": "far", "type": "NUMBER"}]},
        "relationships": [{"start": "THING", "type": "NEAR", "end": "PLACE"}],
    }  # fmt: skip
    assert store.get_schema_str() == await store.aget_schema_str()
    assert re.search(r"- THING \{n: NUMBER\}\n.*\(:THING\)-\[:NEAR\]->\(:PLACE\)", store.get_schema_str(), re.S)
    for refused in (store.structured_query, store.astructured_query):
        with pytest.raises(ConfigurationError, match="no query language"):
            found = refused("MATCH (n) RETURN n", {"a": 1})
            await found
    store.persist("nowhere")
    assert store.client is store.index and store.supports_vector_queries and not store.supports_structured_queries
    with pytest.raises(LightRAGError, match="expected a LightRAGIndex"):
        LightRAGPropertyGraphStore("dsn")  # type: ignore[arg-type]
