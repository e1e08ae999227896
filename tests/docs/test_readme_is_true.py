"""What the README lists is what there is."""

import re
import tomllib
from typing import get_args

import pytest

import lightrag_integrations
from lightrag_integrations import QueryOptions, errors, langchain, llama_index
from lightrag_integrations.cli.readers import SUFFIXES
from lightrag_integrations.filters import OPERATORS
from tests.docs.snippets import README, ROOT

TEXT = README.read_text("utf-8")


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_modes() -> None:
    told = set(re.findall(r"^\| `(\w+)`", section("Modes"), re.MULTILINE)) | {"naive"}
    assert told == set(get_args(QueryOptions.model_fields["mode"].annotation))


def test_operators() -> None:
    assert set(re.findall(r"\$\w+", section("Filters"))) == {*OPERATORS, "$and", "$or", "$not"}


@pytest.mark.parametrize(("title", "module"), [("LangChain", langchain), ("LlamaIndex", llama_index)])
def test_components(title: str, module: object) -> None:
    told = set(re.findall(r"^\| `(\w+)`", section(title), re.MULTILINE))
    assert told == set(module.__all__)  # type: ignore[attr-defined]


def test_llamahub_names_every_class() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["llamahub"]
    assert set(told["class_authors"]) == set(llama_index.__all__)
    assert told["import_path"] == llama_index.__name__


def test_errors() -> None:
    told = set(re.findall(r"`(\w+)`", section("Errors")))
    assert set(errors.__all__) - told <= {"FormatUnsupported"}, "the one that never leaves the package"


def test_extras() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    told = set(re.findall(r"`([\w-]+)`", "\n".join(re.findall(r"^\| (`[^|]+) \|", section("Try it"), re.MULTILINE))))
    assert told == set(project["optional-dependencies"])


def test_suffixes() -> None:
    line = " ".join(section("Command line").split())
    told = re.search(r"`ingest` reads ([\w, ]+?) and epub, and with the extra `files` ([\w, ]+?);", line)
    assert told is not None
    named = set(re.findall(r"\w+", f"{told[1]} {told[2]} epub")) - {"and"}
    assert named <= {suffix.removeprefix(".") for suffix in SUFFIXES}
    assert {suffix.removeprefix(".") for suffix in SUFFIXES} - named == {"text", "markdown", "htm", "xhtml", "ndjson"}


def test_public_names() -> None:
    code = "\n".join(re.findall(r"from lightrag_integrations import (.*)", TEXT))
    assert set(re.findall(r"\w+", code)) <= set(lightrag_integrations.__all__)


@pytest.mark.parametrize("page", ["README.md", "cookbooks/README.md"])
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    links = [link for link in re.findall(r"\]\(([^)]+)\)", path.read_text("utf-8")) if "://" not in link]
    assert links
    for link in links:
        if link.startswith("#"):
            assert f"## {link[1:].replace('-', ' ')}" in path.read_text("utf-8").lower()
        else:
            assert (path.parent / link).exists(), link
