"""Zip archives that would unpack to far more than a reader can hold are refused before they are unpacked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO
from zipfile import ZipFile

from lightrag_integrations.cli.readers.errors import ReadError

__all__ = ["check_members", "check_package"]

_MAX_PAGES = 64_000_000
"""Of all pages of a book together, unpacked: more than any book has, and little enough to hold."""
_MAX_MARKUP = 128_000_000
"""Of all markup of an office file: parsed, it takes several times as much."""
_MAX_PACKAGE = 1_000_000_000
"""Of all parts of an office file: pictures are held, but not parsed."""
_MARKUP = (".xml", ".rels", ".vml")


def check_members(archive: ZipFile, names: Iterable[str], *, limit: int = _MAX_PAGES, what: str = "pages") -> None:
    """Refuse an archive of which these members unpack to more than `limit` bytes.

    Args:
        archive: Open for reading.
        names: The members that are going to be read.
        limit: Most bytes of them together.
        what: How the message calls them.

    Raises:
        ReadError: They are too large.
    """
    # zipfile reads no more of a member than its header says.
    size = sum(archive.getinfo(name).file_size for name in names)
    if size > limit:
        raise ReadError(f"its {what} unpack to {size} bytes; expected at most {limit}: split the file")


def check_package(file: BinaryIO) -> None:
    """Refuse an office file that unpacks to more than can be held; the file is left at its beginning.

    Raises:
        ReadError: It is too large.
    """
    with ZipFile(file) as package:
        names = package.namelist()
        markup = [name for name in names if name.lower().endswith(_MARKUP)]
        check_members(package, markup, limit=_MAX_MARKUP, what="parts of markup")
        check_members(package, names, limit=_MAX_PACKAGE, what="parts")
    file.seek(0)
