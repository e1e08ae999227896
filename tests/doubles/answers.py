"""What the double's chat model answers, made from the prompt: extractions, keywords, rankings and cited answers.

It takes every question for a simple one: sub-questions are for tests to script.
"""

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tests.doubles.words import names, overlap, sentences, words

SUMMARY = "in summary:"
"""Marks what the model wrote."""
_TEXT = re.compile(r"<text>\n?(.*?)\n?</text>", re.DOTALL)
_PASSAGE = re.compile(r"<passage id=\"?(\d+)\"?>\n?(.*?)\n?</passage>", re.DOTALL)
_QUESTION = re.compile(r"Question:\s*(.+)\s*\Z", re.DOTALL)
_REFERENCE = re.compile(r"^\s*(?:\{\"reference_id\":\s*\"?|\[)(\d+)(?:\"|\])(.*)$", re.MULTILINE)


def kind_of(messages: list[dict[str, Any]], schema: Mapping[str, Any]) -> str:
    """extract, summarise, decompose, keywords, rerank or answer, by the schema asked for or else by the wording."""
    said = " ".join(schema.get("properties", {})) or "\n".join(content(message) for message in messages)
    if "---Context---" in said:
        return "answer"
    if said == "description" or "<descriptions>" in said:
        return "summarise"
    if "entities" in said and "relations" in said:
        return "extract"
    if "sub_questions" in said:
        return "decompose"
    if "high_level_keywords" in said:
        return "keywords"
    return "rerank" if "ranking" in said else "answer"


def answer(kind: str, messages: list[dict[str, Any]]) -> str:
    user = next((content(message) for message in reversed(messages) if message["role"] == "user"), "")
    if kind == "extract":
        inside = _TEXT.search(user)
        return json.dumps(extraction(inside[1] if inside else user), ensure_ascii=False)
    if kind == "summarise":
        return json.dumps({"description": summary(user)}, ensure_ascii=False)
    if kind == "decompose":
        return json.dumps({"sub_questions": []})
    if kind == "keywords":
        return json.dumps(keywords(_question(user)), ensure_ascii=False)
    if kind == "rerank":
        return json.dumps({"ranking": ranking(user)})
    return cited("\n".join(content(message) for message in messages), _question(user))


def extraction(text: str) -> dict[str, Any]:
    """Every capitalised name, and a relation between neighbouring names of each sentence."""
    entities: dict[str, dict[str, Any]] = {}
    relations: dict[tuple[str, str], dict[str, Any]] = {}
    for sentence in sentences(text):
        found = names(sentence)
        for name in found:
            kind = "organization" if re.search(r"University|Institute|Company|Club", name) else "concept"
            entities.setdefault(name, {"name": name, "type": kind, "description": sentence})
        for source, target in pairwise(found):
            between = sentence[sentence.find(source) + len(source) : sentence.find(target)]
            record = {"source": source, "target": target, "keywords": words(between)[:3] or ["related"],
                      "description": sentence, "weight": 1.0}  # fmt: skip
            relations.setdefault((source, target), record)
    return {"entities": list(entities.values()), "relations": list(relations.values())}


def summary(user: str) -> str:
    """The name, and behind it all that the descriptions say: each sentence once, in order."""
    name = re.search(r"Entity: (.*)", user)
    told = re.search(r"<descriptions>\n(.*)\n</descriptions>", user, re.DOTALL)
    said = [json.loads(line) for line in told[1].splitlines()] if told else []
    every = dict.fromkeys(part for one in said for part in sentences(one.split(SUMMARY)[-1].strip()))
    return " ".join([name[1] if name else "", SUMMARY, *every])


def keywords(question: str) -> dict[str, list[str]]:
    particular = names(question)
    named = {word for name in particular for word in words(name)}
    general = list(dict.fromkeys(word for word in words(question) if word not in named))
    return {"high_level_keywords": general[:5], "low_level_keywords": particular or general[:5]}


def ranking(user: str) -> list[int]:
    question = _question(user)
    passages = [(int(number), text) for number, text in _PASSAGE.findall(user)]
    return [number for number, text in sorted(passages, key=lambda pair: (-overlap(question, pair[1]), pair[0]))]


def cited(prompt: str, question: str) -> str:
    """The numbered passage nearest to the question, as `text [n]`."""
    context = prompt.rsplit("---Context---", 1)[-1]
    parts = re.split(r"(?m)^\s*\[(\d+)\]", context)
    numbered = list(zip(parts[1::2], parts[2::2], strict=False)) or _REFERENCE.findall(context)
    if not numbered:
        return "I do not know."
    number, text = max(numbered, key=lambda pair: (overlap(question, pair[1]), -int(pair[0])))
    said = max(sentences(text) or [""], key=lambda sentence: overlap(question, sentence))
    return f"{said} [{number}]"


def content(message: Mapping[str, Any]) -> str:
    value = message.get("content") or ""
    return value if isinstance(value, str) else "\n".join(part.get("text", "") for part in value)


def _question(user: str) -> str:
    found = _QUESTION.search(user)
    return (found[1] if found else user).strip()
