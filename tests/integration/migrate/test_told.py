"""Whose words a merged description is made of, case by case."""

from collections.abc import Sequence

import pytest

from lightrag_integrations.migrate.told import EDITED, PLACED, SUMMARISED, Own, Sources, Told, descriptions_of


def told(
    merged: Sequence[str], own: dict[str, list[Own]], *, unanswered: str = "", summaries: Sequence[str] = (),
    elsewhere: dict[str, list[str]] | None = None,
) -> Told:  # fmt: skip
    return descriptions_of(
        merged,
        Sources(
            own,
            frozenset(unanswered),
            elsewhere=lambda text: (elsewhere or {}).get(text, []),
            nearest=lambda text, among: next((one for one in among if one in text), among[0]),
            is_summary=lambda text: text in summaries,
        ),
    )


def words(found: Told) -> dict[str, list[str]]:
    return {chunk: [one.description for one in own] for chunk, own in found.by_chunk.items()}


A, B = Own("of a", "person"), Own("of b", "person")


@pytest.mark.parametrize(
    ("found", "expected", "notes"),
    [
        (told(["of a", "of b"], {"a": [A], "b": [B], "c": []}), {"a": ["of a"], "b": ["of b"], "c": [""]}, set()),
        (told(["S"], {"a": [A], "b": [B]}, summaries=["S"]), {"a": ["of a"], "b": ["of b"]}, {SUMMARISED}),
        (
            told(["S", "of b"], {"a": [A], "b": []}, summaries=["S"], unanswered="b"),
            {"a": ["of a"], "b": ["of b"]}, {SUMMARISED},
        ),
        # Written anew by hand: what it stood for is gone, also where a chunk names it without saying anything.
        (told(["new on b"], {"a": [A], "b": [B], "c": []}), {"a": [""], "b": ["new on b"], "c": [""]}, {EDITED}),
        (
            told(["of a", "new on c"], {"a": [A], "b": [B], "c": []}),
            {"a": ["of a"], "b": [""], "c": ["new on c"]}, {EDITED},
        ),
        # Answers are lost of some: theirs is what nobody else told.
        (told(["of a", "x"], {"a": [A], "c": []}, unanswered="c"), {"a": ["of a"], "c": ["x"]}, set()),
        (told(["on c", "on d"], {"c": [], "d": []}, unanswered="cd"), {"c": ["on c"], "d": ["on d"]}, {PLACED}),
        # Answers are kept and say nothing of it: LightRAG adds pictures and tables by itself.
        (told(["a picture"], {"a": []}), {"a": ["a picture"]}, set()),
        # Two names were merged: the chunk said it of the other one.
        (
            told(["of a", "moved"], {"a": [A], "b": []}, elsewhere={"moved": ["b"]}),
            {"a": ["of a"], "b": ["moved"]}, set(),
        ),
        # An older version kept the shorter one of two answers.
        (told(["of a"], {"a": [Own("more of a"), A._replace(lesser=True)]}), {"a": ["of a"]}, set()),
        (
            told(["S"], {"a": [Own("more of a"), A._replace(lesser=True)]}, summaries="S"),
            {"a": ["more of a"]}, {SUMMARISED},
        ),
        (told([], {"a": []}), {"a": [""]}, set()),
    ],
    ids=range(12),
)  # fmt: skip
def test_descriptions(found: Told, expected: dict[str, list[str]], notes: set[str]) -> None:
    assert (words(found), found.notes) == (expected, notes)


def test_types() -> None:
    both = told(["of a", "of b"], {"a": [A], "b": [Own("of b", "ship")], "c": []})
    assert both.types("person") == {"a": "person", "b": "ship", "c": "person"}
    assert both.types("hero") == dict.fromkeys("abc", "hero"), "set by hand"
    assert told(["x"], {"a": []}).types("UNKNOWN") == {"a": ""}


def test_keywords_are_the_graphs_and_none_is_lost() -> None:
    one, two, mute = Own("1", keywords=("x", "old")), Own("2", keywords=("y",)), Own("3")
    found = told(["1", "2", "3"], {"a": [one], "b": [two], "c": [mute]})
    assert found.keywords(["x", "y", "z"]) == {"a": [["x"]], "b": [["y"]], "c": [["z"]]}
    found = told(["1", "2"], {"a": [one], "b": [two]})
    assert found.keywords(["x", "y", "z"]) == {"a": [["x", "z"]], "b": [["y"]]}
    assert found.keywords(["new"]) == {"a": [["new"]], "b": [["new"]]}
