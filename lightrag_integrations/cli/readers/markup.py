"""Plain text, Markdown and HTML: one document for each file."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from lightrag_integrations import Document
from lightrag_integrations.cli.readers.decode import decode, decode_html

__all__ = ["html_to_text", "read_html", "read_markdown", "read_plain", "title_of"]

_HEADING = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.MULTILINE)
_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "nav", "head"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _HEADINGS | {
    "address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "figcaption", "figure", "footer", "form",
    "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tr", "ul",
}  # fmt: skip
_CELLS = frozenset({"td", "th"})


def title_of(path: Path) -> str:
    """A title from a file's name: `marie-curie.txt` gives `marie curie`."""
    return " ".join(re.split(r"[\s_-]+", path.stem)).strip()


def read_plain(path: Path) -> list[Document]:
    """Read a text file; its name is the title."""
    return [Document(text=decode(path.read_bytes()), title=title_of(path))]


def read_markdown(path: Path) -> list[Document]:
    """Read a Markdown file; its first `# heading` is the title."""
    text = decode(path.read_bytes())
    heading = _HEADING.search(text)
    return [Document(text=text, title=heading.group(1) if heading else title_of(path))]


def read_html(path: Path) -> list[Document]:
    """Read a page; its `<title>`, else its first `<h1>`, is the title. Scripts, styles and navigation are left out."""
    title, text = html_to_text(decode_html(path.read_bytes()))
    return [Document(text=text, title=title or title_of(path))]


def html_to_text(page: str) -> tuple[str, str]:
    """Title and text of a page, headings marked with `#` so that the splitter sees them."""
    parser = _Text()
    parser.feed(page)
    parser.close()
    heading = _HEADING.search(parser.text())
    return parser.title() or (heading.group(1) if heading else ""), parser.text()


class _Text(HTMLParser):
    """Collects visible text, with a line break at every block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._title: list[str] = []
        self._silent: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Break lines, mark headings and list items, fall silent in what is not text."""
        self._in_title = tag == "title" and not self._title
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag in _HEADINGS:
            self._parts.append(f"\n\n{'#' * int(tag[1])} ")
        elif tag == "li":
            self._parts.append("\n- ")
        elif tag in _BLOCKS:
            self._parts.append("\n\n")
        elif tag == "br":
            self._parts.append("\n")
        elif tag == "body":  # a page may leave out </head>
            self._silent.clear()

    def handle_endtag(self, tag: str) -> None:
        """Break lines; speak again after what is not text."""
        self._in_title = False
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        elif tag in _CELLS:
            self._parts.append(" | ")
        elif tag in _BLOCKS:
            self._parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        """Collect text."""
        if self._in_title:
            self._title.append(data)
        elif not self._silent:
            self._parts.append(re.sub(r"\s+", " ", data))

    def title(self) -> str:
        """What stood in `<title>`."""
        return " ".join("".join(self._title).split())

    def text(self) -> str:
        """The visible text."""
        lines = (" ".join(line.split()).removesuffix(" |") for line in "".join(self._parts).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
