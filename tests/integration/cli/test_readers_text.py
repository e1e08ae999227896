"""Text formats: what becomes text, title, id and metadata, and what is refused."""

import codecs
from pathlib import Path

import pytest

from lightrag_integrations import Document
from lightrag_integrations.cli.readers import ReadError, read_file


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def only(path: Path) -> Document:
    documents = read_file(path)
    assert len(documents) == 1
    return documents[0]


@pytest.mark.parametrize(
    "data",
    [
        "Skłodowska, Übung, 你好".encode(),
        codecs.BOM_UTF8 + "Skłodowska, Übung, 你好".encode(),
        "Skłodowska, Übung, 你好".encode("utf-16"),
        codecs.BOM_UTF16_BE + "Skłodowska, Übung, 你好".encode("utf-16-be"),
    ],
)
def test_encodings_are_told_apart(tmp_path: Path, data: bytes) -> None:
    assert only(written(tmp_path / "a.txt", data)).text == "Skłodowska, Übung, 你好"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("latin.txt", "Übung".encode("latin-1"), "byte 0 is not UTF-8"),
        ("cut.md", codecs.BOM_UTF16_LE + b"a", "not UTF-16"),
        ("binary.txt", b"ab\x00cd", "NUL"),
        ("blank.txt", b" \n\t\n", "holds no text"),
        ("zero.csv", b"", "must name the columns"),
        ("odd.xyz", b"text", "unknown suffix '.xyz'"),
        ("bad.json", b'{"a": ', "not valid JSON"),
        ("deep.json", b"[" * 100_000, "not valid JSON"),
        ("number.json", b"[1]", "record 1: got int"),
        ("bad.jsonl", b'{"text": "a"}\n{"text": }\n', "line 2: not valid JSON"),
        ("wide.csv", b"a,b\n1,2,3\n", "line 2: more cells than columns"),
        ("twice.csv", b"a,a\n1,2\n", "each name once"),
        ("quote.csv", b'a,b\n"1"x,2\n', "after line 1"),
        ("codec.html", b"<meta charset=hex><p>text", "no text encoding"),
        ("liar.html", b"<meta charset=ascii><p>\xff", "not ASCII"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        read_file(written(tmp_path / name, data))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="No such file"):
        read_file(tmp_path / "none.txt")


def test_plain_text_is_titled_by_its_name(tmp_path: Path) -> None:
    document = only(written(tmp_path / "marie_curie-notes.txt", "Radium."))
    assert (document.title, document.text) == ("marie curie notes", "Radium.")


def test_markdown_is_titled_by_its_first_heading(tmp_path: Path) -> None:
    assert only(written(tmp_path / "a.md", "intro\n\n# The Fram #\n\ntext")).title == "The Fram"
    assert only(written(tmp_path / "b.md", "## only a section")).title == "b"


def test_html_gives_visible_text_with_headings(tmp_path: Path) -> None:
    page = """<html><head><title>Polar &amp; co</title><style>p {}</style></head><body><nav>menu</nav>
    <h2>Fram</h2><p>Built by <b>Colin</b>
    Archer.</p><script>var x = "<p>no</p>";</script><ul><li>one<li>two</ul>
    <table><tr><td>a</td><td>b</td></tr></table></body></html>"""
    document = only(written(tmp_path / "a.html", page))
    assert document.title == "Polar & co"
    assert document.text == "## Fram\n\nBuilt by Colin Archer.\n\n- one\n- two\n\na | b"


def test_html_without_closed_head_or_title(tmp_path: Path) -> None:
    document = only(written(tmp_path / "a.htm", "<head><meta name=x><body><h1>Larvik</h1>text"))
    assert (document.title, document.text) == ("Larvik", "# Larvik\n\ntext")


def test_html_declares_its_charset(tmp_path: Path) -> None:
    page = '<meta http-equiv="content-type" content="text/html; charset=windows-1252"><p>Übung'.encode("cp1252")
    assert only(written(tmp_path / "a.html", page)).text == "Übung"


def test_csv_rows_are_documents(tmp_path: Path) -> None:
    table = 'id,title,text,year,code,note\nx,A title,"Some, ""quoted"" text",1892,007,\n,,Second,-1.5,,n\n'
    first, second = read_file(written(tmp_path / "t.csv", table))
    assert (first.id, first.title, first.text) == ("x", "A title", 'Some, "quoted" text')
    assert first.metadata == {"year": 1892, "code": "007"}
    assert second.id.endswith("t.csv#2")
    assert second.metadata == {"year": -1.5, "note": "n"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_without_text_column_joins_its_cells(tmp_path: Path, delimiter: str) -> None:
    rows = (("name", "river"), ("Hoover Dam", "Colorado River"))
    document = only(written(tmp_path / "dams.csv", "\n".join(delimiter.join(row) for row in rows)))
    assert document.text == "name: Hoover Dam\nriver: Colorado River"
    assert document.metadata == {"name": "Hoover Dam", "river": "Colorado River"}


def test_csv_text_may_span_lines(tmp_path: Path) -> None:
    assert only(written(tmp_path / "a.csv", 'id,text\r\nx,"one\r\ntwo"\r\n')).text == "one\r\ntwo"


def test_json_takes_lists_objects_and_strings(tmp_path: Path) -> None:
    content = (
        '{"documents": ["plain", {"id": 7, "content": "c", "metadata": {"a": [1]}, "b": null}, {"page_content": "p"}]}'
    )
    plain, seven, page = read_file(written(tmp_path / "a.json", content))
    assert (plain.text, plain.id.endswith("a.json#1")) == ("plain", True)
    assert (seven.id, seven.text, seven.metadata) == ("7", "c", {"a": [1], "b": None})
    assert page.text == "p"
    assert only(written(tmp_path / "b.json", '{"name": "Fram", "year": 1892}')).text == "name: Fram\nyear: 1892"


def test_jsonl_passes_over_blank_lines(tmp_path: Path) -> None:
    documents = read_file(written(tmp_path / "a.jsonl", '{"text": "one"}\r\n\n"two"\n'))
    assert [document.text for document in documents] == ["one", "two"]
