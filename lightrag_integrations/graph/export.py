"""Export: everything visible as JSON, GraphML or CSV, or as objects of NetworkX and pandas, from one snapshot."""

from __future__ import annotations

import asyncio
import io
import os
import uuid
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from pydantic import Field

from lightrag_integrations.errors import InputError
from lightrag_integrations.filters import Filter, parse_filter
from lightrag_integrations.graph import views
from lightrag_integrations.graph.pieces import FILES
from lightrag_integrations.graph.reading import Reading, Where
from lightrag_integrations.models import EntityView, Frozen, RelationView

if TYPE_CHECKING:
    import networkx
    import pandas

__all__ = ["Exporting", "Exports", "GraphFormat"]

GraphFormat = Literal["json", "graphml", "csv"]
_BLOCK = 1 << 16
Piece = tuple[str, str]


class Exports(Frozen):
    """What an export made: files, or texts where no path was given."""

    paths: tuple[str, ...] = ()
    texts: dict[str, str] = Field(default_factory=dict)
    """By file name."""

    @property
    def text(self) -> str:
        """All in one; of CSV, use `texts`."""
        return "".join(self.texts.values())


class Exporting(Reading):
    """The exports of `index.graph`."""

    def export(
        self, path: str | os.PathLike[str] | None = None, *, format: GraphFormat | None = None, filter: Where = None
    ) -> Exports:
        """Write the whole graph, piece by piece from one snapshot; equal content and summaries give equal bytes.

        Args:
            path: Of the file; for CSV of a directory, which gets `entities.csv` and `relations.csv`. A file that is
                there is replaced when all is written. None: the texts are returned.
            format: "json" holds all that `load` needs to make the same graph again: documents, chunks with what they
                mention, entities, relations with their facts. "graphml": entities and relations, for NetworkX, Gephi
                and yEd. "csv": a line for each entity, and one for each fact. None: GraphML for a path that
                ends in `.graphml`, else JSON.
            filter: See the class.

        Raises:
            InputError: The format is unknown, the filter is wrong, or the file can't be written.
        """
        form = _form(path, format)
        where = parse_filter(filter)
        with _written(path, form) as written:
            for name, piece in self._live.iterate(lambda: self._pieces(form, where)):
                written.write(name, piece)
        return written.made

    async def aexport(
        self, path: str | os.PathLike[str] | None = None, *, format: GraphFormat | None = None, filter: Where = None
    ) -> Exports:
        """Like `export`."""
        form = _form(path, format)
        where = parse_filter(filter)
        with _written(path, form) as written:
            async with aclosing(self._live.aiterate(lambda: self._pieces(form, where))) as pieces:
                async for name, piece in pieces:
                    await _to_the_end(asyncio.to_thread(written.write, name, piece))
        return written.made

    def to_networkx(self, *, filter: Where = None) -> networkx.Graph[str]:
        """The graph as a `networkx.Graph`: nodes by name, with what `EntityView` and `RelationView` say.

        Args:
            filter: See the class.

        Raises:
            MissingDependency: NetworkX is not installed.
        """
        return views.networkx_graph(*self._live.read(lambda: self._everything(filter)))

    async def ato_networkx(self, *, filter: Where = None) -> networkx.Graph[str]:
        """Like `to_networkx`."""
        found = await self._live.aread(lambda: self._everything(filter))
        return await asyncio.to_thread(views.networkx_graph, *found)

    def to_pandas(self, *, filter: Where = None) -> tuple[pandas.DataFrame, pandas.DataFrame]:
        """Two tables: a row for each entity, and one for each fact.

        Args:
            filter: See the class.

        Raises:
            MissingDependency: pandas is not installed.
        """
        return views.pandas_frames(*self._live.read(lambda: self._everything(filter)))

    async def ato_pandas(self, *, filter: Where = None) -> tuple[pandas.DataFrame, pandas.DataFrame]:
        """Like `to_pandas`."""
        found = await self._live.aread(lambda: self._everything(filter))
        return await asyncio.to_thread(views.pandas_frames, *found)

    async def _everything(self, where: Where) -> tuple[list[EntityView], list[RelationView]]:
        async with self._live.reading(parse_filter(where)) as reader:
            entities = [row.view() async for row in reader.whole_entities()]
            return entities, [row.view async for row in reader.whole_relations()]

    async def _pieces(self, form: GraphFormat, where: Filter | None) -> AsyncGenerator[Piece]:
        """(file, text), in blocks worth a crossing from the handle's thread."""
        async with self._live.reading(where) as reader:
            for name, pieces in FILES[form].items():
                block: list[str] = []
                size = 0
                async with aclosing(pieces(reader)) as told:
                    async for piece in told:
                        block.append(piece)
                        size += len(piece)
                        if size >= _BLOCK:
                            yield name, "".join(block)
                            block, size = [], 0
                yield name, "".join(block)


