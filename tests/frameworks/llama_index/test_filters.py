"""LlamaIndex's filters in our dialect. No database."""

from typing import Any

import pytest
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)

from lightrag_integrations import InputError
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.llama_index.filters import query_filter, to_filter


def one(operator: FilterOperator, value: Any) -> MetadataFilters:
    return MetadataFilters(filters=[MetadataFilter(key="a", operator=operator, value=value)])


@pytest.mark.parametrize("operator", list(FilterOperator))
def test_every_operator_has_a_translation(operator: FilterOperator) -> None:
    listed = operator in (FilterOperator.IN, FilterOperator.NIN, FilterOperator.ANY, FilterOperator.ALL)
    value = ["x"] if listed else None if operator == FilterOperator.IS_EMPTY else "x"
    translated = to_filter(one(operator, value))
    assert parse_filter(translated) is not None


def test_conditions_nest() -> None:
    inner = MetadataFilters(
        filters=[MetadataFilter(key="a", value=1), MetadataFilter(key="b", value=2, operator=FilterOperator.GT)],
        condition=FilterCondition.OR,
    )
    outer = MetadataFilters(filters=[inner, MetadataFilter(key="c", value="x")], condition=FilterCondition.NOT)
    assert to_filter(outer) == {"$not": {"$or": [{"$or": [{"a": {"$eq": 1}}, {"b": {"$gt": 2}}]}, {"c": {"$eq": "x"}}]}}
    assert to_filter(MetadataFilters(filters=[inner], condition=None)) == {"$and": [to_filter(inner)]}


def test_no_filter() -> None:
    assert to_filter(None) is None
    assert to_filter({}) is None
    assert to_filter(MetadataFilters(filters=[])) is None
    assert to_filter(MetadataFilters(filters=[MetadataFilters(filters=[])])) is None
    assert query_filter(VectorStoreQuery()) is None
    assert to_filter({"year": 3}) == {"year": 3}


def test_ids_narrow_a_query() -> None:
    query = VectorStoreQuery(doc_ids=["d"], node_ids=["n"], filters=one(FilterOperator.EQ, 1))
    assert query_filter(query) == {
        "$and": [{"$and": [{"a": {"$eq": 1}}]}, {"$document_id": {"$in": ["d"]}}, {"$chunk_id": {"$in": ["n"]}}]
    }
    assert parse_filter(query_filter(query)) is not None
    assert query_filter(VectorStoreQuery(doc_ids=[], node_ids=[])) is None


def test_a_bare_list_is_refused() -> None:
    with pytest.raises(InputError, match=r"got list; expected MetadataFilters\(filters="):
        to_filter([MetadataFilter(key="a", value=1)])  # type: ignore[arg-type]
