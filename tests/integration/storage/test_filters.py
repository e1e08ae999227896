"""Compiled filters agree with the reference, for every operator and for anything Hypothesis makes up."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from lightrag_integrations.errors import ConnectionFailed, InputError, StorageError
from lightrag_integrations.filters import OPERATORS, AnyOf, Compare, parse_filter
from lightrag_integrations.storage.postgres.filters_sql import compile_filter
from lightrag_integrations.store import Store
from tests.integration.storage.making import chunk, document, put
from tests.integration.storage.reference import passes

# Few values, so that they meet often; ASCII in texts that are compared without case.
SCALARS = st.sampled_from([0, 1, 1.0, -2.5, 10**20, True, False, "", "a", "ab", "AB", "B_%", "a\\", "é", "中", "1"])
NULLABLE = st.one_of(st.none(), SCALARS)
VALUES = st.one_of(NULLABLE, st.lists(NULLABLE, max_size=3), st.sampled_from([{}, {"a": 1}]))
KEYS = st.sampled_from(["k", "n", "a.b", "it's", 'q"', "%s", "missing", "a", "$chunk_id", "$document_id"])
NESTED = st.sampled_from([{}, {"a": {"b": 1}}, {"a": ["x"]}, {"a": "ab"}])
FLAT = st.dictionaries(st.sampled_from(["k", "n", "a.b", "it's", 'q"', "%s"]), VALUES, max_size=4)
METADATA = st.builds(lambda flat, nested: {**flat, **nested}, FLAT, NESTED)
IDS = {"$chunk_id": "ab", "$document_id": "B_%"}
COLUMNS = {"$chunk_id": sql.SQL("'ab'::text"), "$document_id": sql.SQL("'B_%%'::text")}
LISTS = st.lists(SCALARS, max_size=3)
MANY = st.builds(lambda values, times: values * times, st.lists(NULLABLE, max_size=3), st.sampled_from([1, 9]))
PATTERNS = st.sampled_from(["%", "a%", "_", "A_", "%b", "\\%", "a\\", "B\\_\\%", "", "é", "x%"])


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(st.sampled_from(OPERATORS))
    values = {
        "$eq": st.one_of(st.none(), SCALARS, LISTS),
        "$ne": st.one_of(st.none(), SCALARS, LISTS),
        "$in": MANY,
        "$nin": MANY,
        "$any": MANY,
        "$all": LISTS,
        "$between": st.lists(NULLABLE, min_size=2, max_size=2),
        "$contains": SCALARS,
        "$exists": st.booleans(),
        "$is_empty": st.booleans(),
        "$like": PATTERNS,
        "$ilike": PATTERNS,
    }
    ordered = SCALARS.filter(lambda value: not isinstance(value, bool))
    fallback = PATTERNS if operator.startswith("$text") else ordered
    return {draw(KEYS): {operator: draw(values.get(operator, fallback))}}


FILTERS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"$and": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"$or": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda part: {"$not": part}, inner),
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def connection(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as made:
        yield made


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(METADATA, min_size=1, max_size=6), FILTERS)
def test_sql_agrees_with_the_reference(
    connection: psycopg.Connection, rows: list[dict[str, Any]], value: dict[str, Any]
) -> None:
    where = parse_filter(value)
    assert where is not None
    condition, params = compile_filter(where, sql.SQL("u.metadata"))
    query = sql.SQL("SELECT {} FROM unnest(%(rows)s::jsonb[]) WITH ORDINALITY AS u (metadata, n) ORDER BY n")
    found = connection.execute(
        query.format(condition), {"rows": [json.dumps(row) for row in rows], **params}
    ).fetchall()
    assert [row[0] for row in found] == [passes(where, row) for row in rows]


@pytest.mark.parametrize("operator", OPERATORS)
async def test_every_operator_filters_a_store(store: Store, operator: str) -> None:
    values = [None, 0, 1, 2.5, "ab", "b", ["ab", 1], True, []]
    rows: list[dict[str, Any]] = [{}, *({"k": value} for value in values)]
    await put(store, *(document(f"d{n}", chunk(f"c{n}", "x", metadata=row)) for n, row in enumerate(rows)))
    lists = {"$in": [1, "ab"], "$nin": [1, "ab"], "$any": [1, "z"], "$all": ["ab", 1], "$between": [1, 2.5]}
    texts = {"$like": "a_", "$ilike": "A%", "$text_match": "b", "$text_match_insensitive": "B", "$contains": "ab"}
    flags = {"$exists": True, "$is_empty": False}
    where = Compare("k", operator, {**lists, **texts, **flags}.get(operator, 1))
    async with store.snapshot(where) as reader:
        found = {row.chunk_id for row in await reader.all_chunks()}
    expected = {f"c{n}" for n, row in enumerate(rows) if passes(where, row)}
    assert found == expected
    assert 0 < len(expected) < len(rows)


async def test_ids_filter_like_keys(store: Store) -> None:
    await put(store, document("d1", chunk("a", "x"), chunk("b", "x")), document("d2", chunk("c", "x")))
    for value, expected in (
        ({"$document_id": "d1"}, {"a", "b"}),
        ({"$document_id": {"$nin": ["d1", "none"]}}, {"c"}),
        ({"$or": [{"$chunk_id": "a"}, {"$document_id": {"$like": "%2"}}]}, {"a", "c"}),
        ({"$chunk_id": {"$in": []}}, set()),
    ):
        async with store.snapshot(parse_filter(value)) as reader:
            assert {row.chunk_id for row in await reader.all_chunks()} == expected
            assert len(await reader.all_chunks(1)) == min(1, len(expected))


def test_values_that_json_cannot_hold_are_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        compile_filter(Compare("k", "$gt", float("nan")), sql.SQL("m"), {})


async def test_lists_of_any_length(store: Store) -> None:
    rows = [{"k": "user-7"}, {"k": 70000.0}, {"k": ["user-9", 1]}, {"k": None}, {}, {"k": "other"}]
    await put(store, *(document(f"d{n}", chunk(f"c{n}", "x", metadata=row)) for n, row in enumerate(rows)))
    wanted = [f"user-{n}" for n in range(40_000)] + list(range(40_000, 80_000))
    for operator, values, expected in (
        ("$in", wanted, "01"),
        ("$in", [*wanted, None], "0134"),
        ("$nin", wanted, "2345"),
        ("$any", wanted, "2"),
    ):
        async with store.snapshot(parse_filter({"k": {operator: values}})) as reader:
            assert {row.chunk_id for row in await reader.all_chunks()} == {f"c{n}" for n in expected}


def nested(depth: int) -> dict[str, Any]:
    return {"$not": nested(depth - 1)} if depth else {"k": 1}


BAD_VALUES = ["\ud800", "\x00", 1 << 20_000, float("inf"), ["a", "\udfff"], [1 << 1025]]


@pytest.mark.parametrize("value", BAD_VALUES, ids=range(len(BAD_VALUES)))
@pytest.mark.parametrize("operator", ["$eq", "$in", "$gt", "$like"])
def test_values_that_no_metadata_holds_are_refused(operator: str, value: Any) -> None:
    with pytest.raises(InputError, match=r"expected|remove it"):
        parse_filter({"k": {operator: value}})


def test_filters_too_deep_are_refused() -> None:
    assert parse_filter(nested(64)) is not None
    for value in (nested(65), {"$and": [nested(64)]}, {"\ud800": 1}):
        with pytest.raises(InputError, match="filter"):
            parse_filter(value)


async def test_what_the_driver_refuses_is_no_lost_connection(store: Store) -> None:
    many = [parse_filter({"k": {"$eq": n}}) for n in range(70_000)]
    with pytest.raises(StorageError, match="refused a statement") as caught:
        async with store.snapshot(AnyOf(tuple(one for one in many if one))) as reader:
            await reader.all_chunks()
    assert not isinstance(caught.value, ConnectionFailed)
    assert (await store.status()).chunks == 0
