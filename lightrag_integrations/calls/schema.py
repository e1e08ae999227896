"""JSON schemas of pydantic models, in the plain form that endpoints and weak models understand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

__all__ = ["schema_of"]


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `model` with every reference written out and a title at the top only.

    Args:
        model: A model that does not contain itself.
    """
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    return {"title": model.__name__, **_plain(schema, definitions)}


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[-1]]
        return _plain({**target, **{key: value for key, value in node.items() if key != "$ref"}}, definitions)
    plain = {key: _plain(value, definitions) for key, value in node.items() if key not in ("title", "default")}
    if isinstance(node.get("properties"), dict):
        # Property names are not keywords: one called "title" or "default" stays.
        plain["properties"] = {name: _plain(value, definitions) for name, value in node["properties"].items()}
    return plain
