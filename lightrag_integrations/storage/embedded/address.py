"""The connection string of an embedded server, which says all that libpq would else read from the environment."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from psycopg import pq

from lightrag_integrations.storage.embedded.initdb import PORT, USER

__all__ = ["dsn_of"]

_SAID = MappingProxyType(
    {
        "host": None,  # these are said before the others
        "port": None,
        "user": None,
        "password": None,
        "dbname": None,
        "service": None,  # can't be unsaid: every value, the empty one, too, is looked up
        "application_name": "lightrag",
        "channel_binding": "disable",
        "client_encoding": "UTF8",
        "connect_timeout": "30",
        "gssencmode": "disable",
        "hostaddr": "",
        "max_protocol_version": "3.0",
        "min_protocol_version": "3.0",
        "options": "",
        "passfile": "",
        "require_auth": "scram-sha-256",
        "requirepeer": "",
        "gsslib": "",
        "ssl_max_protocol_version": "",
        "sslcert": "",
        "sslcertmode": "disable",
        "sslcrl": "",
        "sslcrldir": "",
        "sslkey": "",
        "sslmode": "disable",
        "sslrootcert": "",
    }
)
"""For the rest, what libpq was compiled with is right."""


def dsn_of(sockets: Path, password: str) -> str:
    """Name everything, so that no PG… variable of the user's environment has a say.

    PGSERVICE may name only a service that exists; PGDATESTYLE, PGTZ and PGGEQO have no counterpart in a connection
    string, and the server refuses them when they make no sense.

    Args:
        sockets: The socket's folder.
        password: The server's.
    """
    said = [f"host={quote(str(sockets), safe='')}", f"port={PORT}"]
    for option in pq.Conninfo.get_defaults():
        keyword = option.keyword.decode()
        compiled = option.compiled.decode() if option.compiled is not None else None
        value = _SAID.get(keyword, compiled if option.envvar else None)
        if value is not None:
            said.append(f"{keyword}={quote(value, safe='')}")
    return f"postgresql://{USER}:{password}@/postgres?{'&'.join(said)}"
