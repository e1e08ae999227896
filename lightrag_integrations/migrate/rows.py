"""A table of LangChain or LlamaIndex as a source: rows with texts, metadata and vectors, and no graph."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice

from lightrag_integrations.errors import StorageError
from lightrag_integrations.migrate.langchain_rows import collection_rows, table_rows
from lightrag_integrations.migrate.llama_index_rows import embedded_text, node_rows
from lightrag_integrations.migrate.opened import Account, Batch, OpenTables, batches_of
from lightrag_integrations.migrate.sources import LangChainCollection, LangChainTable, LlamaIndexTable
from lightrag_integrations.migrate.tables import Tables
from lightrag_integrations.models import Document

__all__ = ["TableRows"]


class TableRows:
    """See `Opened`."""

    def __init__(
        self, source: LangChainTable | LangChainCollection | LlamaIndexTable, open_tables: OpenTables, *, vectors: bool
    ) -> None:
        """Open nothing yet.

        Args:
            source: Which.
            open_tables: Connects to a database.
            vectors: Read the vectors, too.
        """
        self._source = source
        self._open_tables = open_tables
        self._vectors = vectors
        self._held = ExitStack()
        self._ended = threading.Event()
        self._tables: Tables | None = None

    def open(self) -> Account:
        """Connect, and read every row once, so that one that can't be read is found before anything is written."""
        self._tables = self._held.enter_context(self._open_tables(self._source.dsn.get_secret_value()))
        documents = chunks = empty = 0
        for document in self._read(vectors=False):
            documents += document is not None
            chunks += len(document.chunks or ()) if document is not None else 0
            empty += document is None
        name = getattr(self._source, "table", "") or getattr(self._source, "collection", "")
        return Account(
            source=f"{type(self._source).__name__} {name!r} in {self._tables.where}",
            found={"documents": documents, "chunks": chunks + empty},
            left_out={"rows without text": empty} if empty else {},
        )

    def end(self) -> None:
        """Stop at the next row."""
        self._ended.set()

    def close(self) -> None:
        """Close the connection."""
        self._held.close()

    def samples(self, limit: int) -> list[tuple[str, Sequence[float]]]:
        """The first rows."""
        found = (document for document in self._read(vectors=True) if document is not None)
        chunks = (chunk for document in found for chunk in document.chunks or () if chunk.embedding)
        text = embedded_text if isinstance(self._source, LlamaIndexTable) else lambda chunk: chunk.text
        return [(text(chunk), chunk.embedding or ()) for chunk in islice(chunks, limit)]

    def names(self) -> Iterator[str]:
        """None are known."""
        return iter(())

    def batches(self) -> Iterator[Batch]:
        """Rows."""
        found = (document for document in self._read(vectors=self._vectors) if document is not None)
        yield from batches_of(found, "bare")

    def _read(self, *, vectors: bool) -> Iterator[Document | None]:
        if self._tables is None:
            raise StorageError("the source is not open")
        source = self._source
        if isinstance(source, LangChainTable):
            rows = table_rows(source, self._tables, vectors=vectors)
        elif isinstance(source, LangChainCollection):
            rows = collection_rows(source, self._tables, vectors=vectors)
        else:
            rows = node_rows(source, self._tables, vectors=vectors)
        for document in rows:
            if self._ended.is_set():
                raise StorageError("the import was broken off")
            yield document
