"""Every notebook runs from the top, and prints just what is stored in it."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.docs.snippets import ROOT

COOKBOOKS = ROOT / "cookbooks"
NOTEBOOKS = tuple(sorted(path.name for path in COOKBOOKS.glob("*.ipynb")))


def printed(notebook: Any) -> list[str]:
    """What each code cell shows, as text; a stream may come in several pieces."""
    return [
        "".join(shown.get("text") or shown.get("data", {}).get("text/plain", "") for shown in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_all_are_listed() -> None:
    listed = re.findall(r"\((\w+\.ipynb)\)", (COOKBOOKS / "README.md").read_text("utf-8"))
    assert sorted(listed) == list(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    stored = nbformat.read(COOKBOOKS / name, as_version=4)
    ran = nbformat.read(COOKBOOKS / name, as_version=4)
    NotebookClient(ran, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert any(printed(stored))
    assert printed(ran) == printed(stored)
