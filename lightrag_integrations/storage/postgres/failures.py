"""Turns the driver's errors into this package's, once, at the edge; the driver's error stays as the cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from lightrag_integrations.errors import (
    ConnectionFailed,
    InputError,
    LightRAGError,
    SchemaError,
    StorageError,
)
from lightrag_integrations.storage.address import UNREADABLE

__all__ = ["converted", "translate"]

_CONNECTION_CLASSES = ("08", "28", "3D")
_UNSTORABLE = (None, "22021", "22P05")
"""Refused by the driver; a byte or an escape that text can't hold."""
_CONNECTION_STATES = ("53300", "57P01", "57P02", "57P03", "57P05")


@contextmanager
def converted(where: str, connected: Callable[[], bool]) -> Iterator[None]:
    """Convert driver errors raised inside.

    Args:
        where: The server's address for messages.
        connected: Whether there still is a connection, after an error.
    """
    try:
        yield
    except psycopg.Error as error:
        raise translate(error, where, connected=connected()) from error
    except UnicodeEncodeError as error:
        raise InputError(f"got text that is not valid Unicode ({error.reason}); expected UTF-8 text") from error


def translate(error: BaseException, where: str, *, connected: bool = False) -> LightRAGError:
    """This package's error for one of the driver's.

    Args:
        error: What psycopg or its pool raised.
        where: The server's address for messages.
        connected: The connection that it was raised on can still be used.
    """
    if _lost(error, connected):
        if where == UNREADABLE:  # the driver's words may quote pieces of the password
            return ConnectionFailed(
                "PostgreSQL can't be reached: the database's address can't be read; in user and password, "
                "write '/' as %2F, '@' as %40, ':' as %3A and '%' as %25"
            )
        return ConnectionFailed(
            f"PostgreSQL at {where} can't be reached: {_first_line(error)}; check address, user, password and server"
        )
    if isinstance(error, psycopg.DataError) and error.sqlstate in _UNSTORABLE:
        return InputError(f"got text that PostgreSQL can't store: {_first_line(error)}; remove NUL characters")
    if isinstance(error, psycopg.errors.UniqueViolation) and error.diag.constraint_name == "chunk_chunk_id_key":
        return InputError(
            f"another document stored a chunk of the same id at the same time ({error.diag.message_detail}); "
            "use chunk ids that are unique in the index"
        )
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return SchemaError(
            f"the index at {where} lost its tables ({_first_line(error)}); was it dropped by another handle? "
            "Close this handle and open a new one"
        )
    return StorageError(f"PostgreSQL at {where} refused a statement: {_first_line(error)}")


def _lost(error: BaseException, connected: bool) -> bool:
    if not isinstance(error, psycopg.OperationalError):
        return False
    state = error.sqlstate
    if state is None:  # the driver's own error: it could not send, or it refused to
        return not connected
    return state[:2] in _CONNECTION_CLASSES or state in _CONNECTION_STATES


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]