async def _to_the_end(writing: Coroutine[Any, Any, None]) -> None:
    """Await what a thread does, the cancelled ones, too: what it still writes could not be taken away."""
    task = asyncio.ensure_future(writing)
    try:
        await asyncio.shield(task)
    finally:
        await asyncio.wait([task])


class _Written:
    """Where the pieces go: files beside their final places, or memory."""

    def __init__(self, targets: dict[str, Path] | None) -> None:
        self._targets = targets
        self._files: dict[str, IO[str]] = {}
        self._parts: dict[str, Path] = {}
        self.made = Exports()

    def write(self, name: str, piece: str) -> None:
        """Add to a file."""
        if name not in self._files:
            self._files[name] = self._opened(name)
        self._files[name].write(piece)

    def finish(self) -> None:
        """Put the files in their places."""
        if self._targets is None:
            self.made = Exports(texts={name: str(file.getvalue()) for name, file in self._texts()})
            return
        self.close()
        for name, part in self._parts.items():
            part.replace(self._targets[name])
        self.made = Exports(paths=tuple(str(self._targets[name]) for name in self._parts))

    def close(self) -> None:
        """Close what is open."""
        for file in self._files.values():
            file.close()

    def discard(self) -> None:
        """Leave nothing half written behind."""
        self.close()
        for part in self._parts.values():
            part.unlink(missing_ok=True)

    def _texts(self) -> list[tuple[str, io.StringIO]]:
        return [(name, file) for name, file in self._files.items() if isinstance(file, io.StringIO)]

    def _opened(self, name: str) -> IO[str]:
        if self._targets is None:
            return io.StringIO()
        target = self._targets[name]
        # Not the target's name and more: that may be too long a name.
        part = self._parts[name] = target.with_name(f".{uuid.uuid4().hex}.part")
        return part.open("w", encoding="utf-8", newline="")


@contextmanager
def _written(path: str | os.PathLike[str] | None, form: GraphFormat) -> Iterator[_Written]:
    """Where an export goes; nothing is left of one that fails.

    Raises:
        InputError: A file can't be written.
    """
    written = _Written(None if path is None else _targets(path, form))
    try:
        yield written
        written.finish()
    except OSError as error:
        raise InputError(f"path: can't write {os.fspath(path or '')} ({error.strerror}); name another") from error
    finally:
        written.discard()


def _targets(given: object, form: GraphFormat) -> dict[str, Path]:
    names = list(FILES[form])
    wanted = "a file" if len(names) == 1 else f"a directory for {' and '.join(names)}"
    refusal = InputError(f"path: got {given!r:.200}; expected {wanted}")
    if not isinstance(given, str | os.PathLike) or "\0" in str(given):
        raise refusal
    path = Path(given)
    if len(names) == 1:
        if not path.name or path.is_dir():
            raise refusal
        return {names[0]: path}
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise refusal from error
    return {name: path / name for name in names}


def _form(path: object, form: GraphFormat | None) -> GraphFormat:
    """The format, the path's ending where none is given.

    Raises:
        InputError: It is unknown, or the path's ending is of another one than JSON.
    """
    ending = Path(path).suffix.lower() if form is None and isinstance(path, str | os.PathLike) else ""
    if ending == ".csv":
        raise InputError(f"path: got {str(path)!r:.200}; CSV is two files: name a directory, and format 'csv'")
    chosen: GraphFormat = form or ("graphml" if ending == ".graphml" else "json")
    if not isinstance(chosen, str) or chosen not in FILES:
        raise InputError(f"format: got {form!r:.40}; expected one of {', '.join(FILES)}")
    return chosen
