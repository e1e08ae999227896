"""What callers hand over where the type checker did not look, such as the name of an index in place of its handle."""

from __future__ import annotations

from typing import Any, TypeVar

from lightrag_integrations.errors import InputError

__all__ = ["able", "checked", "kind_of", "shown"]

T = TypeVar("T")


def checked(value: Any, kind: type[T], *, name: str, hint: str = "") -> T:
    """The value, once it is of this kind.

    Args:
        value: What was given.
        kind: What it must be.
        name: Of the argument.
        hint: What to do; follows the message.

    Raises:
        InputError: It is something else.
    """
    if isinstance(value, kind):
        return value
    article = "an" if kind.__name__[0] in "AEIO" else "a"
    raise InputError(f"{name}: got {shown(value)}; expected {article} {kind.__name__}{hint and f': {hint}'}")


def able(value: object, method: str) -> bool:
    """Whether it is an object with this method; a class, which would be called for the first time later, is none."""
    return callable(getattr(value, method, None)) and not isinstance(value, type)


def shown(value: Any) -> str:
    """Text as it is, of everything else the type: it may be long, or hold what is no one's business."""
    return repr(value[:80]) if isinstance(value, str) else kind_of(value)


def kind_of(value: object) -> str:
    """Its type; a class by its own name."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
