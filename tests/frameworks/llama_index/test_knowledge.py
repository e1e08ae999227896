"""Extractions onto metadata keys and back; nodes into chunks and back. No database."""

import json

import pytest
from llama_index.core.graph_stores.types import KG_NODES_KEY, KG_RELATIONS_KEY, EntityNode, Relation
from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageNode,
    IndexNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    ObjectType,
    RelatedNodeInfo,
    TextNode,
)

from lightrag_integrations import Evidence, ExtractedEntity, ExtractedRelation, Extraction, Hit
from lightrag_integrations.llama_index.convert import documents_of, found, stored
from lightrag_integrations.llama_index.knowledge import extraction_of, graph_metadata

EXTRACTION = Extraction(
    entities=[
        ExtractedEntity(name='Mira "M" Halden', type="person", description="An engineer."),
        ExtractedEntity(name="Corvane Bridge"),
    ],
    relations=[
        ExtractedRelation(
            source='Mira "M" Halden',
            target="Corvane Bridge",
            keywords=["design", "work"],
            description="Mira designed the bridge.",
            weight=2.5,
        ),
        ExtractedRelation(source="Corvane Bridge", target='Mira "M" Halden'),
    ],
)


@pytest.mark.parametrize("through_cache", [False, True])
def test_an_extraction_comes_back_as_it_was(through_cache: bool) -> None:
    node = TextNode(text="x", metadata={"a": 1, **graph_metadata(EXTRACTION, {})})
    assert all(isinstance(entity, EntityNode) for entity in node.metadata[KG_NODES_KEY])
    assert all(isinstance(relation, Relation) for relation in node.metadata[KG_RELATIONS_KEY])
    if through_cache:
        node = TextNode.from_dict(json.loads(json.dumps(node.to_dict())))
        assert isinstance(node.metadata[KG_NODES_KEY][0], dict)
    assert extraction_of(node) == EXTRACTION


def test_both_keys_are_always_there() -> None:
    assert graph_metadata(Extraction(), {}) == {KG_NODES_KEY: [], KG_RELATIONS_KEY: []}
    assert extraction_of(TextNode(text="x", metadata=graph_metadata(Extraction(), {}))) == Extraction()
    assert extraction_of(TextNode(text="x", metadata={"a": 1})) is None


def test_ends_of_relations_are_among_the_entities() -> None:
    only = Extraction(relations=[ExtractedRelation(source="A", target="B")])
    assert [entity.name for entity in graph_metadata(only, {})[KG_NODES_KEY]] == ["A", "B"]


def test_what_another_extractor_found_stays_and_is_not_doubled() -> None:
    other = {KG_NODES_KEY: [EntityNode(name="C")], KG_RELATIONS_KEY: []}
    once = graph_metadata(EXTRACTION, other)
    assert [entity.name for entity in once[KG_NODES_KEY]] == ["C", 'Mira "M" Halden', "Corvane Bridge"]
    assert graph_metadata(EXTRACTION, once) == once


def test_a_stock_triple_becomes_a_statement() -> None:
    metadata = {"file": "a.txt", "description": "of the file"}
    ends = [EntityNode(name=name, properties=metadata) for name in ("Ada", "London")]
    triple = Relation(label="LIVED_IN", source_id="Ada", target_id="London", properties=metadata)
    node = TextNode(text="x", metadata={**metadata, KG_NODES_KEY: ends, KG_RELATIONS_KEY: [triple]})
    told = extraction_of(node)
    assert told is not None
    assert [entity.description for entity in told.entities] == ["", ""]
    assert told.relations[0].description == "Ada lived in London"
    assert told.relations[0].keywords == ["LIVED IN"]


NODES = [
    TextNode(
        id_="full",
        text="hello world",
        metadata={"x": 1, "y": [1, {"z": None}]},
        excluded_embed_metadata_keys=["x"],
        excluded_llm_metadata_keys=["y"],
        start_char_idx=5,
        end_char_idx=16,
        text_template="{content}!",
        metadata_separator=";",
        relationships={
            NodeRelationship.SOURCE: RelatedNodeInfo(
                node_id="doc", node_type=ObjectType.DOCUMENT, metadata={"q": 2}, hash="h"
            ),
            NodeRelationship.NEXT: RelatedNodeInfo(node_id="b"),
            NodeRelationship.CHILD: [RelatedNodeInfo(node_id="c")],
        },
    ),
    TextNode(id_="bare", text="no document"),
    Document(id_="document", text="of a document", metadata={"m": None}),
    IndexNode(id_="index", text="of an index", index_id="other"),
    ImageNode(id_="image", text="of an image", image_path="/a/b.png"),
    Node(id_="node", text_resource=MediaResource(text="of a node")),
]


def as_hit(node: BaseNode) -> Hit:
    chunks = documents_of([node], build_graph=False)[0].chunks or ()
    chunk = chunks[0].model_copy(update={"metadata": json.loads(json.dumps(chunks[0].metadata))})
    return Hit(
        chunk_id=chunk.id,
        document_id=chunk.document_id,
        text=chunk.text,
        score=0.5,
        start=chunk.start,
        end=chunk.end,
        metadata=chunk.metadata,
        evidence=Evidence(parts={"keyword": 0.5}),
    )


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.node_id)
def test_a_node_comes_back_as_it_was(node: BaseNode) -> None:
    back = stored(as_hit(node))
    assert back == node and type(back) is type(node)
    assert back.ref_doc_id == node.ref_doc_id
    assert not any(key.startswith("_") for key in back.metadata)


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.node_id)
def test_evidence_stays_out_of_prompts(node: BaseNode) -> None:
    item = found(as_hit(node), "mix")
    assert item.score == 0.5 and item.node.metadata["lightrag"]["parts"] == {"keyword": 0.5}
    for mode in (MetadataMode.EMBED, MetadataMode.LLM):
        assert item.node.get_content(metadata_mode=mode) == node.get_content(metadata_mode=mode)


def test_nodes_are_grouped_by_document_and_the_last_of_equal_ids_counts() -> None:
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="d")}
    nodes = [TextNode(id_=id_, text=text, relationships=source) for id_, text in (("1", "a"), ("2", "b"), ("1", "c"))]
    (document,) = documents_of(nodes, build_graph=False)
    assert document.id == "d"
    assert [(chunk.id, chunk.text, chunk.position) for chunk in document.chunks or ()] == [("1", "c", 0), ("2", "b", 1)]
