"""Secrets come from the environment, never from the command line, and never reach the output."""

from __future__ import annotations

import os
import re
from urllib.parse import parse_qs, unquote, urlsplit

from lightrag_integrations import ConfigurationError

__all__ = ["redact", "refuse_password"]

_KEY_VALUE = re.compile(r"\b(?:ssl)?password\s*=\s*('(?:[^'\\]|\\.)*'|\S*)", re.IGNORECASE)
_HIDDEN = "***"
_SHORTEST = 4  # blotting out every "a" would hide the message and give the secret away


def refuse_password(option: str, value: str, instead: str) -> None:
    """Refuse an address that carries a password: command lines are seen by every process and kept in histories.

    Args:
        option: The option's name, for the message.
        value: What was given.
        instead: Where the secret belongs.

    Raises:
        ConfigurationError: It carries one.
    """
    if _password(value) or _KEY_VALUE.search(value):
        raise ConfigurationError(
            f"{option}: got an address with a password in it; every process on the machine can read a command line. "
            f"{instead}"
        )


def redact(text: str) -> str:
    """Blot out what the environment holds in secret, should it turn up in a message."""
    environment = os.environ
    database = environment.get("LIGHTRAG_DATABASE", "")
    password = _password(database)
    source = _password(environment.get("LIGHTRAG_SOURCE", ""))
    passwords = (password, unquote(password), source, unquote(source))
    secrets = (environment.get("OPENAI_API_KEY"), environment.get("PGPASSWORD"), *passwords)
    for secret in secrets:
        if secret and len(secret) >= _SHORTEST:
            text = text.replace(secret, _HIDDEN)
    return text


def _password(address: str) -> str:
    """The password of an address, as written; empty when there is none."""
    try:
        parts = urlsplit(address)
        if parts.scheme and parts.password:
            return parts.password
        query = parse_qs(parts.query)
    except ValueError:
        return ""
    found = next((values[0] for key, values in query.items() if key in ("password", "sslpassword")), "")
    pairs = _KEY_VALUE.search(address)
    return found or (pairs[1].strip("'") if pairs else "")
