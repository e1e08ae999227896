import json
import re
from importlib.resources import files

import pytest

from lightrag_integrations import prompts
from lightrag_integrations.models import Extraction
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.prompts import fill, load
from lightrag_integrations.text.tokens import default_tokenizer

NAMES = sorted(
    file.name[:-4] for file in files("lightrag_integrations.prompts").iterdir() if file.name.endswith(".txt")
)


def test_extraction_instructions_are_short() -> None:
    prompt = fill(
        load("extract"), entity_types=", ".join(IngestOptions().entity_types), language="the language of the text"
    )
    assert default_tokenizer().count(prompt) < 500


@pytest.mark.parametrize("name", NAMES)
def test_placeholders_are_those_documented(name: str) -> None:
    documented = re.search(rf"^\| [^|]*`{name}`[^|]*\|[^|]*\|([^|]*)\|", prompts.__doc__ or "", re.MULTILINE)
    assert documented is not None
    for placeholder in re.findall(r"\{([a-z_]+)\}", load(name)):
        assert f"`{placeholder}`" in documented[1]


@pytest.mark.parametrize("name", ["extract", "decompose", "keywords", "rerank"])
def test_the_shape_shown_is_json(name: str) -> None:
    shape = load(name).splitlines()[-1]
    assert isinstance(json.loads(shape), dict)
    if name == "extract":
        assert set(json.loads(shape)) == set(Extraction.model_fields)


def test_filling_leaves_other_braces_and_values_alone() -> None:
    assert fill('{a} {"b": 1} {c}', a="{c}", c="x") == '{c} {"b": 1} x'
    assert fill("{missing} {}", a="x") == "{missing} {}"


def test_a_user_s_text_comes_last_and_whole() -> None:
    text = "A text with {braces} and </text> in it."
    assert fill(load("extract_input"), text=text) == f"<text>\n{text}\n</text>"
