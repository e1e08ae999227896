"""What a filter means, in plain Python: the reference that the compiled SQL is compared with."""

import re
from typing import Any

from lightrag_integrations.filters import All, AnyOf, Compare, Filter, Not

__all__ = ["MISSING", "passes"]

MISSING = object()


def passes(where: Filter, metadata: dict[str, Any]) -> bool:
    """Whether a chunk of this metadata is visible."""
    if isinstance(where, Not):
        return not passes(where.part, metadata)
    if isinstance(where, All):
        return all(passes(part, metadata) for part in where.parts)
    if isinstance(where, AnyOf):
        return any(passes(part, metadata) for part in where.parts)
    if where.operator in ("$ne", "$nin"):
        positive = Compare(where.key, {"$ne": "$eq", "$nin": "$in"}[where.operator], where.value)
        return not passes(positive, metadata)
    return holds(where, member(metadata, where.key))


def member(metadata: dict[str, Any], key: str) -> Any:
    if key in metadata or "." not in key:
        return metadata.get(key, MISSING)
    value: Any = metadata
    for part in key.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and re.fullmatch(r"[0-9]+", part) and int(part) < len(value):
            value = value[int(part)]
        else:
            return MISSING
    return value


def same(one: Any, other: Any) -> bool:
    """JSON equality: a bool is no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return (type(one) in (int, float) and type(other) in (int, float) and one == other) or (
        type(one) is type(other) and one == other
    )


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def ordered(value: Any, operator: str, bound: Any) -> bool:
    if not (number(value) and number(bound)) and not (isinstance(value, str) and isinstance(bound, str)):
        return False
    compared = {"$gt": value > bound, "$gte": value >= bound, "$lt": value < bound, "$lte": value <= bound}
    return compared[operator]


def like(value: str, pattern: str, flags: int) -> bool:
    parts, place = [], 0
    while place < len(pattern):
        sign = pattern[place]
        if sign == "\\" and place + 1 < len(pattern):
            place += 1
            parts.append(re.escape(pattern[place]))
        else:
            parts.append({"%": ".*", "_": "."}.get(sign, re.escape(sign)))
        place += 1
    return re.fullmatch("".join(parts), value, flags | re.DOTALL) is not None


def holds(compare: Compare, value: Any) -> bool:
    """Whether a value (or its absence) satisfies a positive comparison."""
    operator, wanted = compare.operator, compare.value
    if operator == "$in":
        return any(equal(value, one) for one in wanted)
    if operator in ("$gt", "$gte", "$lt", "$lte"):
        return ordered(value, operator, wanted)
    if operator == "$between":
        return ordered(value, "$gte", wanted[0]) and ordered(value, "$lte", wanted[1])
    if isinstance(value, list):
        return in_list(operator, value, wanted)
    if operator in ("$contains", "$like", "$ilike", "$text_match", "$text_match_insensitive"):
        return isinstance(value, str) and isinstance(wanted, str) and in_text(operator, value, wanted)
    return plain(operator, value, wanted)


def equal(value: Any, wanted: Any) -> bool:
    return value in (None, MISSING) if wanted is None else same(value, wanted)


def plain(operator: str, value: Any, wanted: Any) -> bool:
    if operator == "$exists":
        return (value is not MISSING) == wanted
    if operator == "$is_empty":
        return (value is MISSING or value in (None, "", [], {})) == wanted
    return operator == "$eq" and equal(value, wanted)


def in_list(operator: str, value: list[Any], wanted: Any) -> bool:
    if operator == "$contains":
        return any(same(one, wanted) for one in value)
    if operator in ("$any", "$all"):
        quantify = any if operator == "$any" else all
        return quantify(any(same(one, other) for one in value) for other in wanted)
    return plain(operator, value, wanted)


def in_text(operator: str, value: str, wanted: str) -> bool:
    if operator in ("$like", "$ilike"):
        return like(value, wanted, re.IGNORECASE if operator == "$ilike" else 0)
    if operator == "$text_match_insensitive":
        return wanted.lower() in value.lower()
    return wanted in value
