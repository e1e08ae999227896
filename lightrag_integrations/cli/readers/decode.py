"""Bytes to text: UTF-8, or UTF-16 with a byte order mark. Anything else is refused, not guessed."""

from __future__ import annotations

import codecs
import re

from lightrag_integrations.cli.readers.errors import ReadError

__all__ = ["decode", "decode_html"]

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_HEAD_BYTES = 4096


def decode(data: bytes) -> str:
    """Decode a text file.

    Args:
        data: The whole file.

    Raises:
        ReadError: It is neither UTF-8 nor UTF-16 with a byte order mark, or holds NUL characters.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _checked(data, "utf-16")
    return _checked(data, "utf-8-sig")


def decode_html(data: bytes) -> str:
    """Decode a page: by its byte order mark, else by the charset it declares, else as UTF-8.

    Args:
        data: The whole file.

    Raises:
        ReadError: The bytes are not what they are declared to be.
    """
    declared = _CHARSET.search(data[:_HEAD_BYTES])
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or declared is None:
        return decode(data)
    name = declared.group(1).decode("ascii")
    try:
        codecs.lookup(name)
    except LookupError:
        return decode(data)
    return _checked(data, name)


def _checked(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        where = getattr(error, "start", 0)
        raise ReadError(
            f"byte {where} is not {encoding.removesuffix('-sig').upper()} text; save the file as UTF-8 "
            "(for example with: iconv -f WINDOWS-1252 -t UTF-8)"
        ) from error
    except LookupError as error:  # a codec that is no text encoding, such as "hex"
        raise ReadError(f"the page declares the charset {encoding!r}, which is no text encoding") from error
    if "\x00" in text:
        raise ReadError("holds NUL characters, so it is no text file; give it the suffix of its real format")
    return text
