"""Names in scripts without spaces: title marks, transliterations, suffixes, and runs cut at function words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lightrag_integrations.text.scripts import HAN, UNSPACED

__all__ = ["unspaced_names"]

Name = tuple[int, int, str]

_MAX_CHARS = 20
_MARKED = re.compile(
    f"《([^《》\n]{{1,{_MAX_CHARS}}})》|〈([^〈〉\n]{{1,{_MAX_CHARS}}})〉|「([^「」\n]{{1,{_MAX_CHARS}}})」"
    f"|『([^『』\n]{{1,{_MAX_CHARS}}})』|【([^【】\n]{{1,{_MAX_CHARS}}})】"
)
_QUOTED = re.compile(f'[“‘"]([{UNSPACED}·・0-9A-Za-z]{{2,12}})[”’"]')
# Transliterated names: parts joined by a middle dot.
_DOTTED = re.compile(f"([{HAN}]{{1,8}})((?:[·•・‧][{HAN}A-Za-z]{{1,10}}){{1,5}})")
_KATAKANA = re.compile("[ァ-ヺ][ァ-ヺー]+(?:[・＝][ァ-ヺー]+)*")
_RUN = re.compile(f"[{HAN}]{{2,}}")
# Function words and the commonest verbs of Chinese: names seldom hold them, sentences are full of them.
_CUT = re.compile(
    "以及|并且|而且|但是|因为|所以|如果|虽然|其中|其他|他们|她们|它们|我们|你们|自己|这个|那个|这些|那些|一个|一种|一些|"
    "一位|一名|一次|可以|可能|已经|曾经|开始|成为|作为|认为|称为|位于|属于|由于|关于|对于|用于|包括|通过|根据|进行|没有|"
    "什么|哪个|哪里|哪位|多少|怎么|为什么|之后|之前|之间|以后|以前|目前|当时|同时|后来|以来|出生|毕业|担任|获得|主演|执导|导演|编剧|创办|创立|成立|发行|出版|发表|举行|举办|建立|"
    "和(?![国平谐])|[的了着过是在有与及或并而但也都就还又再只才被把将让使由从到向往对为以于因所之其此这那哪谁何若则即乃"
    "不没很更最太个们位名年月日時时吗呢吧啊說说指叫称等第每各届曾]"
)
# A single character is a suffix only where it does not begin a word of its own: 国 but not 国际, 社 but not 社会.
_SUFFIX = re.compile(
    "大学|学院|学校|中学|小学|公司|集团|银行|医院|研究所|研究院|博物馆|图书馆|出版社|电视台|委员会|协会|联盟|政府|法院|军团|"
    "机场|车站|自治区|自治州|帝国|王国|共和国|王朝|半岛|群岛|高原|平原|山脉|运河|电影节|艺术节|"
    "国(?![际家内外民务会王籍产军防都])|[省县镇村岛寺庙宫殿塔桥奖杯剧]|市(?![场民值长])|区(?![域别])|州(?![长])|乡(?![村土])|"
    "山(?![东西水区])|河(?![南北流])|江(?![苏西南北山])|湖(?![南北])|海(?![南洋军外拔淀域])|"
    "港(?![口])|街(?![道])|路(?![线程])|站(?![长])|队(?![员伍长])|党(?![员派])|社(?![会区])|厂(?![长])|店(?![员])"
)
_MIN_RUN, _MAX_RUN = 2, 8


def unspaced_names(text: str) -> list[Name]:
    """Names in Chinese and Japanese text, in order, not overlapping.

    Without a dictionary these are candidates rather than names: what is in title or quote marks, transliterations
    with a middle dot, Katakana words, and what is left of a Han run when it is cut at function words.

    Args:
        text: Any text; other scripts give nothing.

    Returns:
        (start, end, surface) of each.
    """
    found: dict[int, Name] = {}
    taken = bytearray(len(text))
    for start, end in (*_marked(text), *_dotted(text), *(match.span() for match in _KATAKANA.finditer(text))):
        if not any(taken[start:end]):
            taken[start:end] = b"\x01" * (end - start)
            found[start] = (start, end, text[start:end])
    for match in _RUN.finditer(text):
        for start, end in _cut(text, match.start(), match.end()):
            if not any(taken[start:end]):
                found[start] = (start, end, text[start:end])
    return sorted(found.values())


def _marked(text: str) -> Iterator[tuple[int, int]]:
    """Spans between title marks and between quotes."""
    for pattern in (_MARKED, _QUOTED):
        for match in pattern.finditer(text):
            yield match.span(match.lastindex or 0)


def _dotted(text: str) -> Iterator[tuple[int, int]]:
    """Spans of transliterated names: without the function words run together with the first and the last part."""
    for match in _DOTTED.finditer(text):
        start, end = match.span()
        for word in _CUT.finditer(text, start, match.end(1)):
            start = word.end()
        last = max(text.rfind(dot, start, end) for dot in "·•・‧") + 1
        after = _CUT.search(text, last + 1, end)
        end = after.start() if after else end
        if start < match.end(1):
            yield start, end


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of the candidates in a Han run."""
    pieces: list[tuple[int, int]] = []
    for match in _CUT.finditer(text, start, end):
        pieces.extend(_split_suffix(text, start, match.start()))
        start = match.end()
    pieces.extend(_split_suffix(text, start, end))
    return pieces


def _split_suffix(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A short piece as it is; a long one after each suffix that names of places and bodies end with."""
    if end - start <= _MAX_RUN // 2:
        return [(start, end)] if end - start >= _MIN_RUN else []
    pieces: list[tuple[int, int]] = []
    low = start
    for match in _SUFFIX.finditer(text, start + 1, end):
        if match.end() - low >= _MIN_RUN:
            pieces.append((low, match.end()))
            low = match.end()
    pieces.append((low, end))
    return [(low, high) for low, high in pieces if _MIN_RUN <= high - low <= _MAX_RUN]
