"""Numbers and long texts as people read them."""

from __future__ import annotations

__all__ = ["less_without", "per_cent", "shortened"]


def per_cent(share: float) -> str:
    """A share as people read it."""
    return f"{share:.0%}" if share >= 0.01 or share <= 0 else "<1%"


def less_without(loss: float | None) -> str:
    """What a step of a path is worth; nothing where that is not known."""
    return f"without it the walk brings {per_cent(loss)} less" if loss and loss > 0 else ""


def shortened(text: str, width: int) -> str:
    """One line of at most `width` characters, also of text without spaces."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1].rstrip()}…"
