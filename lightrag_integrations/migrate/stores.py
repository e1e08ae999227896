"""LightRAG's stores, in files or in PostgreSQL, as a source."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from lightrag_integrations.migrate.compose import by_hand, composed, unfinished
from lightrag_integrations.migrate.directory import fill_from_directory, home_of
from lightrag_integrations.migrate.opened import Account, Batch, OpenTables, batches_of
from lightrag_integrations.migrate.settle import settle
from lightrag_integrations.migrate.sources import LightRAGDirectory, LightRAGWorkspace
from lightrag_integrations.migrate.spool import Spool
from lightrag_integrations.migrate.workspace import fill_from_workspace

__all__ = ["LightRAGStores"]

_LEFT_OUT = (
    ("entities without a letter or digit in their names", "name", False),
    ("relations with such names", "name", True),
    ("relations of what has one name here with itself", "self", True),
    ("entities that only unfinished documents speak of", "unfinished", False),
    ("relations that only unfinished documents speak of", "unfinished", True),
)


class LightRAGStores:
    """See `Opened`."""

    def __init__(
        self, source: LightRAGDirectory | LightRAGWorkspace, open_tables: OpenTables, *, vectors: bool, texts: bool
    ) -> None:
        """Open nothing yet.

        Args:
            source: Which.
            open_tables: Connects to a database.
            vectors: Read the vectors of chunks, too.
            texts: Take the texts of unfinished documents.
        """
        self._source = source
        self._open_tables = open_tables
        self._vectors = vectors
        self._texts = texts
        self._spool = Spool()

    def open(self) -> Account:
        """Lay everything out, and settle who said what."""
        self._spool.__enter__()
        self._spool.begin()
        account = Account(source=self._fill())
        account.changed = dict(settle(self._spool))
        self._spool.commit()
        self._count(account)
        return account

    def end(self) -> None:
        """Stop at the next step."""
        self._spool.end()

    def close(self) -> None:
        """Remove the spool."""
        self._spool.__exit__(None, None, None)

    def samples(self, limit: int) -> list[tuple[str, Sequence[float]]]:
        """Chunks that will be taken, spread over all."""
        query = (
            "SELECT c.text, v.floats FROM chunk c JOIN vector v ON v.chunk = c.id WHERE c.taken "
            "ORDER BY length(c.text) DESC, c.id LIMIT ?"
        )
        return [(text, array("f", floats)) for text, floats in self._spool.rows(query, limit)]

    def names(self) -> Iterator[str]:
        """Keys of entities."""
        query = "SELECT DISTINCT key FROM thing WHERE other = '' AND state IN ('taken', 'hand')"
        return (key for (key,) in self._spool.rows(query))

    def batches(self) -> Iterator[Batch]:
        """Documents, then what was made by hand, then texts."""
        yield from batches_of(composed(self._spool), "told")
        yield from batches_of(by_hand(self._spool), "by hand")
        if self._texts:
            yield from batches_of(unfinished(self._spool), "bare")

    def _fill(self) -> str:
        source = self._source
        if isinstance(source, LightRAGDirectory):
            fill_from_directory(source, self._spool, vectors=self._vectors)
            return f"LightRAG's directory {home_of(source)}"
        with self._open_tables(source.dsn.get_secret_value()) as tables:
            fill_from_workspace(source, tables, self._spool, vectors=self._vectors)
            return f"LightRAG's workspace {source.workspace!r} in {tables.where}"

    def _count(self, account: Account) -> None:
        count = self._spool.count
        account.found = {
            "documents": count("SELECT count(*) FROM document"),
            "chunks": count("SELECT count(*) FROM chunk"),
            "entities": count("SELECT count(*) FROM thing WHERE other = ''"),
            "relations": count("SELECT count(*) FROM thing WHERE other <> ''"),
            "cached answers": count("SELECT count(*) FROM answer"),
        }
        taken = "SELECT count(*) FROM (SELECT DISTINCT {} FROM thing WHERE other {} '' AND state IN ('taken', 'hand'))"
        account.entities = count(taken.format("key", "="))
        account.relations = count(taken.format("min(key, other_key), max(key, other_key)", "<>"))
        account.own_words = count("SELECT count(*) FROM chunk WHERE taken AND answered")
        self._count_changes(account)
        for document_id, state, reason in self._spool.rows(
            "SELECT id, state, reason FROM document WHERE NOT taken ORDER BY place"
        ):
            account.unfinished[document_id] = ": ".join(part for part in (state or "no state", reason) if part)

    def _count_changes(self, account: Account) -> None:
        count = self._spool.count
        changes = {
            "entities whose names are one name here": count(
                "SELECT count(*) - count(DISTINCT key) FROM thing WHERE other = '' AND state IN ('taken', 'hand')"
            ),
            "entities and relations read from what was embedded of them: types are those of the cached answers, "
            "weights are numbers of chunks": count("SELECT count(*) FROM thing WHERE embedded"),
            "entities without a type, as no cached answer tells it": count(
                "SELECT count(*) FROM thing t WHERE embedded AND other = '' AND state IN ('taken', 'hand') "
                "AND NOT EXISTS (SELECT 1 FROM told WHERE thing = t.id AND type <> '')"
            ),
            "entities and relations without a chunk, taken as statements made by hand": count(
                "SELECT count(*) FROM thing WHERE state = 'hand'"
            ),
        }
        left = {
            name: count("SELECT count(*) FROM thing WHERE state = ? AND (other <> '') = ?", state, relation)
            for name, state, relation in _LEFT_OUT
        }
        left["chunks of white space"] = count(
            "SELECT count(*) FROM chunk WHERE NOT taken AND document IN (SELECT id FROM document WHERE taken)"
        )
        left["documents without chunks"] = count(
            "SELECT count(*) FROM document d WHERE taken "
            "AND NOT EXISTS (SELECT 1 FROM chunk WHERE document = d.id AND taken)"
        )
        left["answers about names that the graph has not"] = count(
            "SELECT count(*) FROM (SELECT DISTINCT key FROM said WHERE other_key = '' "
            "EXCEPT SELECT key FROM thing WHERE other = '')"
        )
        if not self._texts:
            left["documents that are not finished"] = count("SELECT count(*) FROM document WHERE NOT taken")
        account.changed.update({name: number for name, number in changes.items() if number})
        account.left_out.update({name: number for name, number in left.items() if number})
