"""Whether a server lets us in: it does, it can't yet, or it never will."""

from __future__ import annotations

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

__all__ = ["lets_in"]

_PATIENCE_S = 3
_KNOCKS = 3
_FOR_GOOD = (pq.Ping.OK, pq.Ping.NO_ATTEMPT)
"""It takes connections, or libpq itself can't begin one: waiting changes nothing."""
_FULL = "too many clients"
"""The embedded server speaks English."""


def lets_in(dsn: str) -> bool:
    """Try to connect. A server that is ready but full lets in whoever waits.

    Returns:
        False when nobody is there, or not ready yet.

    Raises:
        psycopg.OperationalError: It is ready, and refuses us.
    """
    conninfo = make_conninfo(dsn, connect_timeout=_PATIENCE_S)
    for knock in range(_KNOCKS):
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError as error:
            if _FULL in str(error):
                return True
            # It may have become ready, or have gone, between the two.
            if pq.PGconn.ping(conninfo.encode()) not in _FOR_GOOD:
                return False
            if knock == _KNOCKS - 1:
                raise
        else:
            return True
    return False
