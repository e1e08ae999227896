"""Whatever documents hold can be printed: it commands no terminal, and no encoding is too narrow for it."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout

import pytest

from lightrag_integrations import Document
from lightrag_integrations.cli import main
from tests.integration.handle.conftest import MakeIndex
from tests.integration.handle.conftest import make_index as make_index

NAME = "a\x1b]0;mine\x07\r\x9bb Länd"


class Screen(io.TextIOWrapper):
    """Standard output as a terminal, or as a pipe."""

    def __init__(self, *, tty: bool, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

    @property
    def shown(self) -> bytes:
        self.flush()
        return self.buffer.getvalue()  # type: ignore[attr-defined,no-any-return]


def shown(*arguments: str, tty: bool = False, encoding: str = "utf-8") -> tuple[int, bytes, bytes]:
    out, err = Screen(tty=tty, encoding=encoding), Screen(tty=tty, encoding=encoding)
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return code, out.shown, err.shown


@pytest.fixture
def stored(make_index: MakeIndex, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    index = make_index()
    index.ingest([Document(id=NAME, title=NAME, text="Ada met Bab in Länd.")])
    monkeypatch.setenv("LIGHTRAG_DATABASE", dsn)
    monkeypatch.setenv("LIGHTRAG_INDEX", index.name)


@pytest.mark.usefixtures("stored")
def test_a_terminal_is_not_commanded_by_documents() -> None:
    code, out, _ = shown("status", "--documents", tty=True)
    assert code == 0 and b"a\\x1b]0;mine\\x07\\x0d\\x9bb L\xc3\xa4nd" in out
    for arguments in (("query", "Ada", "--explain"), ("graph", "Ada"), ("delete", "no\x1b[2Jsuch")):
        _, out, err = shown(*arguments, tty=True)
        assert (out or err) and not {b"\x1b", b"\x07", b"\r"} & {bytes([one]) for one in out + err}
    assert NAME.encode() in shown("status", "--documents")[1], "a pipe gets what is stored"


@pytest.mark.usefixtures("stored")
def test_no_encoding_is_too_narrow() -> None:
    assert b"L\\xe4nd" in shown("status", "--documents", encoding="ascii")[1]
    code, out, _ = shown("export", encoding="latin-1")
    assert (code, [row["id"] for row in json.loads(out)["documents"]]) == (0, [NAME])
    code, out, _ = shown("query", "Ada", "--json", encoding="ascii")
    assert code == 0 and NAME in json.loads(out.decode("utf-8"))["hits"][0]["document_id"]
