"""Questions from files and objects; what is wrong is said with its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from lightrag_integrations import EvaluationQuestion, InputError
from lightrag_integrations.evaluate.questions import read_questions

ROWS = [
    {"id": "a", "question": " Who? ", "gold_ids": ["p1", "p2", "p1"], "answer": "nobody", "steps": []},
    {"question": "Where?", "gold_ids": ["p3"]},
]
READ = (
    EvaluationQuestion(id="a", question="Who?", gold_ids=("p1", "p2")),
    EvaluationQuestion(id="2", question="Where?", gold_ids=("p3",)),
)


@pytest.mark.parametrize("form", ["lines", "lines with gaps and a mark", "array", "objects", "generator"])
def test_every_form_gives_the_same(form: str, tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    lines = "\n".join(map(json.dumps, ROWS))
    text = {"lines": lines, "lines with gaps and a mark": "\ufeff\n" + lines.replace("\n", "\r\n\r\n") + "\n"}
    path.write_text(text.get(form, json.dumps(ROWS, indent=1)), "utf-8")
    sources: dict[str, Any] = {"objects": [ROWS[0], READ[1]], "generator": iter(ROWS), "array": str(path)}
    source = sources.get(form, path)
    assert read_questions(source) == READ


def test_limit_takes_the_first_after_checking_all() -> None:
    assert read_questions(ROWS, limit=1) == READ[:1]
    with pytest.raises(InputError, match="item 3"):
        read_questions([*ROWS, {}], limit=1)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{'id': 1}", r"line 2: got \"\{'id': 1\}\", which is no JSON"),
        ("17", 'line 2: got 17; expected {"id"'),
        ('{"id": 3, "question": "?", "gold_ids": ["p"]}', "line 2: id: got 3; expected text"),
        ('{"id": "b", "gold_ids": ["p"]}', "line 2: question: got nothing; expected a question"),
        ('{"id": "b", "question": " ", "gold_ids": ["p"]}', "question: got ' '"),
        (r'{"id": "b", "question": "a\u0000", "gold_ids": ["p"]}', "without NUL"),
        (r'{"id": "b", "question": "a\ud800", "gold_ids": ["p"]}', "lone surrogates"),
        ('{"id": "b", "question": "?"}', "line 2: gold_ids: got nothing; expected a list"),
        ('{"id": "b", "question": "?", "gold_ids": "p"}', "gold_ids: got 'p'; expected a list"),
        ('{"id": "b", "question": "?", "gold_ids": []}', "expected at least one id"),
        ('{"id": "b", "question": "?", "gold_ids": [7]}', r"gold_ids: got \[7\]"),
        ('{"id": "a", "question": "?", "gold_ids": ["p"]}', "id 'a' more than once"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(ROWS[0])}\n{line}\n", "utf-8")
    with pytest.raises(InputError, match=told) as caught:
        read_questions(path)
    assert "q.jsonl" in str(caught.value)


def test_all_problems_are_listed() -> None:
    with pytest.raises(InputError, match="1 more") as caught:
        read_questions([ROWS[0], {"question": "?"}, 5])  # type: ignore[list-item]
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("source", [[], 5, {"question": "?", "gold_ids": ["p"]}, b"x"])
def test_no_questions_at_all(source: Any) -> None:
    with pytest.raises(InputError, match="questions: got"):
        read_questions(source)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        read_questions(tmp_path)
    (tmp_path / "latin").write_bytes(b"\xdcbung")
    with pytest.raises(InputError, match="byte 0 is not UTF-8"):
        read_questions(tmp_path / "latin")
    (tmp_path / "broken").write_text("[1,")
    with pytest.raises(InputError, match="broken JSON"):
        read_questions(tmp_path / "broken")
