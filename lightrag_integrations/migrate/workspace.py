"""A workspace of LightRAG's PostgreSQL stores, laid out in the spool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.migrate.directory import fill_from_graphml
from lightrag_integrations.migrate.names import FIELD_SEPARATOR, fields, listed
from lightrag_integrations.migrate.sources import LightRAGWorkspace
from lightrag_integrations.migrate.spool import Spool
from lightrag_integrations.migrate.tables import Tables, floats

__all__ = ["fill_from_workspace"]

_EDGES = "lightrag_graph_edges"
_NODES = "lightrag_graph_nodes"
_CHUNKS = "lightrag_doc_chunks"


def fill_from_workspace(source: LightRAGWorkspace, tables: Tables, spool: Spool, *, vectors: bool) -> None:
    """Read every table of the workspace.

    Args:
        source: The workspace.
        tables: The database.
        spool: Where to.
        vectors: Also those of chunks.

    Raises:
        InputError: There is no such workspace, or its graph is nowhere to be found.
        StorageError: The database failed.
    """
    _check(source.workspace, tables)
    reader = _Reader(source.workspace, tables)
    for row in reader.objects("lightrag_doc_full"):
        spool.document(row["id"], text=row.get("content"), source=row.get("doc_name"))
    for row in reader.objects("lightrag_doc_status"):
        spool.state(row["id"], state=str(row.get("status")), reason=row.get("error_msg"), source=row.get("file_path"))
    for row in reader.objects(_CHUNKS):
        heading = row.get("heading")
        spool.chunk(
            row["id"], document=row.get("full_doc_id"), position=row.get("chunk_order_index"), text=row.get("content"),
            tokens=row.get("tokens"), heading=heading.get("heading") if isinstance(heading, dict) else "",
            source=row.get("file_path"), answers=listed(row.get("llm_cache_list")),
        )  # fmt: skip
    reader.fill_answers(spool)
    _fill_graph(source, reader, spool)
    if vectors:
        held = reader.vector_tables("chunks")
        if len(held) > 1:
            raise InputError(f"vectors: {', '.join(held)} hold those of several models; leave vectors='keep' away")
        for table in held:
            reader.fill_vectors(table, spool)


def _check(workspace: str, tables: Tables) -> None:
    if not tables.columns(_CHUNKS):
        raise InputError(f"{tables.where} has no table {_CHUNKS}; expected the stores of LightRAG")
    held = [
        str(name) for (name,) in tables.rows("SELECT DISTINCT workspace FROM {t} ORDER BY 1", (), {"t": (_CHUNKS,)})
    ]
    if workspace not in held:
        told = f"it has {', '.join(map(repr, held[:8]))}; name one of these" if held else "it has none"
        raise InputError(f"{tables.where} has no workspace {workspace!r:.80}; {told}")


def _fill_graph(source: LightRAGWorkspace, reader: _Reader, spool: Spool) -> None:
    if source.graphml is not None:
        fill_from_graphml(source.graphml.expanduser(), spool)
    elif reader.any(_NODES):
        reader.fill_graph(spool)
    elif not reader.fill_graph_from_vectors(spool):
        raise InputError(
            f"the workspace {source.workspace!r:.80} has neither graph tables nor vectors of entities, so no graph; "
            "where NetworkX keeps it, name its file (graphml=, --graphml)"
        )
    for row in reader.objects("lightrag_entity_chunks"):
        spool.spoken_of_in(row["id"], "", listed(row.get("chunk_ids")))
    for row in reader.objects("lightrag_relation_chunks"):
        first, _, second = str(row["id"]).partition(FIELD_SEPARATOR)
        spool.spoken_of_in(first, second, listed(row.get("chunk_ids")))


class _Reader:
    """The tables of one workspace. Columns differ between versions, so rows are read as JSON objects."""

    def __init__(self, workspace: str, tables: Tables) -> None:
        self._workspace = workspace
        self._tables = tables

    def objects(self, table: str) -> Iterator[dict[str, Any]]:
        """Rows in the order of their ids; none where the table isn't there."""
        if self._tables.columns(table):
            query = "SELECT to_jsonb(t) FROM {t} t WHERE workspace = %s ORDER BY id"
            yield from (row[0] for row in self._tables.rows(query, [self._workspace], {"t": (table,)}))

    def any(self, table: str) -> bool:
        """Whether the table has rows of the workspace."""
        if not self._tables.columns(table):
            return False
        query = "SELECT EXISTS (SELECT FROM {t} WHERE workspace = %s)"
        return any(row[0] for row in self._tables.rows(query, [self._workspace], {"t": (table,)}))

    def fill_answers(self, spool: Spool) -> None:
        """Cached answers, without the prompts, which are most of the table."""
        if not self._tables.columns("lightrag_llm_cache"):
            return
        query = (
            "SELECT id, cache_type, chunk_id, extract(epoch FROM create_time)::float8, return_value FROM {t} "
            "WHERE workspace = %s AND cache_type IN ('extract', 'summary')"
        )
        for key, kind, chunk, time, text in self._tables.rows(query, [self._workspace], {"t": ("lightrag_llm_cache",)}):
            if kind == "extract":
                spool.answer(key, chunk=chunk, time=time, text=text)
            else:
                spool.summary(text)

    def fill_graph(self, spool: Spool) -> None:
        """The graph, where plain tables hold it."""
        query = (
            "SELECT id, properties FROM {t} WHERE workspace = %s AND namespace = 'chunk_entity_relation' ORDER BY id"
        )
        for name, data in self._tables.rows(query, [self._workspace], {"t": (_NODES,)}):
            spool.thing(
                name, type=data.get("entity_type", ""), description=data.get("description", ""),
                chunks=fields(data.get("source_id")),
            )  # fmt: skip
        query = (
            "SELECT src_id, tgt_id, properties FROM {t} WHERE workspace = %s "
            "AND namespace = 'chunk_entity_relation' ORDER BY 1, 2"
        )
        for first, second, data in self._tables.rows(query, [self._workspace], {"t": (_EDGES,)}):
            spool.thing(
                first, second, description=data.get("description", ""), keywords=data.get("keywords", ""),
                weight=data.get("weight", ""), chunks=fields(data.get("source_id")),
            )  # fmt: skip

    def fill_graph_from_vectors(self, spool: Spool) -> bool:
        """The graph is kept elsewhere; what is embedded of it says all but types and weights."""
        entities = self.vector_tables("entity")
        for table in entities:
            query = "SELECT entity_name, content, chunk_ids FROM {t} WHERE workspace = %s ORDER BY id"
            for name, content, chunks in self._tables.rows(query, [self._workspace], {"t": (table,)}):
                spool.embedded_thing(name, content=content, chunks=chunks or ())
        for table in self.vector_tables("relation"):
            query = "SELECT source_id, target_id, content, chunk_ids FROM {t} WHERE workspace = %s ORDER BY id"
            for first, second, content, chunks in self._tables.rows(query, [self._workspace], {"t": (table,)}):
                spool.embedded_thing(first, second, content=content, chunks=chunks or ())
        return bool(entities)

    def vector_tables(self, kind: str) -> Sequence[str]:
        """Tables with vectors of the workspace; newer versions have one for each embedding model."""
        query = (
            "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid) "
            "AND (relname = %s OR starts_with(relname::text, %s)) ORDER BY 1"
        )
        name = f"lightrag_vdb_{kind}"
        found = [str(row[0]) for row in self._tables.rows(query, [name, f"{name}_"])]
        return [table for table in found if self.any(table)]

    def fill_vectors(self, table: str, spool: Spool) -> None:
        """Vectors of chunks."""
        query = "SELECT id, content_vector::text FROM {t} WHERE workspace = %s AND content_vector IS NOT NULL"
        for chunk_id, vector in self._tables.rows(query, [self._workspace], {"t": (table,)}):
            spool.vector(chunk_id, floats(vector))
