"""Names and texts as LightRAG writes them down: what its model answered has to be found in its graph again."""

from __future__ import annotations

import html
import re

__all__ = ["FIELD_SEPARATOR", "as_name", "as_text", "fields", "listed", "storable"]

FIELD_SEPARATOR = "<SEP>"
"""Between what was merged of several sources (LightRAG's GRAPH_FIELD_SEP)."""
_SURROGATE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_TAGS = re.compile(r"</p\s*>|<p\s*>|<p/>|</br\s*>|<br\s*>|<br/>", re.IGNORECASE)
_WIDE = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0) for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B))},
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF41, 0xFF5B)},
        **dict(zip("－＋／＊（）—　", "-+/*()- ", strict=True)),
    }
)
_HAN = "[\u4e00-\u9fa5]"
_LATIN = r"[a-zA-Z0-9\(\)\[\]@#$%!&\*\-=+_]"
_SPACES = (
    re.compile(rf"(?<={_HAN})\s+(?={_HAN})"),
    re.compile(rf"(?<={_HAN})\s+(?={_LATIN})"),
    re.compile(rf"(?<={_LATIN})\s+(?={_HAN})"),
)
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("《", "》"))
_INNER = re.compile(rf"[“”‘’]|['\"]+(?={_HAN})|(?<={_HAN})['\"]+")
_NARROW = re.compile("(?<=[^0-9])\u202f")
_SHORT_NUMBER = re.compile(r"[0-9]{1,2}|(?=.{1,5}$)[0-9.]*\.[0-9.]*")


def as_text(text: str) -> str:
    """A description as LightRAG keeps it."""
    text = html.unescape(text.strip())
    text = _CONTROL.sub("", _SURROGATE.sub("", text)).strip()
    return _dropped_number(_folded(text).strip())


def as_name(text: str) -> str:
    """A name, type or keyword as LightRAG keeps it; empty: it drops it."""
    text = html.unescape(text.strip())
    text = _folded(_CONTROL.sub("", _SURROGATE.sub("", text)).strip())
    text = _INNER.sub("", text).replace("\u00a0", " ")
    return _dropped_number(_NARROW.sub(" ", text).strip())


def fields(text: object) -> list[str]:
    """What was merged into one text: distinct, in order."""
    parts = (part.strip() for part in (text.split(FIELD_SEPARATOR) if isinstance(text, str) else ()))
    return list(dict.fromkeys(part for part in parts if part))


def listed(value: object) -> list[str]:
    """The texts of a list; of whatever else stands in its place, none."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def storable(text: object) -> str:
    """Text without what PostgreSQL can't hold."""
    return _UNSTORABLE.sub("", text) if isinstance(text, str) else ""


def _folded(text: str) -> str:
    text = _TAGS.sub("", text).translate(_WIDE)
    for spaces in _SPACES:
        text = spaces.sub("", text)
    for opening, closing in _QUOTES:
        inner = text[1:-1]
        if len(text) >= 2 and text[0] == opening and text[-1] == closing and not {opening, closing} & set(inner):
            text = inner
    return text


def _dropped_number(text: str) -> str:
    return "" if _SHORT_NUMBER.fullmatch(text) else text
