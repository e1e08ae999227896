"""Every command as a real process: what it does, prints and returns."""

import re
from pathlib import Path

from tests.doubles.openai_server import OpenAIServer
from tests.integration.cli.running import Cli


def test_ingest_query_status_graph_delete(cli: Cli, notes: Path) -> None:
    first = cli("ingest", "notes", "--json")
    assert first.code == 0
    assert first.json["reports"][0]["document_ids"] == ["notes/fram.txt", "beagle", "terra"]
    assert first.json["errors"] == {}

    found = cli("query", "Who designed the Fram?", "--k", "2", "--json")
    assert found.code == 0
    assert found.json["hits"][0]["document_id"] == "notes/fram.txt"
    assert len(found.json["hits"]) == 2

    status = cli("status", "--documents", "--verify", "--json")
    assert status.code == 0
    assert status.json["status"]["documents"] == 3
    assert [row["status"] for row in status.json["documents"]] == ["processed"] * 3
    assert status.json["problems"] == []

    entity = cli("graph", "colin  ARCHER", "--json")
    assert entity.code == 0
    assert entity.json["entity"]["name"] == "Colin Archer"
    assert entity.json["relations"]

    deleted = cli("delete", "notes/fram.txt", "nobody", "--json")
    assert (deleted.code, deleted.json) == (1, {"deleted": 1, "unknown": ["nobody"]})
    assert cli("graph", "Colin Archer", "--json").json == {"entity": None, "relations": []}


def test_second_ingest_changes_nothing(cli: Cli, notes: Path) -> None:
    assert cli("ingest", "notes").code == 0
    again = cli("ingest", "./notes/", "notes/fram.txt", "--json")
    (report,) = again.json["reports"]
    assert (again.code, report["documents"], report["unchanged"]) == (0, 0, 3)


def test_people_can_read_it(cli: Cli, notes: Path) -> None:
    ingested = cli("ingest", "notes")
    assert "3 stored, 0 unchanged, 0 failed" in ingested.out
    assert "\r" not in ingested.err, "progress bars are for terminals"
    found = cli("query", "Who commanded the Beagle?", "--explain", "--mode", "mix", "--rerank").out
    assert found.startswith(" 1. HMS Beagle  [")
    assert "Robert FitzRoy commanded HMS Beagle." in found
    assert "score " in found
    assert "3 stored, 0 waiting, 0 failed" in cli("status").out
    assert "checked: nothing wrong" in cli("status", "--verify").out
    assert "Robert FitzRoy" in cli("graph", "HMS Beagle").out
    assert cli("delete", "beagle").out == "1 deleted\n"


def test_an_explanation_fits_the_terminal(cli: Cli, notes: Path) -> None:
    cli("ingest", "notes")
    asked = ("query", "Who designed the ship launched at Larvik?", "--k", "2", "--mode", "graph")
    for columns in (60, 110):
        told = cli(*asked, "--explain", COLUMNS=str(columns)).out
        assert max(map(len, told.splitlines())) <= columns
        assert "\x1b" not in told
        words = " ".join(told.split())
        assert re.search(r"path seed “[^”]+” is .+ → is .+ this chunk \(notes/fram.txt, characters \d+–\d+\)", words)
        assert "without it]" in words
        assert "seeds" in words and "█" in told
    assert "path" not in cli(*asked).out


