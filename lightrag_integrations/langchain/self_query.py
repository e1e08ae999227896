"""`LightRAGTranslator`: filters that a model writes, for `SelfQueryRetriever`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from langchain_core.structured_query import Comparator, Comparison, Operation, Operator, StructuredQuery, Visitor

from lightrag_integrations.langchain.convert import checked_filter

__all__ = ["LightRAGTranslator"]

_OPERATORS = MappingProxyType(
    {
        Comparator.EQ: "$eq", Comparator.NE: "$ne", Comparator.GT: "$gt", Comparator.GTE: "$gte",
        Comparator.LT: "$lt", Comparator.LTE: "$lte", Comparator.CONTAIN: "$contains", Comparator.LIKE: "$like",
        Comparator.IN: "$in", Comparator.NIN: "$nin",
    }
)  # fmt: skip


class LightRAGTranslator(Visitor):
    """Queries that a model structured, as filters of a `LightRAGVectorStore`.

    `SelfQueryRetriever` puts the model's filter in place of one in its `search_kwargs`. What must hold whatever the
    model writes, such as the tenant, is given here. Its `search_type` may be any mode.
    """

    allowed_comparators = tuple(_OPERATORS)
    allowed_operators = (Operator.AND, Operator.OR, Operator.NOT)

    def __init__(self, *, filter: Mapping[str, Any] | None = None) -> None:
        """Keep the filter.

        Args:
            filter: What every document must pass.

        Raises:
            InputError: It is no filter.
        """
        self._fixed = checked_filter(dict(filter) if isinstance(filter, Mapping) else filter)

    def visit_operation(self, operation: Operation) -> dict[str, Any]:
        """`and`, `or`, `not` of filters."""
        self._validate_func(operation.operator)
        parts = [part.accept(self) for part in operation.arguments]
        if operation.operator is Operator.NOT:
            return {"$not": {"$and": parts}}
        return {f"${operation.operator.value}": parts}

    def visit_comparison(self, comparison: Comparison) -> dict[str, Any]:
        """One key against one value; dates are compared as text, in the order of the calendar when they are ISO."""
        self._validate_func(comparison.comparator)
        return {comparison.attribute: {_OPERATORS[comparison.comparator]: _plain(comparison.value)}}

    def visit_structured_query(self, structured_query: StructuredQuery) -> tuple[str, dict[str, Any]]:
        """The question, and the arguments of the search."""
        written = structured_query.filter
        parts = [part for part in (self._fixed, written.accept(self) if written is not None else None) if part]
        return structured_query.query, {"filter": {"$and": parts}} if parts else {}


def _plain(value: Any) -> Any:
    """A date or time, which the parser gives as an object of its type, as text."""
    if isinstance(value, Mapping) and value.get("type") in ("date", "datetime"):
        return value[value["type"]]
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
