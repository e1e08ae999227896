"""The Chinese README says what the English one says, as far as that can be told without reading Chinese."""

from collections import Counter
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.docs.pages import Part, Section, anchors, cells, links, numbers, sections, spans, where
from tests.docs.snippets import README, ROOT

CHINESE = ROOT / "cookbooks" / "README.zh-CN.md"
ENGLISH_TEXT = README.read_text("utf-8")
CHINESE_TEXT = CHINESE.read_text("utf-8")
LINK = "[中文](cookbooks/README.zh-CN.md)"

SHIPS = """# Ships

The ship of 1892, made by `build`.

## List

| ship | year |
|---|---|
| `Fram` | 1892 |

- See [the licence](LICENSE).

## Code

```python
print(1)
```
"""
SHIPS_IN_CHINESE = """> 译文。

# 船

由 `build` 造于 1892 年。

## 列表

| 船 | 年份 |
|---|---|
| `Fram` | 1892 |

- 见[许可证](../LICENSE)。

## 代码

```python
print(1)
```
"""


def kept(page: Path, text: str) -> list[str]:
    """What a translator leaves as it is; sorted, as the order of words may change."""
    told = [f"code {span!r}" for span in spans(text)] + [f"number {number}" for number in numbers(text)]
    for link in links(text):
        file = where(page, link)[0] if "://" not in link else link
        told.append("link within the page" if file == page else f"link to {file}")
    return sorted(told)


def essence(page: Path, part: Part | None) -> list[str]:
    if part is None:
        return []
    if part.kind == "code":
        return [f"line {number}: {line}" for number, line in enumerate(part.text.splitlines())]
    if part.kind != "table":
        return [part.kind, *kept(page, part.text)]
    return [
        f"row {row}, cell {column}: {what}"
        for row, line in enumerate(cells(part.text), 1)
        for column, cell in enumerate(line, 1)
        for what in ["a cell", *kept(page, cell)]
    ]


def likeness(page: Path, section: Section) -> str:
    return repr((section.level, spans(section.title), [essence(page, part) for part in section.parts]))


def difference(english: Section, chinese: Section) -> str:
    if english.level != chinese.level or spans(english.title) != spans(chinese.title):
        return f"the heading is {english.title!r} at level {english.level}, not at level {chinese.level}"
    for one, other in zip_longest(english.parts, chinese.parts):
        told, found = essence(README, one), essence(CHINESE, other)
        if told != found:
            at = [f"line {part.line}" if part else "nothing" for part in (one, other)]
            lacks, has = (
                list((Counter(told) - Counter(found)).elements()),
                list((Counter(found) - Counter(told)).elements()),
            )
            return f"{at[1]} is not {at[0]} of README.md: it lacks {lacks[:9]} and has {has[:9]}"
    return ""


def behind(english: str, chinese: str) -> list[str]:
    """A line for each section of the translation that is not what its original is."""
    told = sections(english.replace(LINK, "", 1))[1:]
    found = sections(chinese)[1:]
    ours = [likeness(README, section) for section in told]
    theirs = [likeness(CHINESE, section) for section in found]
    problems = []
    for same, i, i_end, j, j_end in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        one_side, other_side = told[i:i_end], found[j:j_end]
        if len(one_side) != len(other_side):
            names = [" + ".join(repr(one.title) for one in some) or "nothing" for some in (one_side, other_side)]
            problems.append(f"{names[0]}: the translation has {names[1]} in its place")
        elif same != "equal":
            pairs = zip(one_side, other_side, strict=True)
            problems += [
                f"{one.title!r} ({other.title}): {why}" for one, other in pairs if (why := difference(one, other))
            ]
    return problems


def lost(page: Path, text: str, file: Path, anchor: str) -> bool:
    if not anchor:
        return not file.exists()
    there = text if file == page else file.read_text("utf-8") if file.exists() else ""
    return anchor not in anchors(there)


def broken_links(page: Path, text: str) -> list[str]:
    return [
        f"{section.title!r}, line {part.line}: {link} leads nowhere"
        for section in sections(text)
        for part in section.parts
        for link in (links(part.text) if part.kind != "code" else [])
        if "://" not in link and lost(page, text, *where(page, link))
    ]


def inner_links(text: str) -> list[list[int]]:
    """For each section, the places of the headings that it refers to."""
    names = anchors(text)
    prose = ("\n".join(part.text for part in section.parts if part.kind != "code") for section in sections(text))
    return [sorted(names.index(link[1:]) for link in links(one) if link.startswith("#")) for one in prose]


def test_no_section_is_behind() -> None:
    assert not (late := behind(ENGLISH_TEXT, CHINESE_TEXT)), "bring these up to date:\n" + "\n".join(late)


@pytest.mark.parametrize(
    "page", [README, CHINESE, ROOT / "cookbooks" / "README.md"], ids=lambda page: page.parent.name + page.name
)
def test_links_lead_somewhere(page: Path) -> None:
    assert not (broken := broken_links(page, page.read_text("utf-8"))), "\n".join(broken)


def test_links_within_the_page_lead_to_the_same_headings() -> None:
    titles = [section.title for section in sections(CHINESE_TEXT)]
    both = zip(titles, inner_links(ENGLISH_TEXT), inner_links(CHINESE_TEXT), strict=True)
    assert [title for title, told, found in both if told != found] == []


def test_each_page_leads_to_the_other() -> None:
    assert f"\n\n{LINK}\n\n" in ENGLISH_TEXT.split("\n## ")[0]
    assert "(README.zh-CN.md)" in (ROOT / "cookbooks" / "README.md").read_text("utf-8").split("\n|")[0]
    (note,) = sections(CHINESE_TEXT)[0].parts
    assert "[../README.md](../README.md)" in note.text and "\n" not in note.text


@pytest.mark.parametrize(
    ("change", "to", "section"),
    [
        ("print(1)", "print(2)", "Code"),
        ("| `Fram` | 1892 |", "| `Gjøa` | 1892 |", "List"),
        ("| `Fram` | 1892 |", "| `Fram` | 1893 |", "List"),
        ("| `Fram` | 1892 |", "| `Fram` | 1892 | |", "List"),
        ("| `Fram` | 1892 |\n", "", "List"),
        ("of 1892,", "of 1893,", "Ships"),
        ("by `build`", "by `make`", "Ships"),
        ("(LICENSE)", "(pyproject.toml)", "List"),
        ("## Code", "A word more.\n\n## Code", "List"),
        ("## Code", "### Code", "Code"),
        ("## Code", "## New\n\nNot `there`.\n\n## Code", "New"),
        ("- See [the licence](LICENSE).", "See [the licence](LICENSE).", "List"),
    ],
)
def test_what_changes_is_noticed_and_named(change: str, to: str, section: str) -> None:
    assert behind(SHIPS, SHIPS_IN_CHINESE) == []
    assert SHIPS.count(change) == 1
    (late,) = behind(SHIPS.replace(change, to), SHIPS_IN_CHINESE)
    assert late.startswith(repr(section))


def test_lost_links_are_noticed() -> None:
    assert broken_links(CHINESE, "# 船\n\n[船](#船) [许可证](../LICENSE) [所有文件](.)\n") == []
    for link in ("#船只", "LICENSE", "../README.md#船"):
        (lost_one,) = broken_links(CHINESE, f"# 船\n\n见[这里]({link})。\n")
        assert lost_one == f"'船', line 3: {link} leads nowhere"
