"""Both frameworks' filters, translated, against what they mean: LlamaIndex's own evaluation and plain Python."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.vector_stores.types import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters
from llama_index.core.vector_stores.utils import build_metadata_filter_fn
from psycopg import sql

from lightrag_integrations.filters import parse_filter
from lightrag_integrations.langchain.convert import checked_filter
from lightrag_integrations.llama_index.filters import to_filter
from lightrag_integrations.storage.postgres.filters_sql import compile_filter

Row = dict[str, Any]
TEXTS = st.sampled_from(["", "a", "ab", "AB", "b a", "é", "1", "a%"])
NUMBERS = st.sampled_from([-2.5, 0, 1, 2, 2.0, 10])
LISTS = st.lists(TEXTS, max_size=3)
# One type for each key, as LlamaIndex's evaluation raises where types differ.
ROWS = st.fixed_dictionaries({}, optional={"t": TEXTS, "n": NUMBERS, "l": LISTS, "x": st.none()})
O = FilterOperator  # noqa: E741
ORDERED = (O.GT, O.GTE, O.LT, O.LTE)


@st.composite
def one(draw: st.DrawFn) -> MetadataFilter:
    key = draw(st.sampled_from(["t", "n", "l", "x"]))
    plain = {"t": TEXTS, "n": NUMBERS, "l": LISTS, "x": TEXTS}[key]
    known = {
        "t": (O.EQ, O.NE, O.IN, O.NIN, O.CONTAINS, O.TEXT_MATCH, O.TEXT_MATCH_INSENSITIVE, O.IS_EMPTY, *ORDERED),
        "n": (O.EQ, O.NE, O.IN, O.NIN, O.IS_EMPTY, *ORDERED),
        "l": (O.EQ, O.NE, O.CONTAINS, O.ANY, O.ALL, O.IS_EMPTY),
        "x": tuple(O),
    }[key]
    operator = draw(st.sampled_from(known))
    if operator in (O.IN, O.NIN):
        values: Any = st.lists(NUMBERS.map(float), max_size=3) if key == "n" else LISTS
    elif operator in (O.ANY, O.ALL):
        values = LISTS
    elif operator in (O.CONTAINS, O.TEXT_MATCH, O.TEXT_MATCH_INSENSITIVE):
        values = TEXTS
    else:
        values = plain
    return MetadataFilter(key=key, operator=operator, value=None if operator == O.IS_EMPTY else draw(values))


CONDITIONS = st.sampled_from([*FilterCondition, None])
FLAT = st.builds(
    lambda filters, condition: MetadataFilters(filters=filters, condition=condition),
    st.lists(one(), min_size=1, max_size=3), CONDITIONS,
)  # fmt: skip
NESTED = st.recursive(
    FLAT,
    lambda inner: st.builds(
        lambda filters, condition: MetadataFilters(filters=filters, condition=condition),
        st.lists(st.one_of(inner, one()), min_size=1, max_size=3), CONDITIONS,
    ),
    max_leaves=3,
)  # fmt: skip


def means(filters: MetadataFilters, row: Row) -> bool:
    """LlamaIndex's own evaluation of each filter; it knows no nesting, which is done here."""
    parts = [
        means(part, row)
        if isinstance(part, MetadataFilters)
        else build_metadata_filter_fn(lambda _: row, MetadataFilters(filters=[part]))("")
        for part in filters.filters
    ]
    if filters.condition == FilterCondition.OR:
        return any(parts)
    return not any(parts) if filters.condition == FilterCondition.NOT else all(parts)


@pytest.fixture(scope="module")
def connection(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as made:
        yield made


def found(connection: psycopg.Connection, value: Mapping[str, Any] | None, rows: list[Row]) -> list[bool]:
    where = parse_filter(value)
    if where is None:
        return [True] * len(rows)
    condition, params = compile_filter(where, sql.SQL("u.metadata"))
    query = sql.SQL("SELECT {} FROM unnest(%(rows)s::jsonb[]) WITH ORDINALITY AS u (metadata, n) ORDER BY n")
    listed = [json.dumps(row) for row in rows]
    return [row[0] for row in connection.execute(query.format(condition), {"rows": listed, **params}).fetchall()]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=1, max_size=8), NESTED)
def test_llama_index_filters_mean_what_llama_index_says(
    connection: psycopg.Connection, rows: list[Row], filters: MetadataFilters
) -> None:
    assert found(connection, to_filter(filters), rows) == [means(filters, row) for row in rows]


# LangChain's dialect, that of its PostgreSQL stores, evaluated as their documentation tells it.
PLAIN = {
    "$eq": lambda value, wanted: value == wanted,
    "$ne": lambda value, wanted: value != wanted,
    "$lt": lambda value, wanted: value < wanted,
    "$lte": lambda value, wanted: value <= wanted,
    "$gt": lambda value, wanted: value > wanted,
    "$gte": lambda value, wanted: value >= wanted,
    "$in": lambda value, wanted: value in wanted,
    "$nin": lambda value, wanted: value not in wanted,
    "$between": lambda value, wanted: wanted[0] <= value <= wanted[1],
}
MISSING_PASSES = ("$ne", "$nin")


@st.composite
def langchain_part(draw: st.DrawFn) -> dict[str, Any]:
    key, values = draw(st.sampled_from([("t", TEXTS), ("n", NUMBERS)]))
    operator = draw(st.sampled_from([*PLAIN, "$exists", "plain", "range"]))
    if operator == "plain":
        return {key: draw(values)}
    if operator == "range":
        return {key: {"$gte": draw(values), "$lt": draw(values)}}
    if operator == "$exists":
        return {key: {operator: draw(st.booleans())}}
    size = 2 if operator == "$between" else None
    listed = st.lists(values, min_size=size or 0, max_size=size or 3)
    return {key: {operator: draw(listed if operator in ("$in", "$nin", "$between") else values)}}


LANGCHAIN = st.recursive(
    langchain_part(),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"$and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"$or": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"$not": part}, inner),
        st.builds(lambda one, other: {**one, **other}, langchain_part(), langchain_part()),
    ),
    max_leaves=4,
)  # fmt: skip


def holds(where: Mapping[str, Any], row: Row) -> bool:
    return all(_holds(key, item, row) for key, item in where.items())


def _holds(key: str, item: Any, row: Row) -> bool:
    if key == "$and":
        return all(holds(part, row) for part in item)
    if key == "$or":
        return any(holds(part, row) for part in item)
    if key == "$not":
        return not holds(item, row)
    compared = item if isinstance(item, dict) else {"$eq": item}
    return all(_compares(row, key, operator, wanted) for operator, wanted in compared.items())


def _compares(row: Row, key: str, operator: str, wanted: Any) -> bool:
    if operator == "$exists":
        return (key in row) is wanted
    return PLAIN[operator](row[key], wanted) if key in row else operator in MISSING_PASSES


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=1, max_size=8), LANGCHAIN)
def test_langchain_filters_mean_what_they_say(
    connection: psycopg.Connection, rows: list[Row], where: dict[str, Any]
) -> None:
    assert found(connection, checked_filter(where), rows) == [holds(where, row) for row in rows]
