"""Where an index is: a directory of an embedded server, or the address of another."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import SecretStr

from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.options import ConnectOptions

__all__ = ["KEYWORDS", "read_database"]

_SCHEMES = ("postgresql://", "postgres://")
KEYWORDS = re.compile(r"\s*(host|hostaddr|port|dbname|user|password|passfile|service|sslmode)\s*=")
"""How the driver's own form of an address begins."""
_ADDRESS = re.compile(r"postgres(ql)?:|[\w.-]+:\d+(/|$)|[^/\\@]*:[^/\\]*@")
"""What is hardly meant to be a directory."""
_DEFAULT_DIRECTORY = ".lightrag"


def read_database(value: object) -> Path | ConnectOptions:
    """Turn the `database` argument into a directory or connection options.

    Args:
        value: None, a path, a `postgresql://` string or one such as "host=… dbname=…", or `ConnectOptions`.

    Raises:
        ConfigurationError: It is none of these.
    """
    if value is None:
        return Path(_DEFAULT_DIRECTORY).absolute()
    if isinstance(value, ConnectOptions):
        return value
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
        return ConnectOptions(dsn=SecretStr(value))
    if isinstance(value, str) and (value.startswith(_SCHEMES) or KEYWORDS.match(value)):
        return ConnectOptions(dsn=SecretStr(value))
    if isinstance(value, str) and "://" in value:
        scheme = value.split("://", 1)[0]
        raise ConfigurationError(f"database: got a {scheme!r} address; expected postgresql://… or a directory")
    if isinstance(value, str) and _ADDRESS.match(value):
        raise ConfigurationError(
            "database: got what looks like an address without postgresql:// before it; expected "
            "postgresql://user@host:5432/database, 'host=… dbname=…', or a directory (one of such a name as a Path)"
        )
    if isinstance(value, str | Path) and str(value).strip():
        return Path(value).expanduser().absolute()
    raise ConfigurationError(
        f"database: got {type(value).__name__}; expected None, a directory, a postgresql:// string or ConnectOptions"
    )
