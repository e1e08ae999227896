"""Names merged into one: everything follows, and taking it back restores the very same index."""

import json

from lightrag_integrations import Document
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
