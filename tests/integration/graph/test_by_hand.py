"""Statements made by hand: they stay when documents change, are marked, and leave nothing behind when taken back."""

import json
from typing import Any

import pytest

from lightrag_integrations import Document, ExtractedEntity, ExtractedRelation, InputError
from tests.integration.handle.conftest import MakeIndex


def test_add_and_delete_restore_the_very_same_dump(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    index.ingest(documents)
    before = index.dump()
    added = index.graph.add(
        entities=[ExtractedEntity(name="ada  lovelace", type="person", description="First programmer")],
        relations=[
            {"source": "Ada Lovelace", "target": "Luigi Menabrea", "description": "She translated him.", "weight": 2},
            {"source": "Luigi Menabrea", "target": "Ada Lovelace", "keywords": "author, translator"},
        ],
    )
    assert added.documents == 2 and added.failed == 0
    ada = index.graph.entity("Ada Lovelace")
    assert ada is not None and ada.by_hand and ada.type == "person" and "First programmer" in ada.description
    relation = index.graph.relation("Ada Lovelace", "Luigi Menabrea")
    assert relation is not None and relation.weight == 3 and all(fact.by_hand for fact in relation.facts)
    marked = [line for line in index.dump().splitlines() if '"by_hand":true' in line]
    assert sum(json.loads(line).get("document", "").startswith("by-hand:") for line in marked) == 2
    assert index.verify() == []
    hit = index.retrieve("Who translated Menabrea?", k=1).hits[0]
    assert (hit.source, hit.metadata["by_hand"]) == ("by hand", True)

    assert index.graph.delete(relations=[("Luigi Menabrea", "Ada Lovelace")]) == 1
    assert index.graph.entity("Luigi Menabrea") is None
    assert index.graph.delete(entities=["Ada Lovelace", "Nobody"]) == 1
    assert index.dump() == before
    assert index.graph.delete(entities=["Ada Lovelace"]) == 0, "what documents say stays"
    assert index.graph.entity("Ada Lovelace") is not None


def test_they_survive_changes_of_the_documents(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    index.graph.add(entities=[{"name": "Ada Lovelace", "description": "By hand"}])
    index.ingest(documents)
    index.ingest([Document(id="lovelace", text="Something else.")])
    index.documents.delete(["babbage"])
    ada = index.graph.entity("Ada Lovelace")
    assert ada is not None and ada.description == "By hand"
    clean = make_index()
    clean.ingest([Document(id="lovelace", text="Something else."), documents[2]])
    clean.graph.add(entities=[{"name": "Ada Lovelace", "description": "By hand"}])
    assert clean.dump() == index.dump()


def test_adding_twice_changes_nothing_and_editing_replaces(make_index: MakeIndex) -> None:
    index = make_index()
    one = ExtractedRelation(source="A", target="B", description="one")
    index.graph.add(relations=[one])
    before = index.dump()
    assert index.graph.add(relations=[one]).documents == 0
    assert index.dump() == before
    index.graph.add(relations=[{"source": "B", "target": "A", "description": "two"}])
    both = index.graph.relation("A", "B")
    assert both is not None and {fact.description for fact in both.facts} == {"one", "two"}
    index.graph.edit(relations=[{"source": "A", "target": "B", "description": "three", "weight": 0.1}])
    edited = index.graph.relation("A", "B")
    assert edited is not None and [fact.description for fact in edited.facts] == ["three"]
    index.graph.edit(relations=[one])
    assert index.dump() == before


def test_metadata_keep_tenants_apart(make_index: MakeIndex) -> None:
    index = make_index()
    for tenant in ("a", "b"):
        index.graph.add(entities=[{"name": "Ada", "description": f"for {tenant}"}], metadata={"tenant": tenant})
    seen = index.graph.entity("Ada", filter={"tenant": "a"})
    assert seen is not None and seen.description == "for a"
    assert index.graph.delete(entities=["Ada"], filter={"tenant": "b"}) == 1
    left = index.graph.entity("Ada")
    assert left is not None and left.description == "for a"


def test_what_is_wrong_is_refused_before_anything_is_written(make_index: MakeIndex) -> None:
    index = make_index()
    with pytest.raises(InputError, match=r"entities\[1\]: name: Field required"):
        index.graph.add(entities=[{"name": "fine"}, {"type": "x"}])
    with pytest.raises(InputError, match="expected a list of ExtractedEntity"):
        index.graph.add(entities="Ada")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="with itself"):
        index.graph.add(entities=[{"name": "fine"}], relations=[{"source": "A", "target": "the a"}])
    with pytest.raises(InputError, match="expected pairs of names"):
        index.graph.delete(relations=["A"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="expected pairs of names"):
        index.graph.delete(relations=[5])  # type: ignore[list-item]
    endless: dict[str, Any] = {}
    endless["itself"] = endless
    for metadata in (5, {1: 2, "a": 3}, endless, {"a": object()}):
        with pytest.raises(InputError, match="metadata"):
            index.graph.add(entities=[{"name": "fine"}], metadata=metadata)  # type: ignore[arg-type]
    assert index.status().documents == 0
