"""Compose: from the spool, documents whose chunks tell their graph, ready to be ingested as they stand."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from lightrag_integrations.graph.statements import entity_statement, relation_statement, statement_id, with_ids
from lightrag_integrations.migrate.spool import Spool
from lightrag_integrations.models import (
    Chunk,
    ChunkEntity,
    ChunkGraph,
    ChunkRelation,
    Document,
    ExtractedEntity,
    ExtractedRelation,
)

__all__ = ["by_hand", "composed", "unfinished"]

_NO_SOURCE = frozenset({"unknown_source", "no-file-path"})


def composed(spool: Spool) -> Iterator[Document]:
    """The documents that LightRAG finished, in its order.

    Args:
        spool: Settled.
    """
    query = (
        "SELECT id, text, source FROM document d WHERE taken "
        "AND EXISTS (SELECT 1 FROM chunk WHERE document = d.id AND taken) ORDER BY place"
    )
    for document_id, text, source in spool.rows(query):
        chunks = tuple(_chunks(document_id, spool))
        yield Document(id=document_id, text=text, source=_shown(source), chunks=chunks)


def unfinished(spool: Spool) -> Iterator[Document]:
    """The texts of documents that LightRAG did not finish."""
    query = "SELECT id, text, source FROM document WHERE NOT taken AND trim(text) <> '' ORDER BY place"
    for document_id, text, source in spool.rows(query):
        yield Document(id=document_id, text=text, source=_shown(source))


def by_hand(spool: Spool) -> Iterator[Document]:
    """What the graph holds that no chunk tells, as the statements that `graph.add` makes."""
    query = (
        "SELECT name, other, type, description, keywords, weight FROM thing WHERE state = 'hand' "
        "ORDER BY other <> '', min(key, other_key), max(key, other_key), id"
    )
    metadata = {"by_hand": True}
    told = (_statement(row, metadata) for row in spool.rows(query))
    # Several names may be one name here, and what is said of it one document.
    for document_id, statements in groupby(told, itemgetter(0)):
        chunks = with_ids(document_id, [statement for _, statement in statements])
        yield Document(id=document_id, source="by hand", metadata=metadata, chunks=chunks)


def _statement(row: tuple[Any, ...], metadata: Mapping[str, Any]) -> tuple[str, Chunk]:
    name, other, kind, description, keywords, weight = row
    if other:
        told = ExtractedRelation(source=name, target=other, description=description, keywords=keywords, weight=weight)
        return statement_id("relation", [name, other], metadata), relation_statement(told)
    entity = ExtractedEntity(name=name, type="" if kind == "UNKNOWN" else kind, description=description)
    return statement_id("entity", [name], metadata), entity_statement(entity)


def _chunks(document_id: str, spool: Spool) -> Iterator[Chunk]:
    query = (
        "SELECT c.id, c.position, c.text, c.tokens, c.heading, v.floats FROM chunk c LEFT JOIN vector v "
        "ON v.chunk = c.id WHERE c.document = ? AND c.taken ORDER BY c.position, c.id"
    )
    for chunk_id, position, text, tokens, heading, floats in spool.run(query, document_id).fetchall():
        yield Chunk(
            id=chunk_id, document_id=document_id, text=text, position=position, title=heading, token_count=tokens,
            graph=_graph(chunk_id, spool), embedding=None if floats is None else tuple(array("f", floats)),
        )  # fmt: skip


def _graph(chunk_id: str, spool: Spool) -> ChunkGraph:
    graph = ChunkGraph()
    query = (
        "SELECT source, target, type, description, keywords, weight FROM told WHERE chunk = ? "
        "ORDER BY source, target, place"
    )
    for source, target, kind, description, keywords, weight in spool.run(query, chunk_id).fetchall():
        if target:
            graph.relations.append(
                ChunkRelation(source=source, target=target, description=description, keywords=keywords, weight=weight)
            )
        else:
            graph.entities.append(ChunkEntity(name=source, type=kind, description=description))
    return graph


def _shown(source: str) -> str:
    return "" if source in _NO_SOURCE else source
