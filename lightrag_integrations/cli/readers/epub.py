"""EPUB, with the standard library alone: one document for each book, chapters in reading order."""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote
from xml.etree import ElementTree
from zipfile import ZipFile

from lightrag_integrations import Document
from lightrag_integrations.cli.readers.decode import decode_html
from lightrag_integrations.cli.readers.errors import ReadError, refusing
from lightrag_integrations.cli.readers.markup import html_to_text, title_of

__all__ = ["read_epub"]

_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html")
_MAX_BYTES = 64_000_000
"""Of all pages together, unpacked: more than any book has, and little enough to hold."""


def read_epub(path: Path) -> list[Document]:
    """Read the chapters of a book, in reading order."""
    with refusing("an EPUB", RuntimeError), ZipFile(path) as book:  # RuntimeError: an encrypted member
        title, chapters = _book(book)
    return [Document(text="\n\n".join(chapters), title=title or title_of(path))]


def _book(book: ZipFile) -> tuple[str, list[str]]:
    container = ElementTree.fromstring(_checked(book, [_CONTAINER]).read(_CONTAINER))
    root = container.find(".//{*}rootfile")
    if root is None:
        raise KeyError("its container names no package")
    package_path = root.attrib["full-path"]
    package = ElementTree.fromstring(_checked(book, [package_path]).read(package_path))
    manifest = {item.attrib["id"]: item for item in package.iterfind(".//{*}manifest/{*}item")}
    spine = [manifest[ref.attrib["idref"]] for ref in package.iterfind(".//{*}spine/{*}itemref")]
    pages = [item.attrib["href"] for item in spine if item.attrib.get("media-type") in _PAGES]
    # A page listed twice is read once.
    names = list(dict.fromkeys(normpath(join(dirname(package_path), unquote(page))) for page in pages))
    _checked(book, names)
    title = package.findtext(".//{http://purl.org/dc/elements/1.1/}title") or ""
    return title.strip(), [text for name in names if (text := html_to_text(decode_html(book.read(name)))[1])]


def _checked(book: ZipFile, names: list[str]) -> ZipFile:
    """The book, when these members unpack to something of a bearable size."""
    # zipfile reads no more of a member than its header says.
    size = sum(book.getinfo(name).file_size for name in names)
    if size > _MAX_BYTES:
        raise ReadError(f"its pages unpack to {size} bytes; expected at most {_MAX_BYTES}: split the book")
    return book
