"""EPUB, with the standard library alone: one document for each book, chapters in reading order."""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote
from xml.etree import ElementTree
from zipfile import ZipFile

from lightrag_integrations import Document
from lightrag_integrations.cli.readers.archives import check_members
from lightrag_integrations.cli.readers.decode import decode_html
from lightrag_integrations.cli.readers.errors import refusing
from lightrag_integrations.cli.readers.markup import html_to_text, title_of

__all__ = ["read_epub"]

_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html")


def read_epub(path: Path) -> list[Document]:
    """Read the chapters of a book, in reading order."""
    with refusing("an EPUB", RuntimeError), ZipFile(path) as book:  # RuntimeError: an encrypted member
        title, chapters = _book(book)
    return [Document(text="\n\n".join(chapters), title=title or title_of(path))]


def _book(book: ZipFile) -> tuple[str, list[str]]:
    container = _parsed(book, _CONTAINER)
    root = container.find(".//{*}rootfile")
    if root is None:
        raise KeyError("its container names no package")
    package_path = root.attrib["full-path"]
    package = _parsed(book, package_path)
    manifest = {item.attrib["id"]: item for item in package.iterfind(".//{*}manifest/{*}item")}
    spine = [manifest[ref.attrib["idref"]] for ref in package.iterfind(".//{*}spine/{*}itemref")]
    pages = [item.attrib["href"] for item in spine if item.attrib.get("media-type") in _PAGES]
    # A page listed twice is read once.
    names = list(dict.fromkeys(normpath(join(dirname(package_path), unquote(page))) for page in pages))
    check_members(book, names)
    title = package.findtext(".//{http://purl.org/dc/elements/1.1/}title") or ""
    return title.strip(), [text for name in names if (text := html_to_text(decode_html(book.read(name)))[1])]


def _parsed(book: ZipFile, name: str) -> ElementTree.Element:
    check_members(book, [name])
    return ElementTree.fromstring(book.read(name))
