"""Character classes that `re` lacks: combining marks and scripts written without spaces, as class bodies.

Put them inside brackets: `re.compile(f"[{MARKS}]")`.
"""

from __future__ import annotations

import unicodedata

__all__ = ["CAPITALS", "HAN", "KANA", "MARKS", "UNSPACED"]

HAN = "\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
KANA = "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\U0001b000-\U0001b16f"
_OTHERS = (
    "\u0e01-\u0e3a\u0e40-\u0e4e"  # Thai
    "\u0e81-\u0ecf\u0edc-\u0edf"  # Lao
    "\u1000-\u103f\u1050-\u109d\ua9e0-\ua9ef\uaa60-\uaa7f"  # Myanmar
    "\u1100-\u11ff\uac00-\ud7a3"  # Hangul: spaced, but its particles are glued to words
    "\u1780-\u17d3\u17dc\u17dd"  # Khmer
    "\u1950-\u197f\u1980-\u19c9\u1a20-\u1a7f\uaa80-\uaadf"  # Tai scripts
    "\u3105-\u312f\u31a0-\u31bf\ua000-\ua48c"  # Bopomofo, Yi
)
UNSPACED = HAN + KANA + _OTHERS
"""Scripts whose words cannot be told by spaces."""

_MARK_BLOCKS = ((0x0300, 0x3100), (0xA600, 0xAC00), (0xFB1E, 0xFB1F), (0xFE20, 0xFE30), (0x101FD, 0x1E94B))
_CAPITAL_BLOCKS = ((0x41, 0x5B), (0xC0, 0x588), (0x10A0, 0x1400), (0x1C80, 0x2000), (0x2C00, 0x2D00), (0xA640, 0xA7F7),
                   (0xFF21, 0xFF3B), (0x10400, 0x10428))  # fmt: skip


def _class(blocks: tuple[tuple[int, int], ...], categories: tuple[str, ...]) -> str:
    """Characters of these categories as ranges; only blocks that hold any are looked at: milliseconds."""
    ranges: list[list[int]] = []
    for first, end in blocks:
        for code in range(first, end):
            if not unicodedata.category(chr(code)).startswith(categories):
                continue
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)


MARKS = _class(_MARK_BLOCKS, ("M",))
r"""Combining marks, which `\w` leaves out: without them Hindi and Thai words fall apart."""

CAPITALS = _class(_CAPITAL_BLOCKS, ("Lu", "Lt"))
"""Letters that can begin a name where case is written."""
