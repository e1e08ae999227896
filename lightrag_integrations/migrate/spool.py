"""A file of its own in which a source is laid out before anything is written, so that memory stays small.

What LightRAG stored of one document lies in many places: its text, its chunks, the answers about each of them, and in
every entity and relation that it shares with other documents. Here it is gathered, in SQLite, whatever its size.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any

from lightrag_integrations.errors import StorageError
from lightrag_integrations.migrate.names import storable
from lightrag_integrations.text.keys import normalise_name

__all__ = ["Spool"]


_LATEST = 2.0**53
"""No time of the epoch; what is beyond it is none."""


class Spool:
    """A context manager; leaving it removes the file. For one thread, but for `end`."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._ended = threading.Event()
        self._held = ExitStack()
        self._db: sqlite3.Connection

    def __enter__(self) -> Spool:
        """Lay out the tables."""
        home = self._held.enter_context(
            tempfile.TemporaryDirectory(prefix="lightrag-import-", ignore_cleanup_errors=True)
        )
        self._db = sqlite3.connect(Path(home) / "spool", isolation_level=None)
        self._held.callback(self._db.close)
        self._db.executescript(files(__package__).joinpath("spool.sql").read_text("utf-8"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove everything."""
        self._held.close()

    def end(self) -> None:
        """Whatever thread fills or reads it stops at its next step."""
        self._ended.set()

    def run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement.

        Raises:
            StorageError: The file can't be written, or the import was broken off.
        """
        if self._ended.is_set():
            raise StorageError("the import was broken off")
        try:
            return self._db.execute(sql, values)
        except sqlite3.OperationalError as error:
            raise StorageError(f"the temporary file of the import can't be used: {error}; make room for it") from error

    def rows(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Rows of one query, streamed."""
        cursor = self.run(sql, *values)
        while not self._ended.is_set() and (part := cursor.fetchmany(500)):
            yield from part

    def count(self, sql: str, *values: Any) -> int:
        """The number that a query tells."""
        return int(self.run(sql, *values).fetchone()[0] or 0)

    def begin(self) -> None:
        """What follows is one transaction, which is faster."""
        self.run("BEGIN")

    def commit(self) -> None:
        """End of the transaction."""
        self.run("COMMIT")

    # --- what a source holds --------------------------------------------------------------------------------------

    def document(self, document_id: str, *, text: object, source: object) -> None:
        """A document's text."""
        self.run(
            "INSERT INTO document (id, text, source, state, reason) VALUES (?, ?, ?, '', '') "
            "ON CONFLICT (id) DO UPDATE SET text = excluded.text, source = excluded.source",
            storable(document_id), storable(text), storable(source),
        )  # fmt: skip

    def state(self, document_id: str, *, state: str, reason: object, source: object) -> None:
        """How far LightRAG came with a document."""
        self.run(
            "INSERT INTO document (id, text, source, state, reason) VALUES (?, '', ?, ?, ?) ON CONFLICT (id) DO UPDATE "
            "SET state = excluded.state, reason = excluded.reason, "
            "source = CASE WHEN source = '' THEN excluded.source ELSE source END",
            storable(document_id), storable(source), storable(state), storable(reason),
        )  # fmt: skip

    def chunk(
        self, chunk_id: str, *, document: object, position: object, text: object, tokens: object, heading: object,
        source: object, answers: Iterable[object],
    ) -> None:  # fmt: skip
        """A chunk, and the keys of the answers about it."""
        chunk_id = storable(chunk_id)
        self.run(
            "INSERT OR REPLACE INTO chunk (id, document, position, text, tokens, heading, source) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            chunk_id, storable(document) or chunk_id, _whole(position), storable(text), _whole(tokens),
            " ".join(storable(heading).split()), storable(source),
        )  # fmt: skip
        for key in answers:
            self.run("INSERT OR IGNORE INTO chunk_answer VALUES (?, ?)", chunk_id, storable(key))

    def answer(self, key: str, *, chunk: object, time: object, text: object) -> None:
        """A model's answer about a chunk. Older versions keep summaries in the same way, but without a chunk."""
        if not chunk:
            self.summary(text)
        when = float(time) if isinstance(time, int | float) and abs(time) < _LATEST else 0.0
        self.run(
            "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)", storable(key), storable(chunk), when, storable(text)
        )

    def summary(self, text: object) -> None:
        """What a model made of many descriptions."""
        self.run("INSERT OR IGNORE INTO summary VALUES (?)", storable(text).strip())

    def thing(
        self, name: object, other: object = "", *, type: object = "", description: object = "", keywords: object = "",
        weight: object = 1.0, chunks: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """An entity, or with another name a relation, as the graph holds it, and the chunks that speak of it."""
        ends = storable(name).strip(), storable(other).strip()
        if other:
            ends = min(ends), max(ends)
        keys = [normalise_name(end) if end else "" for end in ends]
        made = self.run(
            "INSERT OR REPLACE INTO thing (name, other, type, description, keywords, weight, key, other_key) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *ends, storable(type), storable(description), storable(keywords), _weight(weight), *keys,
        )  # fmt: skip
        self._chunks(int(made.lastrowid or 0), chunks)

    def embedded_thing(self, name: object, other: object = "", *, content: object, chunks: Sequence[str]) -> None:
        """An entity or relation as LightRAG embeds it: names, keywords and description, but no type and no weight."""
        text = storable(content)
        keywords, tab, rest = text.partition("\t") if other else ("", "", text)
        for _ in (name, other) if other else (name,):
            rest = rest.partition("\n")[2]
        weight = max(len(chunks), 1)
        self.thing(name, other, description=rest, keywords=keywords if tab else "", weight=weight, chunks=chunks)
        self.run("UPDATE thing SET embedded = 1 WHERE id = last_insert_rowid()")

    def spoken_of_in(self, name: str, other: str, chunks: Sequence[str]) -> None:
        """All chunks that speak of an entity or relation of the graph, which itself may name a part of them only."""
        name, other = storable(name), storable(other)
        ends = (min(name, other), max(name, other)) if other else (name, other)
        for (thing,) in self.run("SELECT id FROM thing WHERE (name, other) = (?, ?)", *ends).fetchall():
            self.run("DELETE FROM thing_chunk WHERE thing = ?", thing)
            self._chunks(thing, chunks)

    def vector(self, chunk_id: str, values: Iterable[float]) -> None:
        """A chunk's vector."""
        self.run("INSERT OR REPLACE INTO vector VALUES (?, ?)", storable(chunk_id), array("f", values).tobytes())

    def _chunks(self, thing: int, chunks: Iterable[str]) -> None:
        for place, chunk in enumerate(chunks):
            self.run("INSERT OR IGNORE INTO thing_chunk VALUES (?, ?, ?)", thing, place, storable(chunk))


def _whole(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0


def _weight(value: object) -> float:
    try:
        weight = float(str(value))
    except ValueError:
        return 1.0
    return weight if 0 < weight <= 1e9 else 1.0
