"""Files and directories: what is found, how documents are named, what is reported."""

import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from lightrag_integrations.cli.readers import read_paths


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    with chdir(tmp_path):
        yield tmp_path


def test_directories_are_read_recursively_in_order(here: Path) -> None:
    for name in ("b/two.md", "b/a/one.txt", "a.txt", ".hidden/no.txt", "b/.no.txt", "b/picture.png"):
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    errors: dict[str, str] = {}
    documents = list(read_paths([Path(".")], errors))
    assert [(document.id, document.source) for document in documents] == [
        ("a.txt", "a.txt"),
        ("b/two.md", "b/two.md"),
        ("b/a/one.txt", "b/a/one.txt"),
    ]
    assert not errors


def test_names_do_not_depend_on_how_a_path_is_written(here: Path) -> None:
    (here / "docs").mkdir()
    (here / "docs" / "a.txt").write_text("text")
    for path in ("docs", "./docs/", "docs/../docs/a.txt", str(here / "docs")):
        assert [document.id for document in read_paths([Path(path)], {})] == ["docs/a.txt"]


def test_a_path_given_twice_is_read_once(here: Path) -> None:
    (here / "a.txt").write_text("text")
    errors: dict[str, str] = {}
    assert len(list(read_paths([Path("a.txt"), Path("."), Path("a.txt")], errors))) == 1
    assert not errors


def test_files_outside_keep_their_whole_path(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "a.txt"
    outside.write_text("text")
    assert [document.id for document in read_paths([outside], {})] == [outside.as_posix()]


def test_bad_files_are_reported_and_the_others_go_on(here: Path) -> None:
    (here / "bad.txt").write_bytes(b"\xff\xfe\xff")
    (here / "good.txt").write_text("text")
    (here / "pair.csv").write_text("id,text\nx,a\nx,b\n")
    (here / "more.csv").write_text("id,text\ngood.txt,a\n")
    errors: dict[str, str] = {}
    documents = list(read_paths([Path("."), Path("none.txt"), Path("x.bin")], errors))
    assert [document.id for document in documents] == ["good.txt"]
    assert sorted(errors) == ["bad.txt", "more.csv", "none.txt", "pair.csv", "x.bin"]
    assert "taken by good.txt" in errors["more.csv"]
    assert "comes twice" in errors["pair.csv"]


@pytest.mark.parametrize("kind", ["loop", "dangling"])
def test_links_do_no_harm(here: Path, kind: str) -> None:
    (here / "a.txt").write_text("text")
    os.symlink("." if kind == "loop" else "nowhere.txt", here / ("loop" if kind == "loop" else "dead.txt"))
    errors: dict[str, str] = {}
    assert [document.id for document in read_paths([here], errors)] == ["a.txt"]
    assert list(errors) == ([] if kind == "loop" else ["dead.txt"])
