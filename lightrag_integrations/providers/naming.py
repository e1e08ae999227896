"""Looking at foreign objects: what they can do, what they are called, what they said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["has", "model_name", "plain_text", "type_name"]

_NAME_FIELDS = ("model_name", "model", "model_id", "deployment_name", "azure_deployment", "repo_id", "model_path")
_NAMELESS = frozenset({"", "unknown"})


def has(obj: object, *methods: str) -> bool:
    """Whether an object has all these methods."""
    return all(callable(getattr(obj, name, None)) for name in methods)


def type_name(obj: object) -> str:
    """Module and class, for messages."""
    kind = type(obj)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def model_name(obj: object) -> str:
    """Class and model, the same in every process; for fingerprints and the ledger. Holds no secret."""
    kind = type(obj).__name__
    told = getattr(getattr(obj, "metadata", None), "model_name", None)
    names = (told, *(getattr(obj, field, None) for field in _NAME_FIELDS))
    name = next((name for name in names if isinstance(name, str) and name not in _NAMELESS), None)
    return kind if name is None else f"{kind}/{name}"


def plain_text(answer: Any) -> str:
    """The text of an answer: text itself, a message, or a message made of blocks."""
    content = answer if isinstance(answer, str) else getattr(answer, "content", None)
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_block_text(block) for block in content)
    if content is None and isinstance(getattr(answer, "text", None), str):
        return str(answer.text)
    raise TypeError(f"expected text or a message, got {type_name(answer)}")


def _block_text(block: Any) -> str:
    if isinstance(block, Mapping):
        return str(block.get("text") or "") if block.get("type", "text") == "text" else ""
    return block if isinstance(block, str) else ""
