"""CSV, JSON and JSON Lines: one document for each record.

A record's keys `id`, `title` and `source` go where their names say. Its text is the first of `text`, `content`,
`page_content` and `body` that it has; without one, all its fields as `key: value` lines. Everything else becomes
metadata; an object under `metadata` is spread out. Numbers in CSV cells become numbers, so that filters can compare.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from lightrag_integrations import Document
from lightrag_integrations.cli.readers.decode import decode
from lightrag_integrations.cli.readers.errors import ReadError

__all__ = ["read_csv", "read_json", "read_jsonl"]

_TEXT_KEYS = ("text", "content", "page_content", "body")
_OWN_KEYS = ("id", "title", "source", "metadata")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?")
_DELIMITERS = (",", ";", "\t", "|")
_CELL_MAX = 2**31 - 1


def read_csv(path: Path) -> list[Document]:
    """Read a table with a header line; each row is a document. The delimiter is the header's commonest of , ; tab |."""
    text = decode(path.read_bytes())
    header = text.lstrip().split("\n", 1)[0]
    csv.field_size_limit(_CELL_MAX)
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=header.count), strict=True)
    try:
        if not reader.fieldnames or len(set(reader.fieldnames)) < len(reader.fieldnames):
            raise ReadError("the first line must name the columns, each name once")
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise ReadError(f"after line {reader.line_num}: {error}; expected CSV with quoted cells") from error
    for line, row in rows:
        if None in row:
            raise ReadError(f"line {line}: more cells than columns; quote cells that hold the delimiter")
    return _documents({key: _cell(value) for key, value in row.items() if value} for _, row in rows)


def read_json(path: Path) -> list[Document]:
    """Read an object, or a list of objects or strings (also under the key `documents`); each is a document."""
    value = _parse(decode(path.read_bytes()), "")
    if isinstance(value, dict) and isinstance(value.get("documents"), list):
        value = value["documents"]
    return _documents(value if isinstance(value, list) else [value])


def read_jsonl(path: Path) -> list[Document]:
    """Read one object or string from each line that is not blank."""
    lines = enumerate(decode(path.read_bytes()).split("\n"), start=1)
    return _documents(_parse(line, f"line {number}: ") for number, line in lines if line.strip())


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{where}not valid JSON ({error})") from error


def _documents(records: Iterable[Any]) -> list[Document]:
    return [_document(record, number) for number, record in enumerate(records, start=1)]


def _document(record: Any, number: int) -> Document:
    """One record; without an id of its own it gets its number, which the caller puts behind the file's name."""
    if isinstance(record, str):
        record = {"text": record}
    if not isinstance(record, Mapping):
        raise ReadError(f"record {number}: got {type(record).__name__}; expected an object or a string")
    text_key = next((key for key in _TEXT_KEYS if record.get(key)), None)
    nested = record.get("metadata")
    metadata = {key: value for key, value in record.items() if key not in (*_OWN_KEYS, text_key)}
    if isinstance(nested, Mapping):
        metadata.update(nested)
    elif nested is not None:
        metadata["metadata"] = nested
    return Document(
        text=str(record[text_key]) if text_key else _lines(record),
        id=_text(record.get("id")) or f"#{number}",
        title=_text(record.get("title")),
        source=_text(record.get("source")),
        metadata=metadata,
    )


def _lines(record: Mapping[str, Any]) -> str:
    """All fields but the id as `key: value` lines."""
    return "\n".join(f"{key}: {_text(value)}" for key, value in record.items() if key != "id" and _text(value))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cell(value: str) -> str | int | float:
    """A number where the cell is one and nothing is lost by it (no leading zeros, no huge digits)."""
    if not _NUMBER.fullmatch(value):
        return value
    return float(value) if "." in value else int(value)
