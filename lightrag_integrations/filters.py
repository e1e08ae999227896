"""The metadata filter: a dict as users write it, parsed into a small tree that storage compiles to SQL.

Dialect (that of langchain-postgres, extended): `{"year": {"$gte": 2020}, "lang": "en"}`; a plain value means
equality; several keys mean AND; `$and`, `$or` take lists, `$not` one filter. A key that is missing satisfies only
`$ne`, `$nin`, `{"$exists": False}`, `{"$is_empty": True}` and `$not`. `$chunk_id` and `$document_id` stand for the ids
and are used like keys: `{"$document_id": {"$in": ["d1", "d2"]}}`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightrag_integrations.errors import InputError

__all__ = ["ID_KEYS", "OPERATORS", "All", "AnyOf", "Compare", "Filter", "Not", "parse_filter"]

OPERATORS = (
    "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$between", "$contains", "$any", "$all",
    "$exists", "$is_empty", "$like", "$ilike", "$text_match", "$text_match_insensitive",
)  # fmt: skip
ID_KEYS = ("$chunk_id", "$document_id")
_SCALAR = (str, int, float, bool)
_MANY = (list, tuple, set, frozenset)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MAX_INT_BITS = 1024
_MAX_DEPTH = 64
_LISTS = ("$in", "$nin", "$any", "$all")
_TEXTS = ("$like", "$ilike", "$text_match", "$text_match_insensitive")
_FLAGS = ("$exists", "$is_empty")
_ORDERED = ("$gt", "$gte", "$lt", "$lte")


@dataclass(frozen=True, slots=True)
class Compare:
    """One key against one value."""

    key: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    """Every part must hold; no parts: true."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part must hold."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not hold."""

    part: Filter


Filter = Compare | All | AnyOf | Not


def parse_filter(value: Mapping[str, Any] | None) -> Filter | None:
    """Parse a filter.

    Args:
        value: The filter as a dict; `None` or `{}` means no filter.

    Returns:
        The tree, or `None` for no filter.

    Raises:
        InputError: An operator is unknown or a value has the wrong shape.
    """
    if value is None or value == {}:
        return None
    if not isinstance(value, Mapping):
        raise InputError(f"filter: got {type(value).__name__}; expected a dict such as {{'year': {{'$gte': 2020}}}}")
    return _parse_mapping(value, 0)


def _parse_mapping(value: Mapping[str, Any], depth: int) -> Filter:
    if depth > _MAX_DEPTH:
        raise InputError(f"filter: $and, $or and $not are nested more than {_MAX_DEPTH} deep; expected a flatter one")
    parts: list[Filter] = []
    for key, item in value.items():
        if not isinstance(key, str) or _UNSTORABLE.search(key):
            raise InputError(f"filter: got key {key!r:.80}; expected text without NUL and lone surrogates")
        if key in ("$and", "$or"):
            parts.append(_parse_group(key, item, depth))
        elif key == "$not":
            if not isinstance(item, Mapping):
                raise InputError(f"filter: $not got {type(item).__name__}; expected a filter")
            parts.append(Not(_parse_mapping(item, depth + 1)))
        elif key.startswith("$") and key not in ID_KEYS:
            raise _unknown(key)
        else:
            parts.extend(_parse_key(key, item))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _parse_group(key: str, item: Any, depth: int) -> Filter:
    if not isinstance(item, list | tuple) or not all(isinstance(part, Mapping) for part in item):
        raise InputError(f"filter: {key} got {type(item).__name__}; expected a list of filters")
    parts = tuple(_parse_mapping(part, depth + 1) for part in item)
    return All(parts) if key == "$and" else AnyOf(parts)


def _parse_key(key: str, item: Any) -> list[Filter]:
    if not isinstance(item, Mapping):
        return [_compare(key, "$eq", item)]
    if not item:
        raise InputError(f"filter: key {key!r} got {{}}; expected a value or an operator such as {{'$eq': 1}}")
    return [_compare(key, operator, value) for operator, value in item.items()]


def _compare(key: str, operator: str, value: Any) -> Compare:
    if operator not in OPERATORS:
        raise _unknown(operator)
    items = list(value) if isinstance(value, _MANY) else [value]
    problem = next((problem for problem in map(_problem, items) if problem), "")
    if problem:
        raise InputError(f"filter: {key!r} {operator} got {problem}")
    expected = _expected(operator, value)
    if expected:
        raise InputError(f"filter: {key!r} {operator} got {value!r:.200}; expected {expected}")
    return Compare(key, operator, items if isinstance(value, _MANY) else value)


def _problem(value: Any) -> str:
    """What no stored metadata can hold, in words, or ''."""
    if isinstance(value, str) and _UNSTORABLE.search(value):
        return "text with a NUL character or a lone surrogate, which is in no metadata; remove it"
    if isinstance(value, int) and value.bit_length() > _MAX_INT_BITS:
        return f"a whole number of {value.bit_length()} bits; expected at most {_MAX_INT_BITS}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value}; expected a finite number"
    return ""


def _expected(operator: str, value: Any) -> str:
    """What the operator wants, or '' when the value is fine."""
    scalar = isinstance(value, _SCALAR)
    listed = isinstance(value, _MANY)
    members_fine = listed and all(item is None or isinstance(item, _SCALAR) for item in value)
    checks = (
        (operator in ("$eq", "$ne"), value is None or scalar or members_fine, "text, a number, a bool, None or a list"),
        (operator in _ORDERED, scalar and not isinstance(value, bool), "a number or text"),
        (operator in _LISTS, members_fine, "a list of text, numbers or bools"),
        (operator == "$between", members_fine and len(value) == 2, "a list of two bounds"),
        (operator == "$contains", scalar, "text, a number or a bool"),
        (operator in _FLAGS, isinstance(value, bool), "True or False"),
        (operator in _TEXTS, isinstance(value, str), "text"),
    )
    return next((wanted for applies, fine, wanted in checks if applies and not fine), "")


def _unknown(operator: str) -> InputError:
    known = ", ".join(("$and", "$or", "$not", *OPERATORS))
    return InputError(f"filter: got unknown operator {operator!r}; expected one of {known}")
