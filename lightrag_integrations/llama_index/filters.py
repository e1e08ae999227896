"""LlamaIndex's metadata filters in the package's own dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)

from lightrag_integrations import InputError

__all__ = ["all_of", "query_filter", "to_filter"]

_OPERATORS = MappingProxyType(
    {
        FilterOperator.EQ: "$eq",
        FilterOperator.NE: "$ne",
        FilterOperator.GT: "$gt",
        FilterOperator.GTE: "$gte",
        FilterOperator.LT: "$lt",
        FilterOperator.LTE: "$lte",
        FilterOperator.IN: "$in",
        FilterOperator.NIN: "$nin",
        FilterOperator.ANY: "$any",
        FilterOperator.ALL: "$all",
        FilterOperator.CONTAINS: "$contains",
        FilterOperator.TEXT_MATCH: "$text_match",
        FilterOperator.TEXT_MATCH_INSENSITIVE: "$text_match_insensitive",
    }
)


def to_filter(filters: MetadataFilters | Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Translate filters of any depth.

    Args:
        filters: LlamaIndex's filters, or a filter in our dialect, which is taken as it is.

    Returns:
        The filter in our dialect; None where nothing is filtered.

    Raises:
        InputError: It is neither of the two.
    """
    if filters is None or isinstance(filters, Mapping):
        return None if not filters else dict(filters)
    if not isinstance(filters, MetadataFilters):
        raise InputError(
            f"filters: got {type(filters).__name__}; expected MetadataFilters(filters=[...]), or a dict such as "
            '{"year": {"$gte": 2020}}'
        )
    parts = [part for item in filters.filters if (part := _part(item)) is not None]
    if not parts:
        return None
    if filters.condition == FilterCondition.OR:
        return {"$or": parts}
    if filters.condition == FilterCondition.NOT:  # none of them may hold
        return {"$not": {"$or": parts}}
    return {"$and": parts}


def query_filter(query: VectorStoreQuery) -> dict[str, Any] | None:
    """Everything that narrows a vector store query: its filters, document ids and node ids."""
    return all_of(to_filter(query.filters), _ids("$document_id", query.doc_ids), _ids("$chunk_id", query.node_ids))


def all_of(*filters: dict[str, Any] | None) -> dict[str, Any] | None:
    """The filters that are given, all to hold."""
    parts = [part for part in filters if part]
    return {"$and": parts} if parts else None


def _part(item: MetadataFilter | MetadataFilters) -> dict[str, Any] | None:
    if isinstance(item, MetadataFilters):
        return to_filter(item)
    if item.operator == FilterOperator.IS_EMPTY:
        return {item.key: {"$is_empty": True}}
    return {item.key: {_OPERATORS[item.operator]: item.value}}


def _ids(key: str, values: Sequence[str] | None) -> dict[str, Any] | None:
    # `VectorStoreIndex` hands over an empty list where it means no restriction.
    return {key: {"$in": list(values)}} if values else None
