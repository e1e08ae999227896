"""Answers of models are read as LightRAG reads them: the fixture says what it makes of each."""

import json
import re
from pathlib import Path

import pytest

from lightrag_integrations import InputError
from lightrag_integrations.migrate.answers import Said, said_in
from lightrag_integrations.migrate.jsonfile import members
from tests.integration.migrate.making import FIXTURES

READ = json.loads((FIXTURES / "lightrag_answers.json").read_text("utf-8"))


@pytest.mark.parametrize("case", READ, ids=range(len(READ)))
def test_an_answer_says_what_it_says_to_lightrag(case: dict[str, list[list[str]]]) -> None:
    ours = [list(said[:5]) for said in said_in([str(case["answer"])])]
    if "<|#|>entity<|#|>" in case["answer"]:  # LightRAG loses the second of two entities on one line
        assert case["said"][0] in ours and len(ours) == 2
    else:
        assert sorted(ours) == sorted(case["said"])


def test_a_second_look_adds_and_betters() -> None:
    first = "entity<|#|>Fram<|#|>artifact<|#|>A ship.\nentity<|#|>Larvik<|#|>location<|#|>A town on the coast.\n"
    second = "entity<|#|>Fram<|#|>artifact<|#|>A ship of oak.\nentity<|#|>Larvik<|#|>location<|#|>Short.\n"
    said = said_in([first, second + "entity<|#|>Oslo<|#|>location<|#|>A city.\n<|COMPLETE|>"])
    assert {one.source: one.description for one in said if not one.lesser} == {
        "Fram": "A ship of oak.", "Larvik": "A town on the coast.", "Oslo": "A city.",
    }  # fmt: skip
    assert [one.description for one in said if one.lesser] == ["A ship.", "Short."]


def test_answers_in_the_form_of_older_versions() -> None:
    """Records stood in brackets, a relation's description before its keywords."""
    old = (
        '("entity"<|>"Fram"<|>"artifact"<|>"A ship.")##\n("relationship"<|>"Archer"<|>"Fram"<|>"He made her."<|>'
        '"design"<|>9)##\n("content_keywords"<|>"ships")<|COMPLETE|>'
    )
    assert said_in([old]) == [
        Said("Fram", "", "artifact", "A ship.", ""), Said("Archer", "Fram", "", "He made her.", "design"),
    ]  # fmt: skip


def test_json_is_read_piece_by_piece(tmp_path: Path) -> None:
    """Values cross the borders of what is read at once, whatever lies there."""
    whole = {f"k{place}": {"text": 'a"\\,é南{]' * place, "n": [place, -1.5e3, None, True]} for place in range(400)}
    path = tmp_path / "store.json"
    for indent in (None, 2):
        path.write_text(json.dumps(whole, ensure_ascii=indent is None, indent=indent), "utf-8")
        assert path.stat().st_size > 5 * 65536
        assert dict(members(path)) == whole
    path.write_text('{"n": 1, "data": [1, 22, [3]], "empty": [], "m": 4}')
    assert list(members(path, lists=("data",))) == [
        ("n", 1),
        *(("data", one) for one in (1, 22, [3])),
        ("empty", []),
        ("m", 4),
    ]
    for text in ("", "{", '{"a"', '{"a": 1', '{"a": 1,', "[1]", '{"a": 1} {', '{"a": tru}', "[" * 20000):
        path.write_text(text)
        with pytest.raises(InputError, match=r"store\.json holds no JSON"):
            list(members(path))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": {"content": "cut sh', "Unterminated string starting at character 18; the file ends there"),
        ('{"a": {"content": 1', "Expecting ',' delimiter at character 19; the file ends there"),
        ('{"a": "x\ny"}', "Invalid control character at character 8; nothing"),
        ('{"a": {"b" 1}, "c": 2}', "Expecting ':' delimiter at character 11; nothing"),
        ('{"a": 1 "b": 2}', "expected '}' at character 8; nothing"),
        ('{"a": 1', "expected '}' at character 7; the file ends there"),
    ],
)
def test_where_a_file_breaks_off(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "store.json"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(told)):
        list(members(path))
