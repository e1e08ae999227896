"""Values in PostgreSQL's binary form: half-precision vectors, integer arrays and COPY rows.

Half vectors are sent without registering pgvector's types, so a connection needs no set-up of its own and any
transaction pooler may stand between.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.pq import Format
from psycopg.types.array import ListBinaryDumper

from lightrag_integrations.errors import InputError, ModelError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from psycopg import AsyncConnection, AsyncCursor

    Ints = NDArray[np.int64]

__all__ = [
    "Raw", "copy_data", "field", "fixed", "halfvec", "halfvec_array", "int4_array", "int8_array", "json_text",
    "jsonb", "load_arrays", "read_halfvec", "register", "signed_hash", "text", "text_array", "unit",
]  # fmt: skip

_INT4 = struct.Struct(">i")
_ARRAY = struct.Struct(">iiIii")
_HALFVEC = struct.Struct(">HH")
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_HEADER = 20
"""Bytes before the first element of a one-dimensional array."""
_NULL = b"\xff\xff\xff\xff"
_INT4S, _INT8S, _FLOAT8S = (np.dtype([("size", ">i4"), ("value", kind)]) for kind in (">i4", ">i8", ">f8"))
"""Elements of an array without NULLs."""


class Raw(bytes):
    """Bytes in a type's binary form; the type is that of the cast in the statement."""


class _RawDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Raw) -> Buffer | None:
        return obj


class _ArrayLoader(Loader):
    """Reads a one-dimensional binary array of numbers without NULLs."""

    format = Format.BINARY
    parts: np.dtype[Any]
    given: type[np.generic]

    def load(self, data: Buffer) -> NDArray[Any]:
        if len(data) <= _HEADER:
            return np.empty(0, self.given)
        return np.frombuffer(bytes(data), self.parts, offset=_HEADER)["value"].astype(self.given)


class _Int4ArrayLoader(_ArrayLoader):
    parts, given = _INT4S, np.int64


class _Int8ArrayLoader(_ArrayLoader):
    parts, given = _INT8S, np.int64


class _Float8ArrayLoader(_ArrayLoader):
    parts, given = _FLOAT8S, np.float64


def register(connection: AsyncConnection[Any]) -> None:
    """Teach a connection to send `Raw` values, and lists in binary: as text, each quote in them costs a microsecond."""
    connection.adapters.register_dumper(Raw, _RawDumper)
    connection.adapters.register_dumper(list, ListBinaryDumper)


def load_arrays(cursor: AsyncCursor[Any]) -> None:
    """Make this cursor read binary arrays of int4, int8 and float8 (without NULLs) as numpy arrays."""
    for oid, loader in ((1007, _Int4ArrayLoader), (1016, _Int8ArrayLoader), (1022, _Float8ArrayLoader)):
        cursor.adapters.register_loader(oid, loader)


def unit(vector: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float32] | None:
    """The vector at length one; `None` for a zero vector, which has no direction.

    A vector that already has length one, as far as half precision goes, is returned as it is, so that storing a
    vector that was read back changes nothing.

    Raises:
        ModelError: A part is NaN or infinite.
    """
    array = np.asarray(vector, np.float64)
    norm = float(np.linalg.norm(array))
    if not np.isfinite(norm):
        raise ModelError("got a vector with NaN or infinite parts; expected finite numbers: check the embedding model")
    if not norm:
        return None
    return (array if abs(norm - 1) < 2e-3 else array / norm).astype(np.float32)


def halfvec(vector: NDArray[np.float32]) -> Raw:
    """A half vector."""
    return Raw(_HALFVEC.pack(len(vector), 0) + vector.astype(">f2").tobytes())


def read_halfvec(data: bytes) -> tuple[float, ...]:
    """The reverse of `halfvec`."""
    return tuple(np.frombuffer(data, ">f2", offset=4).astype(np.float64).tolist())


def halfvec_array(vectors: Sequence[Raw | None], oid: int) -> Raw:
    """An array of half vectors, some NULL.

    Args:
        vectors: Made by `halfvec`.
        oid: The type's oid in this database.
    """
    if not vectors:
        return Raw(_ARRAY.pack(0, 0, oid, 0, 1)[:12])
    parts = [_NULL if vector is None else _INT4.pack(len(vector)) + vector for vector in vectors]
    return Raw(_ARRAY.pack(1, int(None in vectors), oid, len(vectors), 1) + b"".join(parts))


def int4_array(values: ArrayLike) -> Raw:
    """An array of int4."""
    return _int_array(values, oid=23, parts=_INT4S)


def int8_array(values: ArrayLike) -> Raw:
    """An array of int8."""
    return _int_array(values, oid=20, parts=_INT8S)


def _int_array(values: ArrayLike, *, oid: int, parts: np.dtype[Any]) -> Raw:
    array = np.asarray(values, np.int64)
    if not len(array):
        return Raw(_ARRAY.pack(0, 0, oid, 0, 1)[:12])
    body = np.empty(len(array), parts)
    body["size"], body["value"] = parts["value"].itemsize, array
    return Raw(_ARRAY.pack(1, 0, oid, len(array), 1) + body.tobytes())


def text_array(values: Sequence[str]) -> Raw:
    """An array of text.

    Raises:
        InputError: PostgreSQL can't hold one of them.
    """
    if not values:
        return Raw(_ARRAY.pack(0, 0, 25, 0, 1)[:12])
    return Raw(_ARRAY.pack(1, 0, 25, len(values), 1) + b"".join(map(text, values)))


def fixed(head: struct.Struct, *values: float) -> bytes:
    """The head of a COPY row: the number of its fields, and those of fixed size, each after its size.

    Raises:
        InputError: A number is too large for its field.
    """
    try:
        return head.pack(*values)
    except struct.error as error:
        raise InputError(f"got a number too large to store among {values!r:.200}; expected at most 32 bits") from error


def field(data: bytes | None) -> bytes:
    """A field of a COPY row, after its size."""
    return _NULL if data is None else _INT4.pack(len(data)) + data


def text(value: str) -> bytes:
    """A text field, after its size.

    Raises:
        InputError: PostgreSQL can't hold the text (NUL, lone surrogates).
    """
    if "\x00" in value:
        raise InputError(f"got text with a NUL character near {value[:40]!r}; PostgreSQL can't store it, remove it")
    try:
        return field(value.encode())
    except UnicodeEncodeError as error:
        raise InputError(f"got text that is not valid Unicode near {value[:40]!a}; expected UTF-8 text") from error


def jsonb(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """A jsonb field, after its size.

    Raises:
        InputError: JSON can't hold the value.
    """
    made = text(json_text(value))[_INT4.size :]
    return field(b"\x01" + made)


def json_text(value: Any, *, canonical: bool = False) -> str:
    """JSON as PostgreSQL takes it.

    Args:
        value: What to write.
        canonical: Keys sorted and no spaces, so that equal values give equal text.

    Raises:
        InputError: JSON can't hold the value (NaN, infinity, objects).
    """
    try:
        separators = (",", ":") if canonical else None
        return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=canonical, separators=separators)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"got a value that JSON can't hold ({error}); expected text, finite numbers, bools, lists, dicts"
        ) from error


def copy_data(rows: Iterable[bytes]) -> bytes:
    """The whole body of a binary COPY."""
    return b"".join((_COPY_HEADER, *rows, _COPY_END))


def signed_hash(*parts: str) -> int:
    """A stable signed 64-bit hash, for advisory locks and tie-breaks."""
    digest = sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
