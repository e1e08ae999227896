"""A parsed metadata filter as a SQL condition on one jsonb column. Values travel as parameters only.

Comparisons look at types: numbers compare with numbers, text with text (by code point); a mismatch is no match. Every
comparison is true or false, never NULL, so `NOT` is its exact complement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from psycopg import sql

from lightrag_integrations.errors import InputError
from lightrag_integrations.filters import All, Compare, Filter, Not

__all__ = ["compile_filter"]

_FEW = 16
"""So many values are compared one by one, which can use the index."""
_SYMBOLS = MappingProxyType({"$gt": sql.SQL(">"), "$gte": sql.SQL(">="), "$lt": sql.SQL("<"), "$lte": sql.SQL("<=")})


def compile_filter(
    where: Filter, column: sql.Composable, ids: Mapping[str, sql.Composable] | None = None
) -> tuple[sql.Composed, dict[str, Any]]:
    """Compile a filter.

    Args:
        where: The parsed filter.
        column: The jsonb column, as SQL.
        ids: A text expression for each of `filters.ID_KEYS`; without it they are keys like any other.

    Returns:
        The condition and its named parameters.

    Raises:
        InputError: A value can't be compared with JSON (NaN, infinity).
    """
    compiler = _Compiler(column, ids or {})
    return sql.Composed([compiler.compile(where)]), compiler.params


class _Compiler:
    def __init__(self, column: sql.Composable, ids: Mapping[str, sql.Composable]) -> None:
        self._column = column
        self._ids = ids
        self.params: dict[str, Any] = {}

    def compile(self, where: Filter) -> sql.Composable:
        if isinstance(where, Not):
            return sql.SQL("(NOT {})").format(self.compile(where.part))
        if isinstance(where, Compare):
            return self._compare(where)
        joint, empty = (" AND ", "TRUE") if isinstance(where, All) else (" OR ", "FALSE")
        return _joined([self.compile(part) for part in where.parts], joint, empty)

    def _compare(self, compare: Compare) -> sql.Composable:
        negated = _NEGATED.get(compare.operator)
        if negated is not None:
            positive = self._compare(Compare(compare.key, negated, compare.value))
            return sql.SQL("(NOT {})").format(positive)
        condition = _BUILDERS[compare.operator](self, compare)
        if compare.operator in ("$exists", "$is_empty") and compare.value is False:
            return sql.SQL("(NOT {})").format(condition)
        return condition

    # --- one method for each kind of comparison; each returns a condition that is never NULL ---

    def equal(self, compare: Compare) -> sql.Composable:
        if compare.key in self._ids:
            return self.member(Compare(compare.key, "$in", [compare.value]))
        if compare.value is None:
            return self._sql("({v} IS NULL OR {v} = 'null')", compare)
        if "." in compare.key or isinstance(compare.value, list):
            return self._sql("coalesce({v} = {p}::jsonb, FALSE)", compare, self._json(compare.value))
        # Containment finds the same rows and can use the index.
        pair = self._json({compare.key: compare.value})
        return sql.SQL("({c} @> {p}::jsonb)").format(c=self._column, p=pair)

    def ordered(self, compare: Compare) -> sql.Composable:
        symbol, value = _SYMBOLS[compare.operator], compare.value
        if isinstance(value, str):
            text = "coalesce(jsonb_typeof({v}) = 'string' AND ({v} #>> '{{}}') COLLATE \"C\" {o} {p}, FALSE)"
            return self._sql(text, compare, self._value(value), o=symbol)
        number = "coalesce(jsonb_typeof({v}) = 'number' AND {v} {o} {p}::jsonb, FALSE)"
        return self._sql(number, compare, self._json(value), o=symbol)

    def between(self, compare: Compare) -> sql.Composable:
        bounds = list(zip(("$gte", "$lte"), compare.value, strict=True))
        if any(value is None or isinstance(value, bool) for _, value in bounds):
            return sql.SQL("FALSE")
        return _joined([self.ordered(Compare(compare.key, name, value)) for name, value in bounds], " AND ", "TRUE")

    def member(self, compare: Compare) -> sql.Composable:
        if compare.key in self._ids:
            wanted = self._value([one for one in compare.value if isinstance(one, str)])
            return sql.SQL("({c} = ANY({p}::text[]))").format(c=self._ids[compare.key], p=wanted)
        if len(compare.value) <= _FEW:
            return _joined([self.equal(Compare(compare.key, "$eq", one)) for one in compare.value], " OR ", "FALSE")
        among = self._sql("coalesce({v} = ANY({p}::jsonb[]), FALSE)", compare, self._many(compare.value))
        missing = [self.equal(Compare(compare.key, "$eq", None))] if None in compare.value else []
        return _joined([among, *missing], " OR ", "FALSE")

    def contains(self, compare: Compare) -> sql.Composable:
        has = "coalesce(jsonb_typeof({v}) = 'array' AND {v} @> {p}::jsonb, FALSE)"
        in_array = self._sql(has, compare, self._json([compare.value]))
        if not isinstance(compare.value, str):
            return in_array
        return _joined([in_array, self.substring(compare)], " OR ", "FALSE")

    def any_of(self, compare: Compare) -> sql.Composable:
        if len(compare.value) > _FEW:
            items = "(SELECT FROM jsonb_array_elements({v}) AS item WHERE item = ANY({p}::jsonb[]))"
            has = f"CASE WHEN jsonb_typeof({{v}}) = 'array' THEN EXISTS {items} ELSE FALSE END"
            return self._sql(has, compare, self._many(compare.value))
        has = "coalesce(jsonb_typeof({v}) = 'array' AND {v} @> {p}::jsonb, FALSE)"
        return _joined([self._sql(has, compare, self._json([one])) for one in compare.value], " OR ", "FALSE")

    def all_of(self, compare: Compare) -> sql.Composable:
        has = "coalesce(jsonb_typeof({v}) = 'array' AND {v} @> {p}::jsonb, FALSE)"
        return self._sql(has, compare, self._json(compare.value))

    def exists(self, compare: Compare) -> sql.Composable:
        return self._sql("({v} IS NOT NULL)", compare)

    def is_empty(self, compare: Compare) -> sql.Composable:
        return self._sql("({v} IS NULL OR {v} IN ('null', '\"\"', '[]', '{{}}'))", compare)

    def substring(self, compare: Compare) -> sql.Composable:
        text = "coalesce(jsonb_typeof({v}) = 'string' AND position({p} in {v} #>> '{{}}') > 0, FALSE)"
        return self._sql(text, compare, self._value(compare.value))

    def substring_insensitive(self, compare: Compare) -> sql.Composable:
        text = "coalesce(jsonb_typeof({v}) = 'string' AND position(lower({p}) in lower({v} #>> '{{}}')) > 0, FALSE)"
        return self._sql(text, compare, self._value(compare.value))

    def like(self, compare: Compare) -> sql.Composable:
        operator = sql.SQL("LIKE" if compare.operator == "$like" else "ILIKE")
        text = "coalesce(jsonb_typeof({v}) = 'string' AND ({v} #>> '{{}}') {o} {p}, FALSE)"
        return self._sql(text, compare, self._value(_whole_pattern(compare.value)), o=operator)

    # --- parts ---

    def _sql(
        self, text: Any, compare: Compare, param: sql.Composable | None = None, o: sql.Composable | None = None
    ) -> sql.Composable:
        return sql.SQL(text).format(v=self._member(compare.key), p=param, o=o)

    def _member(self, key: str) -> sql.Composable:
        """The value at a key; a dotted key that doesn't exist as such is a path."""
        if key in self._ids:
            return sql.SQL("to_jsonb({})").format(self._ids[key])
        member = sql.SQL("({c} -> {k})").format(c=self._column, k=self._value(key))
        if "." not in key:
            return member
        path = sql.SQL("({c} #> {k}::text[])").format(c=self._column, k=self._value(key.split(".")))
        return sql.SQL("coalesce({}, {})").format(member, path)

    def _value(self, value: Any) -> sql.Composable:
        name = f"filter_{len(self.params)}"
        self.params[name] = value
        cast = sql.SQL("{}::text") if isinstance(value, str) else sql.SQL("{}")
        return cast.format(sql.Placeholder(name))

    def _json(self, value: Any) -> sql.Composable:
        return self._value(_text(value))

    def _many(self, values: Sequence[Any]) -> sql.Composable:
        """Any number of values in one parameter: PostgreSQL takes 65,535 of them, and each is planned for."""
        return self._value([_text(value) for value in values])


