"""The lines of README's table make models that a handle takes."""

import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lightrag_integrations import LightRAGIndex
from tests.clients import langchain, llama_index

TEXT = (Path(__file__).parents[2] / "README.md").read_text("utf-8").split("### Framework models")[1].split("\n### ")[0]
ROWS = [row.split("|")[1:4] for row in TEXT.splitlines() if row.startswith("| ") and "(" in row]
KEYS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "GOOGLE_API_KEY", "NVIDIA_API_KEY", "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY")  # fmt: skip


def classes(room: ModuleType) -> dict[str, Any]:
    return {name: kind for name, kind in vars(room).items() if inspect.isclass(kind)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip())
@pytest.mark.parametrize("column", [1, 2], ids=["langchain", "llama_index"])
def test_line(row: list[str], column: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS:
        monkeypatch.setenv(key, "nvapi-k" if key.startswith("NVIDIA") else "k")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:1")
    known = classes(langchain if column == 1 else llama_index)
    chat, embed = (eval(line, known) for line in re.findall(r"`([^`]+)`", row[column]))
    LightRAGIndex("lines", llm=chat, embed_model=embed)


def test_every_client_has_a_line() -> None:
    assert len(ROWS) == len(langchain.ALL) == len(llama_index.ALL)
