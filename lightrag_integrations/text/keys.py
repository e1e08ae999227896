"""Identities: the key of a name, the hash of a content."""

from __future__ import annotations

import hashlib
import re
import unicodedata

__all__ = ["content_hash", "normalise_name"]

_FOLD = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´ʼ＇", "'"),
        **dict.fromkeys("“”„‟″«»＂", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("‧•∙⋅・･", "·"),
    }
)
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]+")
_SPACE = re.compile("[\\s\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]+")
# Between words only: "A-" and "-5" keep theirs.
_HYPHEN = re.compile(r"(?<=[^\W_]) ?-+ ?(?=[^\W_])")
# Not + # * & / @ $ % and no leading full stop: C++, C#, .NET and A* are names of their own.
_LEADING = "'\"-,;:!?、。，；：！？·…_ "
_TRAILING = "'\",;:!?.、。，；：！？·…_ "
_OPENING = "([{<《〈「『【〔（"
_CLOSING = ")]}>》〉」』】〕）"
_ARTICLES = ("the ", "an ", "a ")
_ARTICLE = re.compile(r"^(?:the|an|a) (?=\S)")
_POSSESSIVE = re.compile(r"(?<=[^\W_])'s$")


def normalise_name(name: str) -> str:
    """The key of a name: spellings that mean the same name give the same key.

    Folds compatibility forms, case, white space, quotes, hyphens and invisible characters; drops leading articles,
    a final possessive and the punctuation around the name. Applying it twice changes nothing.

    Args:
        name: A name as written.

    Returns:
        The key; never empty for a name that is not empty, not even for one of punctuation only.
    """
    folded = _fold(name)
    key = folded
    while True:
        stripped = _unwrap(key.lstrip(_LEADING).rstrip(_TRAILING))
        if stripped.endswith("'s"):
            stripped = _POSSESSIVE.sub("", stripped)
        if stripped.startswith(_ARTICLES):
            stripped = _ARTICLE.sub("", stripped)
        if stripped == key:
            return key
        if not stripped:
            return key if key == folded else folded
        key = stripped


def _unwrap(name: str) -> str:
    """Take off one bracket at each end, unless it belongs to one inside: "(a) b" and "b (a)" stay."""
    if not name:
        return name
    kind = _OPENING.find(name[0])
    if kind >= 0:
        partner = _partner(name, _CLOSING[kind])
        return name[1:] if partner < 0 else name[1:-1] if partner == len(name) - 1 else name
    kind = _CLOSING.find(name[-1])
    if kind >= 0 and _OPENING[kind] not in name:
        return name[:-1]
    return name[1:] if name[0] in _CLOSING else name


def _partner(name: str, closing: str) -> int:
    """Where the bracket that the name begins with is closed; -1: nowhere."""
    depth = 0
    for position, char in enumerate(name):
        depth += (char == name[0]) - (char == closing)
        if depth == 0:
            return position
    return -1


def _fold(name: str) -> str:
    if name.isascii():
        folded = name.lower().replace("`", "'")
    else:
        # Case folding may leave uncomposed characters, so it stands between two normalisations.
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
        folded = _INVISIBLE.sub("", folded.translate(_FOLD))
    folded = _SPACE.sub(" ", folded)
    if "-" in folded:
        folded = _HYPHEN.sub(" ", folded)
    return folded.strip() or name


def content_hash(*parts: str) -> str:
    """SHA-256 of several texts, hexadecimal.

    Each part is preceded by its length, so that ("ab", "c") and ("a", "bc") differ.

    Args:
        *parts: Any texts; lone surrogates are allowed.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()
