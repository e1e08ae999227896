"""Options that commands share, and the handle made from them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from lightrag_integrations import ConfigurationError, LightRAGIndex
from lightrag_integrations.cli.secrets import refuse_password
from lightrag_integrations.database import read_database

__all__ = [
    "add_embed_options",
    "add_index_options",
    "add_model_options",
    "add_place_options",
    "database_of",
    "directory_of",
    "open_index",
    "positive",
]

if TYPE_CHECKING:
    from lightrag_integrations import OpenAIChatModel, OpenAIEmbedder

T = TypeVar("T")
_DIRECTORY = ".lightrag"
_DATABASE_HELP = (
    "a directory for a PostgreSQL of its own, or a postgresql:// address without password (that one goes into "
    "LIGHTRAG_DATABASE or ~/.pgpass); default: LIGHTRAG_DATABASE, else ./.lightrag"
)


def add_index_options(parser: argparse.ArgumentParser) -> None:
    """Add `--index`, `--database` and `--json`."""
    add_place_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_place_options(parser: argparse.ArgumentParser) -> None:
    """Add `--index` and `--database`."""
    parser.add_argument("--index", metavar="NAME", help="name of the index; default: LIGHTRAG_INDEX, else 'default'")
    parser.add_argument("--database", metavar="PATH|DSN", help=_DATABASE_HELP)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add `--llm`, `--embed`, `--base-url` and `--embed-base-url`."""
    group = parser.add_argument_group("models", "any OpenAI-compatible endpoint; the key comes from OPENAI_API_KEY")
    group.add_argument("--llm", metavar="MODEL", help="chat model; default: LIGHTRAG_LLM, else none")
    _add_embed(group, "none (words only)")


def add_embed_options(parser: argparse.ArgumentParser) -> None:
    """Add `--embed`, `--base-url` and `--embed-base-url`."""
    _add_embed(parser.add_argument_group("model", "any OpenAI-compatible endpoint; the key as elsewhere"), "an error")


def _add_embed(group: argparse._ArgumentGroup, otherwise: str) -> None:
    group.add_argument("--embed", metavar="MODEL", help=f"embedding model; default: LIGHTRAG_EMBED, else {otherwise}")
    group.add_argument("--base-url", metavar="URL", help="address of the endpoint; default: OPENAI_BASE_URL")
    group.add_argument("--embed-base-url", metavar="URL", help="of the embedding model, where it is another one")


def positive(text: str) -> int:
    """A whole number above 0, for argparse."""
    number = int(text) if text.strip().isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; expected a whole number above 0")
    return number


def database_of(options: argparse.Namespace) -> str:
    """The directory or address that the options and the environment name.

    Raises:
        ConfigurationError: The option carries a password.
    """
    given: str | None = options.database
    if given:
        refuse_password(
            "--database",
            given,
            "Put the whole address into the environment variable LIGHTRAG_DATABASE, or use ~/.pgpass.",
        )
    return given or os.environ.get("LIGHTRAG_DATABASE") or _DIRECTORY


def directory_of(database: str) -> Path | None:
    """The embedded server's directory; None for an address.

    Raises:
        ConfigurationError: It is neither.
    """
    place = read_database(database)
    return place if isinstance(place, Path) else None


def open_index(options: argparse.Namespace, *, create: bool = False) -> LightRAGIndex:
    """Make the handle that the options describe; it opens at its first call.

    Args:
        options: Parsed arguments.
        create: Whether a directory and an index that don't exist yet may be made.

    Raises:
        ConfigurationError: There is no database at the directory, or a model has no key.
    """
    database = database_of(options)
    directory = directory_of(database)
    if not create and directory is not None and not directory.is_dir():
        raise ConfigurationError(
            f"database: there is none at {database!r}; ingest something first, or name the right one with --database "
            "or LIGHTRAG_DATABASE"
        )
    return LightRAGIndex(
        options.index or os.environ.get("LIGHTRAG_INDEX") or "default",
        database=database,
        llm=_chat_model(options),
        embed_model=_embedder(options),
        create=create,
    )


def _chat_model(options: argparse.Namespace) -> OpenAIChatModel | None:
    name = getattr(options, "llm", None) or os.environ.get("LIGHTRAG_LLM")
    if not name:
        return None
    from lightrag_integrations import OpenAIChatModel  # only here: its client takes most of a second to import

    url = _base_url(options, "base_url")
    return _made(lambda: OpenAIChatModel(name, base_url=url, api_key=_key(name, url)))


def _embedder(options: argparse.Namespace) -> OpenAIEmbedder | None:
    # A command that embeds nothing works whatever the index's model is.
    name = (options.embed or os.environ.get("LIGHTRAG_EMBED")) if hasattr(options, "embed") else None
    if not name:
        return None
    from lightrag_integrations import OpenAIEmbedder

    url = _base_url(options, "embed_base_url") or _base_url(options, "base_url")
    return _made(lambda: OpenAIEmbedder(name, base_url=url, api_key=_key(name, url)))


def _made(make: Callable[[], T]) -> T:
    """A model's settings; pydantic's complaint becomes one of ours."""
    try:
        return make()
    except ValidationError as error:
        reasons = "; ".join(str(item["msg"]) for item in error.errors(include_input=False, include_context=False))
        raise ConfigurationError(f"model settings: {reasons}") from error


def _base_url(options: argparse.Namespace, field: str) -> str | None:
    given: str | None = getattr(options, field, None)
    if given:
        refuse_password(f"--{field.replace('_', '-')}", given, "Put the key into OPENAI_API_KEY.")
    return given or (os.environ.get("OPENAI_BASE_URL") if field == "base_url" else None)


def _key(model: str, base_url: str | None) -> str:
    """The key from the environment; local servers want none but the protocol wants a word."""
    key = os.environ.get("OPENAI_API_KEY")
    if key or base_url:
        return key or "none"
    raise ConfigurationError(
        f"model {model!r}: no key; set OPENAI_API_KEY, or name a server that needs none with --base-url"
    )
