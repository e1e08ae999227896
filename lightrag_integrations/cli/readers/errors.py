"""What a reader says when it can't read a file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from zipfile import BadZipFile

__all__ = ["ReadError", "refusing"]

# What zip and XML libraries raise on damaged input; a syntax error is XML's.
_DAMAGE = (BadZipFile, zlib.error, EOFError, SyntaxError, KeyError, IndexError, ValueError, AttributeError, TypeError)


class ReadError(Exception):
    """A file can't be turned into documents; the message says why and what to do."""


@contextmanager
def refusing(format_name: str, *own: type[Exception]) -> Iterator[None]:
    """Turn what a library raises on a damaged file into `ReadError`.

    Args:
        format_name: With its article, such as "a PDF".
        *own: The library's own errors.

    Raises:
        ReadError: The block raised one of them.
    """
    expected: tuple[type[Exception], ...] = _DAMAGE + own
    try:
        yield
    except ReadError:
        raise
    except expected as error:
        reason = str(error) or type(error).__name__
        raise ReadError(f"not readable as {format_name} ({reason}); is it damaged, or locked by a password?") from error
