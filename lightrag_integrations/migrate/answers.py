"""What a model answered when LightRAG asked it to extract, in each form that LightRAG has asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import json_repair

from lightrag_integrations.migrate.names import as_name, as_text

__all__ = ["Said", "said_in"]

_DELIMITER = re.compile(
    r"<\|\\?#\|*#?\|>\|?"  # whole, or its core written twice
    r"|<[^\s|]?\|{1,2}#\|{1,2}[^\s|]?>"  # one character more
    r"|<\|*#\|*>|<[^|\s]#\|>|<\|#[^|\s]>"  # a bar missing or replaced
    r"|<\|#(?:\|+|:)|(?<!<)\|#\|>|\|\|#\|\|"  # not closed, not opened
    r"|(?<=\S)<\|+>(?=\S)"  # its core lost; also what older versions asked for
)
_RECORD_END = re.compile(r"\n|<\|COMPLETE\|>", re.IGNORECASE)
_OLD_END = re.compile(r"\n|##|<\|COMPLETE\|>", re.IGNORECASE)
_OLD = re.compile(r"\(\s*[\"']?(?:entity|relationship)[\"']?\s*<\|")
_FENCE = re.compile(r"^```\w*\s*|\s*```$")
_BAD_TYPE = frozenset("'()<>|/\\")
_KINDS = frozenset({"entity", "relation", "relationship"})
_SHORTEST = 4
"""Fields of a record, its kind included."""
_MAX_NAME, _MAX_NAME_BYTES = 256, 512


class Said(NamedTuple):
    """An entity (`target` empty) or a relation, as one answer tells it."""

    source: str
    target: str
    type: str
    description: str
    keywords: str
    lesser: bool = False
    """Another answer about the chunk says more of it, and counts in newer versions of LightRAG."""


def said_in(answers: Sequence[str]) -> list[Said]:
    """What the answers about one chunk say together, the first call's before those that looked for more.

    Of what two answers say of the same thing the one with the longer description counts, as in LightRAG.

    Args:
        answers: In the order they were given.
    """
    told: dict[tuple[str, str], list[Said]] = {}
    lesser: list[Said] = []
    for answer in answers:
        one: dict[tuple[str, str], list[Said]] = {}
        for said in _read(answer):
            one.setdefault((said.source, said.target), []).append(said)
        for key, found in one.items():
            if key not in told or len(found[0].description) > len(told[key][0].description):
                lesser += told.get(key, ())
                told[key] = found
            else:
                lesser += found
    return [said for found in told.values() for said in found] + [said._replace(lesser=True) for said in lesser]


def _read(answer: str) -> Iterator[Said]:
    text = _FENCE.sub("", answer.strip())
    whole = _object(text) if text.startswith(("{", "[")) else None
    records = _from_json(whole) if whole else _from_lines(answer)
    return (record for record in records if record is not None)


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = _repaired(text)
    return found if isinstance(found, dict) else None


def _repaired(text: str) -> object:
    try:
        return json_repair.loads(text)
    except (ValueError, RecursionError):  # nested too deeply
        return None


def _from_json(whole: dict[str, Any]) -> Iterator[Said | None]:
    for one in _dictionaries(whole.get("entities")):
        yield _entity(_text(one, "name"), _text(one, "type"), _text(one, "description"))
    for one in _dictionaries(whole.get("relationships")):
        yield _relation((_text(one, "source"), _text(one, "target")), _text(one, "description"), _text(one, "keywords"))


def _dictionaries(value: object) -> Iterable[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name, "")
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _from_lines(answer: str) -> Iterator[Said | None]:
    old = bool(_OLD.search(answer))
    for line in (_OLD_END if old else _RECORD_END).split(answer):
        parts = [part.strip() for part in _DELIMITER.split(_unwrapped(line) if old else line.strip())]
        for record in _records([part for part in parts if part]):
            yield _recorded(record, old=old)


def _unwrapped(line: str) -> str:
    line = line.strip()
    return line[1:-1] if line.startswith("(") and line.endswith(")") else line


def _records(parts: list[str]) -> Iterator[list[str]]:
    """Several records that a model wrote on one line."""
    begins = [0]
    for place, part in enumerate(parts):
        if place - begins[-1] >= _SHORTEST and part.strip("\"'").lower() in _KINDS:
            begins.append(place)
    for begin, end in zip(begins, [*begins[1:], len(parts)], strict=True):
        yield parts[begin:end]


def _recorded(record: list[str], *, old: bool) -> Said | None:
    kind = record[0].lower() if record else ""
    if "relation" in kind and old and len(record) >= 5:
        return _relation((record[1], record[2]), record[3], record[4])
    # Models write "entity" before relations, too: only these have five fields.
    if len(record) == 5 and ("relation" in kind or "entity" in kind):
        return _relation((record[1], record[2]), record[4], record[3])
    return _entity(*record[1:]) if "entity" in kind and len(record) == 4 else None


def _entity(name: str, kind: str, description: str) -> Said | None:
    name, kind, description = _cut(as_name(name)), as_name(kind), as_text(description)
    if not name or not kind or _BAD_TYPE & set(kind) or not description:
        return None
    kind = next((part for part in map(str.strip, kind.split(",")) if part), "")
    return Said(name, "", kind.replace(" ", "").lower(), description, "")


def _relation(ends: tuple[str, str], description: str, keywords: str) -> Said | None:
    source, target = (_cut(as_name(end)) for end in ends)
    description = as_text(description)
    if not source or not target or source == target or not description:
        return None
    return Said(source, target, "", description, as_name(keywords).replace("，", ","))


def _cut(name: str) -> str:
    if len(name) <= _MAX_NAME and len(name.encode()) <= _MAX_NAME_BYTES:
        return name
    return name[:_MAX_NAME].encode()[:_MAX_NAME_BYTES].decode("utf-8", "ignore")
