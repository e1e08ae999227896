"""The demo: what it does, that a second run ingests nothing, and that its corpus is what it says."""

import json
from importlib.resources import files
from pathlib import Path

from lightrag_integrations import LightRAGIndex
from tests.integration.cli.running import run_cli

DATA = files("lightrag_integrations.cli").joinpath("demo_data")
MODES = ["keyword", "vector", "local", "global", "hybrid", "graph", "mix"]


def rows(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in DATA.joinpath(name).read_text("utf-8").splitlines()]


def test_corpus_and_questions_fit_together() -> None:
    articles, questions = rows("articles.jsonl"), rows("questions.jsonl")
    assert len(articles) >= 48
    assert (
        len({article["id"] for article in articles}) == len({article["title"] for article in articles}) == len(articles)
    )
    assert all(90 <= len(str(article["text"]).split()) <= 180 for article in articles)
    assert len(questions) >= 16
    known = {article["id"] for article in articles}
    for question in questions:
        gold = question["gold"]
        assert isinstance(gold, list)
        assert set(gold) <= known
        assert len(gold) >= 2, "every question takes several articles"


def test_demo_from_nothing_and_again(tmp_path: Path) -> None:
    place = tmp_path / "a place" / "with spaces"
    articles, questions = len(rows("articles.jsonl")), len(rows("questions.jsonl"))
    first = run_cli("demo", "--json", cwd=tmp_path, LIGHTRAG_DATABASE=str(place))
    assert first.code == 0, first.err
    told = first.json
    assert (told["ingest"]["documents"], told["ingest"]["unchanged"]) == (articles, 0)
    assert [row["mode"] for row in told["modes"]] == MODES
    assert len(told["questions"]) == len(MODES) * questions
    assert all(len(trial["found"]) == 5 for trial in told["questions"] if trial["mode"] != "keyword")
    wrong = [trial["id"] for trial in told["questions"] if trial["mode"] == "mix" and trial["missing"]]
    assert told["missed_by_mix"] == wrong

    again = run_cli("demo", "--directory", str(place), cwd=tmp_path)
    assert again.code == 0, again.err
    assert f"Nothing to ingest: all {articles} articles are stored" in again.out
    assert all(f"\n{mode} " in again.out for mode in MODES)
    assert again.out.count("\nQ: ") == 3 + len(wrong)
    assert "path  " in again.out
    assert "fact  " in again.out
    assert f"What 'mix' did not get right: {len(wrong)} of {questions}" in again.out
    assert "\nNext\n" in again.out
    assert again.err == "", "progress bars are for terminals"
    with LightRAGIndex("demo", database=place) as index:
        assert index.verify() == []
