"""Takes a Markdown page apart: sections, their parts, and what of a part is the same in every language."""

import re
from dataclasses import dataclass
from pathlib import Path

_PART = re.compile(
    r"""^(?:
    (?P<code>[ ]*```[\s\S]*?^[ ]*```$)
    | (?P<heading>\#{1,6}[ ].*$)
    | (?P<table>\|.*(?:\n\|.*)*)
    | (?P<item>[ ]*(?:[-*]|\d+\.)[ ].*(?:\n(?![ ]*(?:[-*]|\d+\.)[ ]|[ ]*```|\#{1,6}[ ]|\|).*\S.*)*)
    | (?P<text>.*\S.*(?:\n(?![ ]*(?:[-*]|\d+\.)[ ]|[ ]*```|\#{1,6}[ ]|\|).*\S.*)*)
    )""",
    re.MULTILINE | re.VERBOSE,
)
_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_NUMBER = re.compile(r"[\d.,]*\d")


@dataclass(frozen=True)
class Part:
    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Section:
    level: int
    title: str
    line: int
    parts: tuple[Part, ...]


def sections(text: str) -> list[Section]:
    """The first one has level 0: what stands before all headings."""
    opened: list[tuple[Part, list[Part]]] = [(Part("heading", "", 1), [])]
    for match in _PART.finditer(text):
        part = Part(str(match.lastgroup), match[0], text.count("\n", 0, match.start()) + 1)
        if part.kind == "heading":
            opened.append((part, []))
        else:
            opened[-1][1].append(part)
    return [
        Section(len(head.text) - len(head.text.lstrip("#")), head.text.lstrip("#").strip(), head.line, tuple(parts))
        for head, parts in opened
    ]


def cells(table: str) -> list[list[str]]:
    return [re.split(r"(?<!\\)\|", row.strip().removeprefix("|").removesuffix("|")) for row in table.splitlines()]


def spans(text: str) -> list[str]:
    return [" ".join(code.split()) for _, code in _SPAN.findall(text)]


def links(text: str) -> list[str]:
    return _LINK.findall(_SPAN.sub("", text))


def numbers(text: str) -> list[str]:
    return _NUMBER.findall(re.sub(r"\]\([^)\s]+\)", "]", _SPAN.sub("", text)))


def anchors(text: str) -> list[str]:
    """What GitHub calls the headings, in order."""
    names: list[str] = []
    for section in sections(text)[1:]:
        plain = re.sub(r"[^\w\- ]", "", _LINK.sub("]", section.title).lower()).replace(" ", "-")
        used = sum(re.fullmatch(rf"{re.escape(plain)}(-\d+)?", name) is not None for name in names)
        names.append(f"{plain}-{used}" if used else plain)
    return names


def where(page: Path, link: str) -> tuple[Path, str]:
    """The file that a relative link means (a folder's README for a folder) and the anchor in it."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page.resolve()
    return (target / "README.md" if target.is_dir() else target), anchor
