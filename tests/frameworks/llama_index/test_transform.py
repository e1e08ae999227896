"""The transform alone: pure, cacheable, picklable, and under the stock PropertyGraphIndex."""

import pickle
from typing import Any

import pytest
from llama_index.core import MockEmbedding, PropertyGraphIndex
from llama_index.core.graph_stores.types import KG_NODES_KEY, KG_RELATIONS_KEY, EntityNode
from llama_index.core.ingestion.pipeline import get_transformation_hash
from llama_index.core.llms import MockLLM
from llama_index.core.schema import Document, MetadataMode, TextNode
from pydantic import ValidationError

from lightrag_integrations import IndexOptions, IngestOptions, LightRAGIndex
from lightrag_integrations.llama_index import LightRAGTransform
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordEmbedder, WordExtractor


def nodes() -> list[TextNode]:
    return [
        TextNode(id_="a", text="Mira Halden designed the Corvane Bridge.", metadata={"n": 1}),
        TextNode(id_="b", text="Edda Quill founded the Tarn Institute.", metadata={"n": 2}),
        TextNode(id_="blank", text="  "),
    ]


@pytest.fixture
def index(make_index: MakeIndex) -> LightRAGIndex:
    return make_index(extractor=WordExtractor(), embed_model=WordEmbedder())


async def test_nodes_come_back_enriched_and_the_given_ones_are_untouched(index: LightRAGIndex) -> None:
    given = nodes()
    transform = LightRAGTransform(index=index)
    made = transform(given)
    assert given == nodes()
    assert [node.id_ for node in made] == ["a", "b", "blank"]
    assert [entity.name for entity in made[0].metadata[KG_NODES_KEY]] == ["Mira Halden", "Corvane Bridge"]
    relation = made[0].metadata[KG_RELATIONS_KEY][0]
    assert (relation.label, relation.source_id, relation.target_id) == ("designed", "Mira Halden", "Corvane Bridge")
    assert made[0].embedding == pytest.approx(WordEmbedder.vector(given[0].text))
    assert made[2].metadata == {KG_NODES_KEY: [], KG_RELATIONS_KEY: []} and made[2].embedding is None
    for mode in (MetadataMode.EMBED, MetadataMode.LLM):
        assert made[0].get_content(metadata_mode=mode) == given[0].get_content(metadata_mode=mode)
    assert await transform.acall(given) == made
    assert index.status().chunks == 0


def test_what_is_there_already_is_kept(index: LightRAGIndex) -> None:
    node = TextNode(
        id_="a", text="Mira Halden designed the Corvane Bridge.", embedding=[0.5] * 64,
        metadata={KG_NODES_KEY: [EntityNode(name="Other")], KG_RELATIONS_KEY: []},
    )  # fmt: skip
    (made,) = LightRAGTransform(index=index)([node])
    assert made.embedding == [0.5] * 64
    assert [entity.name for entity in made.metadata[KG_NODES_KEY]] == ["Other", "Mira Halden", "Corvane Bridge"]
    assert LightRAGTransform(index=index)([made]) == [made]


def test_halves_can_be_left_out(index: LightRAGIndex) -> None:
    (bare,) = LightRAGTransform(index=index, extract=False)(nodes()[:1])
    assert KG_NODES_KEY not in bare.metadata and bare.embedding is not None
    (unembedded,) = LightRAGTransform(index=index, embed=False)(nodes()[:1])
    assert unembedded.embedding is None and unembedded.metadata[KG_RELATIONS_KEY]
    with pytest.raises(ValidationError, match="extracts"):
        LightRAGTransform(index=index, extracts=False)  # type: ignore[call-arg]


def test_one_changed_node_costs_one_extraction(make_index: MakeIndex) -> None:
    extractor = WordExtractor()
    transform = LightRAGTransform(index=make_index(extractor=extractor, embed_model=WordEmbedder()))
    transform(nodes())
    assert extractor.calls == 2
    changed = [nodes()[0], TextNode(id_="c", text="Otto Varga planned the trams of Brenn.")]
    transform(changed)
    assert extractor.calls == 3


def test_the_cache_key_follows_what_matters_and_nothing_else(dsn: str) -> None:
    def key(**settings: Any) -> str:
        transform = LightRAGTransform(index=LightRAGIndex(**{"name": "one", "database": dsn, **settings}))
        return get_transformation_hash(nodes(), transform)

    assert key() == key() == key(database="postgresql://user:s3cr3t-word@127.0.0.1:1/elsewhere")
    others = [
        key(name="two"),
        key(extractor=WordExtractor()),
        key(embed_model=WordEmbedder()),
        key(options=IndexOptions(ingest=IngestOptions(entity_types=("ship",)))),
    ]
    assert len({key(), *others}) == 5


def test_nothing_secret_is_shown() -> None:
    index = LightRAGIndex("secret", database="postgresql://user:s3cr3t-word@127.0.0.1:1/db")
    transform = LightRAGTransform(index=index)
    assert "s3cr3t" not in repr(transform) + str(transform.to_dict()) + transform.to_json()
    again = LightRAGTransform.from_dict(transform.to_dict(), index=index)
    assert again.to_dict() == transform.to_dict()


def test_a_transform_can_be_pickled(index: LightRAGIndex) -> None:
    transform = LightRAGTransform(index=index, embed=False)
    copy = pickle.loads(pickle.dumps(transform))
    assert copy(nodes()) == transform(nodes())
    assert copy.to_dict() == transform.to_dict()
    copy.index.close()


def test_under_the_stock_property_graph_index(index: LightRAGIndex) -> None:
    documents = [Document(id_=node.id_, text=node.text) for node in nodes()[:2]]
    graph = PropertyGraphIndex.from_documents(
        documents,
        kg_extractors=[LightRAGTransform(index=index, embed=False)],
        llm=MockLLM(),
        embed_model=MockEmbedding(embed_dim=8),
        use_async=False,
    )
    triplets = graph.property_graph_store.get_triplets(entity_names=["Edda Quill"])
    assert [(a.id, relation.label, b.id) for a, relation, b in triplets] == [
        ("Edda Quill", "founded", "Tarn Institute")
    ]