def _text(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise InputError(f"filter: got {value!r}; expected a finite number") from error


def _joined(parts: list[sql.Composable], joint: str, empty: str) -> sql.Composable:
    if not parts:
        return sql.SQL("TRUE") if empty == "TRUE" else sql.SQL("FALSE")
    between = sql.SQL(" AND ") if joint == " AND " else sql.SQL(" OR ")
    return sql.SQL("({})").format(between.join(parts))


def _whole_pattern(pattern: str) -> str:
    """A pattern that ends in a lone backslash means that character: PostgreSQL refuses it as it stands."""
    trailing = len(pattern) - len(pattern.rstrip("\\"))
    return pattern + "\\" if trailing % 2 else pattern


_NEGATED: Mapping[str, str] = MappingProxyType({"$ne": "$eq", "$nin": "$in"})
_BUILDERS: Mapping[str, Callable[[_Compiler, Compare], sql.Composable]] = MappingProxyType(
    {
        "$eq": _Compiler.equal, "$in": _Compiler.member, "$between": _Compiler.between,
        "$gt": _Compiler.ordered, "$gte": _Compiler.ordered, "$lt": _Compiler.ordered, "$lte": _Compiler.ordered,
        "$contains": _Compiler.contains, "$any": _Compiler.any_of, "$all": _Compiler.all_of,
        "$exists": _Compiler.exists, "$is_empty": _Compiler.is_empty,
        "$like": _Compiler.like, "$ilike": _Compiler.like,
        "$text_match": _Compiler.substring, "$text_match_insensitive": _Compiler.substring_insensitive,
    }
)  # fmt: skip
