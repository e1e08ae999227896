"""`lightrag evaluate` as a real process."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.running import Cli

QUESTIONS = [
    {"id": "designer", "question": "Who designed the Fram?", "gold_ids": ["notes/fram.txt"], "hops": 1},
    {"id": "captain", "question": "Who commanded the Beagle?", "gold_ids": ["beagle"]},
    {"id": "both", "question": "Who designed the Fram and who commanded the Terra Nova?", "gold_ids": ["beagle"]},
]
UNKNOWN = {"id": "lost", "question": "What else?", "gold_ids": ["notes/lost.txt"]}


@pytest.fixture
def questions(tmp_path: Path, notes: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, QUESTIONS)), "utf-8")
    return path


def test_tables_misses_and_the_file(cli: Cli, questions: Path) -> None:
    assert cli("ingest", "notes", "--quiet").code == 0
    done = cli("evaluate", questions.name, "--modes", "keyword,mix", "--k", "1", "--misses", "--json", "report.json")
    assert done.code == 0
    assert done.out.startswith("3 questions, 1 hits each; index 'cli-")
    assert "Difference to 'mix'" in done.out
    assert "p50 ms  p95 ms  p99 ms" in done.out
    assert "'keyword' missed something of 1 of 3 questions (first 1 hits)" in done.out
    assert "[both]\n   missing  beagle\n    1.       " in done.out
    assert done.err == "", "no bar where nobody looks"
    report = json.loads((questions.parent / "report.json").read_text("utf-8"))
    assert [row["name"] for row in report["results"]] == ["keyword", "mix"]
    assert report["results"][1]["figures"]["recall@1"]["value"] == pytest.approx(2 / 3)
    assert report["results"][1]["answers"][0]["ranks"] == {"notes/fram.txt": 1}


def test_settings_of_a_file_and_json_alone(cli: Cli, questions: Path) -> None:
    assert cli("ingest", "notes", "--quiet").code == 0
    settings = {"plain": {"mode": "mix"}, "unguarded": {"mode": "mix", "walk": {"guard": 0}}}
    (questions.parent / "settings.json").write_text(json.dumps(settings))
    questions.write_text("\n".join(map(json.dumps, [*QUESTIONS, UNKNOWN])), "utf-8")
    done = cli("evaluate", questions.name, "--settings", "settings.json", "--baseline", "plain", "--json")
    assert done.code == 1, "a question was left out"
    assert [row["name"] for row in done.json["results"]] == ["plain", "unguarded"]
    assert done.json["unknown"] == {"lost": ["notes/lost.txt"]}
    assert len(done.json["questions"]) == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("absent.jsonl",), "absent.jsonl: can't be read"),
        (("questions.jsonl", "--modes", "bypass"), "'bypass', which finds nothing"),
        (("questions.jsonl", "--modes", "mix", "--baseline", "graph"), "baseline: got 'graph'"),
        (("questions.jsonl", "--settings", "questions.jsonl"), "--settings questions.jsonl: can't be read as JSON"),
        (("questions.jsonl", "--settings", "wrong.json"), "'odd': walk.guards: Extra inputs are not permitted"),
        (("questions.jsonl",), "lacks gold ids of every question (beagle, notes/fram.txt, …)"),
        (("questions.jsonl", "--k", "0"), "expected a whole number above 0"),
    ],
)
@pytest.mark.usefixtures("made")
def test_refusals(cli: Cli, questions: Path, arguments: tuple[str, ...], told: str) -> None:
    (questions.parent / "wrong.json").write_text('{"odd": {"walk": {"guards": 1}}}')
    done = cli("evaluate", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
