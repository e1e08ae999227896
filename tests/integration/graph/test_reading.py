"""What is asked of the graph is answered whole: no fact is lost to a limit that nobody set."""

from typing import Any

import pytest

from lightrag_integrations import Chunk, Document, InputError, LightRAGIndex
from lightrag_integrations.models import ChunkGraph, ChunkRelation
from tests.integration.handle.conftest import MakeIndex

HEAVY = 300


def fact(source: str, target: str, description: str = "", weight: float = 1.0) -> ChunkRelation:
    return ChunkRelation(source=source, target=target, description=description, weight=weight)


def told(name: str, relations: list[ChunkRelation], **metadata: Any) -> Document:
    chunk = Chunk(id=f"{name}#0", document_id=name, text="Told.", graph=ChunkGraph(relations=relations))
    return Document(id=name, chunks=(chunk,), metadata=metadata)


@pytest.fixture
def index(make_index: MakeIndex) -> LightRAGIndex:
    """A hub with most of its facts about one other; a triangle of which one side is hidden from a."""
    made = make_index()
    many = [fact("Hub", "Rim", f"Number {number}.", 2.0) for number in range(HEAVY)]
    made.ingest(
        [
            told("many", [*many, fact("Spoke", "Hub", weight=3.0), fact("Hub", "Nail")], tenant="a"),
            told("sides", [fact("Spoke", "Rim"), fact("Rim", "Nut")], tenant="b"),
        ]
    )
    return made


def pairs(relations: Any) -> list[tuple[str, str, float]]:
    return [(relation.source, relation.target, relation.weight) for relation in relations]


def test_a_relation_has_all_its_facts(index: LightRAGIndex) -> None:
    relation = index.graph.relation("RIM", "hub")
    assert relation is not None
    assert relation.weight == 2.0 * HEAVY
    assert len(relation.facts) == len({one.description for one in relation.facts}) == HEAVY


def test_one_heavy_relation_hides_no_other(index: LightRAGIndex) -> None:
    all_of_it = [("Hub", "Rim", 2.0 * HEAVY), ("Spoke", "Hub", 3.0), ("Hub", "Nail", 1.0)]
    assert pairs(index.graph.neighbours("hub")) == all_of_it
    assert pairs(index.graph.neighbours("hub", limit=2)) == all_of_it[:2]
    assert pairs(index.graph.neighbours("hub", filter={"tenant": "b"})) == []


async def test_a_subgraph_has_every_relation_between_its_entities(index: LightRAGIndex) -> None:
    near = await index.graph.asubgraph(["Hub"], limit=3)
    assert [entity.name for entity in near.entities] == ["Hub", "Rim", "Spoke"]
    assert pairs(near.relations) == [("Hub", "Rim", 2.0 * HEAVY), ("Spoke", "Hub", 3.0), ("Spoke", "Rim", 1.0)]
    assert pairs((await index.graph.asubgraph(["Spoke", "Rim"], hops=0)).relations) == [("Spoke", "Rim", 1.0)]
    far = await index.graph.asubgraph(["Hub"], hops=2)
    assert {entity.name for entity in far.entities} == {"Hub", "Rim", "Spoke", "Nail", "Nut"}
    shown = await index.graph.asubgraph(["Hub"], hops=2, filter={"tenant": "a"})
    assert pairs(shown.relations) == [("Hub", "Rim", 2.0 * HEAVY), ("Spoke", "Hub", 3.0), ("Hub", "Nail", 1.0)]


def test_weights_that_have_no_sum_are_refused(make_index: MakeIndex) -> None:
    index = make_index()
    with pytest.raises(InputError, match=r"weight 1e\+308; expected a number above 0, 1e\+09 at most"):
        index.ingest([told("heavy", [fact("Ada", "Bab", str(number), 1e308) for number in range(2)])])
    index.ingest([told("heavy", [fact("Ada", "Bab", str(number), 1e9) for number in range(2)])])
    for mode in ("mix", "graph", "local", "hybrid"):
        assert len(index.retrieve("Ada and Bab", mode=mode, k=1).hits) == 1


def test_an_entity_has_one_name_wherever_it_is_shown(make_index: MakeIndex) -> None:
    index = make_index()
    written = ["Ada" if number < 26 else "ADA" for number in range(51)]  # a search looks at the first twenty
    index.ingest([told(f"d{number}", [fact(name, f"B{number}")]) for number, name in enumerate(written)])
    ada = index.graph.entity("ada")
    assert ada is not None and ada.name == "Ada"
    around = index.graph.subgraph(["ada"])
    assert "Ada" in {entity.name for entity in around.entities}
    seen = [*around.relations, *index.graph.neighbours("ADA", limit=99), index.graph.relation("B40", "ada")]
    assert {relation.source for relation in seen if relation} == {"Ada"}
    assert {one.source for relation in seen if relation for one in relation.facts} == {"Ada"}