def test_a_page_is_written(cli: Cli, notes: Path, tmp_path: Path) -> None:
    cli("ingest", "notes")
    done = cli("query", "Who designed the Fram?", "--html", "fram.html", "--json")
    assert done.code == 0
    assert done.err.endswith("wrote fram.html\n")
    page = (tmp_path / "fram.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>Who designed the Fram?</title>" in page
    assert done.json["hits"][0]["evidence"]["steps"]
    refused = cli("query", "Who designed the Fram?", "--html", "no/such/place.html")
    assert (refused.code, refused.out) == (2, "")
    assert "--html: can't write no/such/place.html" in refused.err


def test_bad_files_are_reported_and_the_others_stored(cli: Cli, notes: Path) -> None:
    (notes / "latin.txt").write_bytes("Übung".encode("latin-1"))
    done = cli("ingest", "notes", "absent.md", "--quiet")
    assert done.code == 1
    assert "3 stored" in done.out
    assert "lightrag: notes/latin.txt: byte 0 is not UTF-8 text" in done.err
    assert "lightrag: absent.md: can't be read (No such file or directory)" in done.err


def test_a_document_that_the_index_refuses_is_reported(cli: Cli, notes: Path) -> None:
    (notes / "odd.json").write_text('[{"id": "odd", "text": "lone \\ud800 surrogate"}]')
    done = cli("ingest", "notes", "--json")
    assert done.code == 1
    assert list(done.json["errors"]) == ["odd"]
    assert done.json["reports"][0]["documents"] == 3


def test_filter_narrows(cli: Cli, notes: Path) -> None:
    cli("ingest", "notes")
    found = cli("query", "ship", "--filter", '{"year": {"$lt": 1850}}', "--json")
    assert [hit["document_id"] for hit in found.json["hits"]] == ["beagle"]


def test_no_hit_is_told_by_the_exit_code(cli: Cli, notes: Path) -> None:
    cli("ingest", "notes")
    nothing = cli("query", "zebra", "--mode", "keyword")
    assert (nothing.code, nothing.out) == (1, "no hit\n")
    assert cli("query", "zebra", "--mode", "keyword", "--json").json["hits"] == []
    unknown = cli("graph", "Zebra")
    assert (unknown.code, unknown.out) == (1, "no entity is called 'Zebra'\n")


def test_models_behind_an_endpoint(cli: Cli, notes: Path) -> None:
    with OpenAIServer() as server:
        models = ("--llm", "chat", "--embed", "vectors", "--base-url", server.base_url)
        stored = cli("ingest", "notes", *models, "--json", OPENAI_API_KEY="secret-key")
        assert stored.code == 0
        assert stored.json["reports"][0]["model_calls"] == server.calls["extract"] == 3
        server.script("Who designed", "Colin Archer did [1].")
        asked = ("query", "Who designed the Fram?", "--answer", *models)
        answer = cli(*asked, OPENAI_API_KEY="secret-key")
        assert answer.code == 0
        assert answer.out.splitlines()[0] == "Colin Archer did [1]."
        assert answer.out.splitlines()[1].startswith("[1] ")
        assert cli(*asked, "--json").json["citations"][0]["number"] == 1, "no key: a local server needs none"
        checked = cli("doctor", *models, "--json")
        assert checked.code == 0
        assert {"embedding model", "chat model"} <= {check["name"] for check in checked.json["checks"]}


def test_a_model_that_fails_marks_documents_and_retry_finishes_them(cli: Cli, notes: Path) -> None:
    with OpenAIServer() as server:
        models = ("--llm", "chat", "--base-url", server.base_url, "--json")
        server.fault("status", status=401)
        failed = cli("ingest", "notes", *models, OPENAI_API_KEY="secret-key")
        assert failed.code == 1
        assert sorted(failed.json["errors"]) == ["beagle", "notes/fram.txt", "terra"]
        assert "secret-key" not in failed.out + failed.err
        assert len(cli("status", "--json").json["documents"]) == 3
        server.clear()
        retried = cli("ingest", "--retry", *models)
        assert (retried.code, retried.json["reports"][0]["documents"]) == (0, 3)


def test_doctor_says_what_works(cli: Cli) -> None:
    checked = cli("doctor", "--json")
    assert checked.code == 0
    names = {check["name"]: check["ok"] for check in checked.json["checks"]}
    assert names["python"] is names["database"] is names["langchain-core"] is True
    assert "FAILS" not in cli("doctor").out


def test_another_embedding_model(cli: Cli, notes: Path) -> None:
    with OpenAIServer() as openai_server:
        change_the_model(cli, openai_server)


def change_the_model(cli: Cli, openai_server: OpenAIServer) -> None:
    to_server = ("--base-url", openai_server.base_url)
    cli("ingest", "notes", "--embed", "first", *to_server)
    refused = cli("query", "Who designed the Fram?", "--embed", "second", *to_server)
    assert refused.code == 4 and "reembed" in refused.err
    assert cli("reembed").code == 2
    done = cli("reembed", "--embed", "second", *to_server)
    assert done.code == 0 and re.match(r"3 chunks, \d+ entities, \d+ facts embedded with .*second", done.out)
    assert cli("reembed", "--embed", "second", *to_server, "--json").json["rounds"] == 0
    found = cli("query", "Who designed the Fram?", "--embed", "second", *to_server, "--json")
    assert found.code == 0 and found.json["hits"]
    # What embeds nothing works whatever the environment names.
    assert cli("status", "--verify", LIGHTRAG_EMBED="first", OPENAI_BASE_URL=openai_server.base_url).code == 0
