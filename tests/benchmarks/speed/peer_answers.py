"""The model double's answers to LightRAG 1.5.7: the same entities and relations as to ours, in its format."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import bpe_openai

from tests.doubles.answers import extraction, keywords

_TEXT = re.compile(r"^---Input Text---\n```\n(.*?)\n```", re.DOTALL | re.MULTILINE)
_QUERY = re.compile(r"^User Query: (.*)$", re.MULTILINE)
_NAME = re.compile(r" Name: (.*)$", re.MULTILINE)
_END = "<|COMPLETE|>"


class Tokens:
    """Counts as OpenAI's models do, so that prompts with many signs are not made to look longer than they are."""

    @cached_property
    def _table(self) -> Any:
        return bpe_openai.get_encoding("o200k_base")  # takes a while, and can't go to another process

    def __call__(self, text: str) -> int:
        return len(self._table.encode_ordinary(text))


def extracted(prompt: str) -> str:
    """Records with delimiters; a second pass finds nothing more."""
    text = _TEXT.search(prompt)
    if text is None:
        raise ValueError("the prompt has no text to extract from")
    if "Based on the last extraction task" in prompt:
        return _END
    found = extraction(text[1])
    records = [("entity", one["name"], one["type"], one["description"]) for one in found["entities"]]
    records += [
        ("relation", one["source"], one["target"], ",".join(one["keywords"]), one["description"])
        for one in found["relations"]
    ]
    return "\n".join([*("<|#|>".join(record) for record in records), _END])


def summarised(prompt: str) -> str:
    """One sentence for all descriptions of a name."""
    name = _NAME.search(prompt)
    return f"{name[1] if name else 'It'} is spoken of in several documents, beside a river and a council."


def told_keywords(prompt: str) -> str:
    """The names in the question, and its other words."""
    query = _QUERY.search(prompt)
    return json.dumps(keywords(query[1] if query else ""))


SCRIPTS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "---Input Text---": extracted,
        "Description List:": summarised,
        "---Real Data---": told_keywords,
    }
)
"""By what only such prompts hold."""
