"""Finds files and reads them by their suffix. A file that can't be read is reported; the others go on."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import MappingProxyType

from lightrag_integrations import Document, MissingDependency
from lightrag_integrations.cli.readers.epub import read_epub
from lightrag_integrations.cli.readers.errors import ReadError
from lightrag_integrations.cli.readers.markup import read_html, read_markdown, read_plain
from lightrag_integrations.cli.readers.office import read_docx, read_pdf, read_pptx, read_xlsx
from lightrag_integrations.cli.readers.records import read_csv, read_json, read_jsonl

__all__ = ["SUFFIXES", "find_files", "read_file", "read_paths"]

SUFFIXES = MappingProxyType[str, Callable[[Path], list[Document]]](
    {
        ".txt": read_plain,
        ".text": read_plain,
        ".md": read_markdown,
        ".markdown": read_markdown,
        ".html": read_html,
        ".htm": read_html,
        ".xhtml": read_html,
        ".csv": read_csv,
        ".tsv": read_csv,
        ".json": read_json,
        ".jsonl": read_jsonl,
        ".ndjson": read_jsonl,
        ".pdf": read_pdf,
        ".docx": read_docx,
        ".pptx": read_pptx,
        ".xlsx": read_xlsx,
        ".epub": read_epub,
    }
)


def read_paths(paths: Iterable[Path], errors: dict[str, str]) -> Iterator[Document]:
    """Read files, and directories with all below them.

    Args:
        paths: Files and directories. In a directory, hidden entries and unknown suffixes are passed over.
        errors: Filled with the reason for each file that gave nothing.

    Yields:
        Documents, each id once: a second document of the same id is an error of its file.
    """
    origins: dict[str, str] = {}
    files = {_name(path): path for path in find_files(paths, errors)}  # once, if given twice
    for name, path in files.items():
        try:
            documents = read_file(path)
        except (ReadError, MissingDependency) as error:
            errors[name] = str(error)
            continue
        taken = [document.id for document in documents if document.id in origins]
        if taken or len({document.id for document in documents}) < len(documents):
            errors[name] = _collision(documents, origins)
            continue
        origins.update((document.id, name) for document in documents)
        yield from documents


def read_file(path: Path) -> list[Document]:
    """Read one file.

    Args:
        path: The file; its suffix decides how it is read.

    Raises:
        ReadError: It can't be read, has no text, or its suffix is unknown.
        MissingDependency: The library for its format is not installed.
    """
    reader = SUFFIXES.get(path.suffix.lower())
    if reader is None:
        if not path.exists():
            raise ReadError(f"can't be read ({os.strerror(errno.ENOENT)})")
        known = " ".join(sorted(SUFFIXES))
        raise ReadError(f"unknown suffix {path.suffix!r}; expected one of {known}")
    try:
        documents = reader(path)
    except OSError as error:
        raise ReadError(f"can't be read ({error.strerror or error})") from error
    if not any(document.text.strip() for document in documents):
        raise ReadError("holds no text")
    return [_named(document, path) for document in documents if document.text.strip()]


def find_files(paths: Iterable[Path], errors: dict[str, str]) -> Iterator[Path]:
    """Files among and below the paths, sorted within each directory; links to directories are not followed."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for directory, folders, files in os.walk(path, onerror=lambda error: _note(errors, error)):
            folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
            for file in sorted(files):
                if not file.startswith(".") and Path(file).suffix.lower() in SUFFIXES:
                    yield Path(directory, file)


def _note(errors: dict[str, str], error: OSError) -> None:
    errors[str(error.filename)] = f"can't be read ({error.strerror or error})"


def _name(path: Path) -> str:
    """The path as documents are named by it: relative to the working directory where it lies below it."""
    full = Path(os.path.abspath(path))
    here = Path.cwd()
    return (full.relative_to(here) if full.is_relative_to(here) else full).as_posix()


def _named(document: Document, path: Path) -> Document:
    """Give a document its file's name as source, and as id where it has none (`#3`: the file's third record)."""
    name = _name(path)
    known = document.id if document.id and not document.id.startswith("#") else name + document.id
    return document.model_copy(update={"id": known, "source": document.source or name})


def _collision(documents: Iterable[Document], origins: dict[str, str]) -> str:
    """Name the first id that comes twice."""
    seen: set[str] = set()
    for document in documents:
        if document.id in origins:
            return f"the id {document.id!r} is taken by {origins[document.id]}; make ids unique"
        if document.id in seen:
            return f"the id {document.id!r} comes twice; make ids unique"
        seen.add(document.id)
    return "ids come twice; make them unique"
