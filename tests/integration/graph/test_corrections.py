"""What documents say, hidden and overridden by hand: marked, kept through re-ingestion, taken back without a trace."""

import pytest

from lightrag_integrations import Document, Hidden, InputError, Override
from tests.integration.handle.conftest import MakeIndex


def test_what_is_hidden_is_nowhere_until_it_is_shown_again(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    index.ingest(documents)
    dump, export = index.dump(), index.graph.export().text
    (hidden,) = index.graph.hide("London", reason="no entity of ours")
    assert hidden == Hidden(names=("London",), reason="no entity of ours", at=hidden.at) and hidden.at is not None
    assert (index.graph.hidden(), index.graph.hide("the London")) == ([hidden], [])
    assert index.graph.entity("London") is None
    assert all("London" not in (one.source, one.target) for one in index.graph.neighbours("Ada Lovelace"))
    shown = index.graph.export(format="csv").texts
    assert all('"London"' not in text and "\nLondon," not in text for text in shown.values())
    found = index.retrieve("Who wrote in London?", k=3, explain=True)
    assert all(entity.name != "London" for entity in found.entities)
    assert all("London" not in hit.evidence.entities for hit in found.hits)
    assert any("London" in hit.text for hit in found.hits), "texts stay as they are"

    index.ingest([Document(id="more", text="London is where Ada Lovelace met Mary Somerville.")])
    assert index.graph.entity("London") is None and index.graph.entity("Mary Somerville") is not None
    index.documents.delete(["more"])
    assert index.verify() == []
    assert index.graph.unhide(["London", "Nobody"]) == [hidden]
    assert (index.dump(), index.graph.export().text, index.graph.hidden()) == (dump, export, [])


def test_a_relation_is_corrected_by_hiding_it_and_saying_what_is_right(
    make_index: MakeIndex, documents: list[Document]
) -> None:
    index = make_index()
    index.ingest(documents)
    pair = ("Analytical Engine", "Charles Babbage")
    assert index.graph.relation(*pair) is not None
    (hidden,) = index.graph.hide(relations=[pair])
    assert hidden.names == pair and index.graph.relation(*pair) is None
    assert index.graph.entity(pair[0]) is not None and index.graph.entity(pair[1]) is not None
    index.graph.add(relations=[{"source": pair[1], "target": pair[0], "description": "He never finished it."}])
    right = index.graph.relation(*pair)
    assert right is not None and [fact.description for fact in right.facts] == ["He never finished it."]
    assert right.facts[0].by_hand
    assert index.graph.unhide(relations=[pair[::-1]]) == [hidden]
    both = index.graph.relation(*pair)
    assert both is not None and len(both.facts) > 1
    assert index.verify() == []


def test_an_override_stands_in_place_of_what_is_said(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    index.ingest(documents)
    dump, before = index.dump(), index.graph.entity("Ada Lovelace")
    assert before is not None and not before.edited
    said = index.graph.override("ada lovelace", type="person", description="First programmer.", reason="checked")
    assert said == Override(
        name="ada lovelace", type="person", description="First programmer.", reason="checked", at=said.at
    )
    ada = index.graph.entity("Ada Lovelace")
    assert ada is not None and (ada.type, ada.description, ada.edited) == ("person", "First programmer.", True)
    assert (ada.name, ada.mentions, ada.degree, ada.by_hand) == (before.name, before.mentions, before.degree, False)
    assert index.graph.override("Ada Lovelace", type="programmer").description == "First programmer."
    index.ingest([documents[0].model_copy(update={"text": "Ada Lovelace, Countess, wrote notes."}), documents[1]])
    again = index.graph.entity("Ada Lovelace")
    assert again is not None and (again.type, again.description) == ("programmer", "First programmer.")
    context = index.retrieve("Ada Lovelace", k=2, mode="local", context=True).context
    assert context is not None and "First programmer." in context.text
    index.ingest(documents)
    (back,) = index.graph.restore("Ada Lovelace")
    assert (back.type, index.graph.overrides()) == ("programmer", [])
    assert (index.dump(), index.graph.entity("Ada Lovelace"), index.verify()) == (dump, before, [])
    with pytest.raises(InputError, match="neither type nor description"):
        index.graph.override("Ada Lovelace")


def test_what_makes_no_sense_is_refused_and_nothing_is_written(make_index: MakeIndex) -> None:
    index = make_index()
    index.graph.merge("A", into="B")
    index.graph.merge("B", into="C")
    index.graph.hide("H")
    before = index.dump()
    for names, into, message in (
        ("the a", "A", "the same name already"),
        ("A", "C", "merged into 'B' already"),
        ("C", "A", "'A' is merged into 'C'; unmerge it first"),
        (["X", "H"], "C", "'H' is hidden"),
        ("X", "H", "'H' is hidden"),
        (["X", ""], "C", "expected names"),
        ("X", "", "into: got ''; expected names"),
    ):
        with pytest.raises(InputError, match=message):
            index.graph.merge(names, into=into)
    with pytest.raises(InputError, match="expected pairs of names"):
        index.graph.hide(relations=["AB"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="expected two entities"):
        index.graph.hide(relations=[("A", "the A")])
    assert index.dump() == before


def test_edits_of_a_merged_name_are_those_of_what_it_means(make_index: MakeIndex) -> None:
    index = make_index()
    index.graph.add(entities=[{"name": name, "description": f"{name} said"} for name in ("A", "B", "C")])
    index.graph.override("B", description="overridden")
    index.graph.merge("A", into="B")
    index.graph.merge("B", into="C")
    entity = index.graph.entity("A")
    assert entity is not None and (entity.name, entity.aliases, entity.mentions) == ("C", ("A", "B"), 3)
    assert entity.description == "overridden"
    assert index.graph.override("A", description="of C").name == "A"
    assert [one.description for one in index.graph.restore("B")] == ["of C", "overridden"]
    assert [alias.name for alias in index.graph.unmerge("B")] == ["B"], "A stays with B"
    left = index.graph.entity("A")
    assert left is not None and (left.name, left.description) == ("B", "A said\nB said")
    index.graph.unmerge("A")
    assert index.verify() == []
