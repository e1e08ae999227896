"""Names merged into one: everything follows, and taking it back restores the very same index."""

import json
from collections.abc import Callable

import pytest

from lightrag_integrations import Document, InputError
from lightrag_integrations.graph import Graph
from tests.integration.handle.conftest import MakeIndex

MORE = Document(
    id="countess", title="Countess of Lovelace", text="The Countess of Lovelace wrote about Menabrea in Turin."
)


def test_undo_restores_the_very_same_dump_and_export(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    index.ingest([*documents, MORE])
    dump, export = index.dump(), index.graph.export().text
    alone = index.graph.entity("Ada Lovelace")
    (alias,) = index.graph.merge("the Countess of Lovelace", into="Ada Lovelace", reason="her title")
    assert (alias.name, alias.into, alias.reason, alias.score) == (
        "the Countess of Lovelace",
        "Ada Lovelace",
        "her title",
        None,
    )
    assert index.graph.aliases() == [alias] and alias.at is not None
    assert index.verify() == []
    ada = index.graph.entity("Countess of Lovelace")
    assert ada == index.graph.entity("Ada Lovelace") and ada is not None and alone is not None
    assert (ada.name, ada.aliases, ada.edited) == ("Ada Lovelace", ("Countess of Lovelace",), True)
    assert ada.mentions == alone.mentions + 1 and "countess" in ada.document_ids
    ends = {end for one in index.graph.neighbours("Ada Lovelace") for end in (one.source, one.target)}
    assert {"Turin", "London"} <= ends and "Countess of Lovelace" not in ends
    assert index.dump() != dump
    assert [json.loads(line)["of"] for line in index.dump().splitlines() if line.startswith('{"alias"')] == [
        "ada lovelace"
    ]
    assert index.graph.merge("Countess of Lovelace", into="ada lovelace") == []

    assert index.graph.unmerge(["Countess of Lovelace", "Nobody"]) == [alias]
    assert (index.dump(), index.graph.export().text) == (dump, export)
    assert (index.verify(), index.graph.aliases()) == ([], [])
    assert index.graph.entity("Ada Lovelace") == alone


def test_questions_may_use_any_name(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    index.ingest([*documents, MORE])
    index.graph.merge("Ada Lovelace", into="Countess of Lovelace")
    for mode in ("local", "graph", "mix"):
        found = index.retrieve("Ada Lovelace", mode=mode, k=4)
        assert found.entities[0].name == "Countess of Lovelace", mode
        assert {"lovelace", "countess"} <= {hit.document_id for hit in found.hits[:3]}, mode


def test_suggestions_are_accepted_from_a_score_on(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    index.ingest([*documents, Document(id="x", text="The AnalyticalEngine and Babbage, Charles are spelt oddly here.")])
    dump = index.dump()
    suggested = index.graph.duplicates(min_score=0.9)
    assert suggested
    merged = index.graph.merge_duplicates(min_score=0.9)
    assert {one.name for one in merged} == {one.second for one in suggested}
    assert all(one.score is not None and one.score >= 0.9 and one.reason for one in merged)
    assert index.graph.aliases() == merged
    assert (index.graph.duplicates(min_score=0.9), index.graph.merge_duplicates(min_score=0.9)) == ([], [])
    engine = index.graph.entity("AnalyticalEngine")
    assert engine is not None and engine.name == "Analytical Engine"
    assert index.verify() == []
    index.graph.unmerge([one.name for one in merged])
    assert index.dump() == dump


def test_what_a_merged_graph_exports_comes_in_as_one(make_index: MakeIndex, documents: list[Document]) -> None:
    index, copy = make_index(), make_index()
    index.ingest([*documents, MORE])
    index.graph.merge("Countess of Lovelace", into="Ada Lovelace")
    index.graph.hide("London")
    copy.graph.load(json.loads(index.graph.export().text))
    assert copy.graph.entity("Countess of Lovelace") is None and copy.graph.entity("London") is None
    one, other = index.graph.entity("Ada Lovelace"), copy.graph.entity("Ada Lovelace")
    assert one is not None and other is not None
    assert one.model_copy(update={"aliases": (), "edited": False}) == other
    assert index.graph.neighbours("Ada Lovelace") == copy.graph.neighbours("Ada Lovelace")


def test_an_alias_that_only_hidden_chunks_use_does_not_show(make_index: MakeIndex) -> None:
    index = make_index()
    seen = Document(id="a", text="Ada Lovelace wrote notes in London.", metadata={"t": 1})
    unseen = Document(id="b", text="Zorblax of Lovelace went to Turin with Menabrea.", metadata={"t": 2})
    index.ingest([seen, unseen])
    only = {"t": 1}
    before = [index.graph.export(filter=only).text, index.retrieve("Ada Lovelace", filter=only, k=5, explain=True)]
    index.graph.merge("Zorblax of Lovelace", into="Ada Lovelace", reason="Zorblax is her name in secret")
    index.graph.hide("Menabrea", reason="Zorblax said so")
    assert [
        index.graph.export(filter=only).text,
        index.retrieve("Ada Lovelace", filter=only, k=5, explain=True),
    ] == before
    other = index.graph.entity("Ada Lovelace", filter={"t": 2})
    assert other is not None and (other.name, other.document_ids) == ("Zorblax of Lovelace", ("b",))
    index.graph.unmerge("Zorblax of Lovelace")
    index.graph.merge("Ada Lovelace", into="Zorblax of Lovelace")
    found = index.graph.entity("Zorblax of Lovelace", filter=only)
    assert found is not None and "Zorblax" not in found.model_dump_json()
    assert "Zorblax" not in index.graph.export(filter=only).text
    assert "Zorblax" not in index.retrieve("Ada Lovelace", filter=only, k=5, explain=True).to_html()


def test_a_name_shown_for_want_of_the_root_s_is_no_alias(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    index.ingest(documents)
    index.graph.merge(["Ada Lovelace", "Charles Babbage"], into="Nobody yet")
    found = index.graph.entity("Nobody yet")
    assert found is not None and {found.name, *found.aliases} == {"Ada Lovelace", "Charles Babbage"}
    assert len(found.aliases) == 1


@pytest.mark.parametrize(
    "edit",
    [
        lambda graph: graph.merge("".join(map(str, range(2000))), into="Ada"),
        lambda graph: graph.hide("".join(map(str, range(2000)))),
        lambda graph: graph.merge("Ada", into="Byron", reason=5),
        lambda graph: graph.hide("Ada", reason=5),
        lambda graph: graph.hide(relations=None),
        lambda graph: graph.hide(relations=[None]),
        lambda graph: graph.override("Ada", type=5),
        lambda graph: graph.merge("Ad\x00a", into="Byron"),
        lambda graph: graph.merge("Ada", into="Byron", reason="\ud800"),
    ],
)
def test_what_is_no_edit_is_refused_in_words(make_index: MakeIndex, edit: Callable[[Graph], object]) -> None:
    index = make_index()
    with pytest.raises(InputError, match="got"):
        edit(index.graph)
    assert (index.graph.aliases(), index.graph.hidden(), index.graph.overrides()) == ([], [], [])
