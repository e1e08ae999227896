"""What may be shown of a PostgreSQL address: hosts and database, read as the driver reads them."""

from __future__ import annotations

import re
from itertools import zip_longest

import psycopg
from psycopg.conninfo import conninfo_to_dict

__all__ = ["UNREADABLE", "shown_place", "shown_url"]

UNREADABLE = "an address that can't be read"
# Whatever else stands there may be a piece of a password that was not escaped.
_HOST = re.compile(r"[\w.-]*|/[\w./-]*|[0-9a-fA-F:.]+")
_PORT = re.compile(r"[0-9]*")
_DATABASE = re.compile(r"[\w. +-]*")


def shown_url(conninfo: str) -> str:
    """An address without user, password and options; never raises."""
    read = _read(conninfo)
    if read is None:
        return f"postgresql ({UNREADABLE})"
    hosts, database = read
    return f"postgresql://{','.join(hosts)}{f'/{database}' if database else ''}"


def shown_place(conninfo: str) -> str:
    """The same in words, for messages."""
    read = _read(conninfo)
    if read is None:
        return UNREADABLE
    hosts, database = read
    return f"{','.join(hosts) or 'the local socket'}{f', database {database}' if database else ''}"


def _read(conninfo: str) -> tuple[list[str], str] | None:
    """Hosts with their ports, and the database; None when something in their place does not look like one."""
    try:
        parts = conninfo_to_dict(conninfo)
    except (psycopg.Error, ValueError):
        return None
    hosts = str(parts.get("host") or parts.get("hostaddr") or "").split(",")
    ports = str(parts.get("port") or "").split(",")
    database = str(parts.get("dbname") or "")
    if len(ports) > len(hosts) or not _DATABASE.fullmatch(database):
        return None
    if not all(map(_HOST.fullmatch, hosts)) or not all(map(_PORT.fullmatch, ports)):
        return None
    # One port is that of all hosts.
    pairs = zip_longest(hosts, ports, fillvalue=ports[0] if len(ports) == 1 else "")
    return [place for host, port in pairs if (place := _joined(host, port))], database


def _joined(host: str, port: str) -> str:
    named = f"[{host}]" if ":" in host else host
    return f"{named}:{port}" if port else named
