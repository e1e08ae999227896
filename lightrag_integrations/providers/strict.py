"""JSON schemas in the narrow form that strict structured output takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["strict_schema"]

_KEPT = frozenset({"type", "properties", "items", "enum", "const", "anyOf", "description"})


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Every property required, no others allowed, no keyword that strict endpoints refuse.

    Args:
        schema: A JSON schema without references.
    """
    strict: dict[str, Any] = {key: value for key, value in schema.items() if key in _KEPT}
    if isinstance(schema.get("properties"), Mapping):
        strict["properties"] = {name: strict_schema(value) for name, value in schema["properties"].items()}
        strict["required"] = list(schema["properties"])
        strict["additionalProperties"] = False
    if isinstance(schema.get("items"), Mapping):
        strict["items"] = strict_schema(schema["items"])
    if isinstance(schema.get("anyOf"), list):
        strict["anyOf"] = [strict_schema(option) for option in schema["anyOf"]]
    return strict
