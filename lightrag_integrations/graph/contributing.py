"""What is added to what stored chunks tell, and taken back from it, without ingesting anything again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lightrag_integrations.errors import InputError, StorageError
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.given import checked, shown
from lightrag_integrations.graph.reading import Reading
from lightrag_integrations.graph.statements import (
    entity_statement,
    link_statement,
    relation_statement,
    statement_id,
    with_ids,
)
from lightrag_integrations.graph.withdrawing import Withdrawal, chunks_to_change, same_keys
from lightrag_integrations.models import Chunk, ChunkGraph, Document
from lightrag_integrations.reader import Reader
from lightrag_integrations.rework import Contributed

__all__ = ["Contributing"]

_FOR = "for_chunk"
"""Metadata key of statements that wait for the chunk that makes them."""
_TRIES = 5
Graphs = Mapping[str, ChunkGraph]
Triple = tuple[str, str, str]


class Contributing(Reading):
    """The part of `index.graph` that changes what stored chunks tell."""

    def contribute(self, graphs: Graphs, *, documents: Sequence[Document] = ()) -> int:
        """Add to what chunks tell, in one transaction; what is there already is not written again.

        An entity that a chunk mentions already gets a further description, and what is noted of both adds up. What is
        added goes when its chunk goes, or its document is ingested anew with another text.

        Args:
            graphs: By id of the chunk that tells it. Empty: nobody does; it is said by hand, as by `add`. So is what a
                chunk tells that is not there, until it comes by this method.
            documents: With chunks, new ones or such as are stored, whose text is then the one given, while they go on
                telling what they told.

        Returns:
            How many chunks were written.

        Raises:
            InputError: Something is wrong; nothing was written.
        """
        return self._live.run(lambda: self._contribute(graphs, documents))

    async def acontribute(self, graphs: Graphs, *, documents: Sequence[Document] = ()) -> int:
        """Like `contribute`."""
        return await self._live.arun(lambda: self._contribute(graphs, documents))

    def withdraw(self, entities: Sequence[str] = (), *, triples: Sequence[Triple] = ()) -> int:
        """Take from all chunks what they tell of some entities and triples, in one transaction.

        Their texts stay; a document that is ingested with another text tells everything again (`hide` holds for ever).
        Statements made by hand go with what they say.

        Args:
            entities: With all their relations.
            triples: (source, label, target), as `triples` shows them.

        Returns:
            How many chunks were changed.
        """
        return self._live.run(lambda: self._withdraw(entities, triples))

    async def awithdraw(self, entities: Sequence[str] = (), *, triples: Sequence[Triple] = ()) -> int:
        """Like `withdraw`."""
        return await self._live.arun(lambda: self._withdraw(entities, triples))

    async def _contribute(self, graphs: Graphs, documents: Sequence[Document]) -> int:
        if not isinstance(graphs, Mapping):
            raise InputError(f"graphs: got {shown(graphs)}; expected a ChunkGraph by the id of each chunk")
        for chunk_id, graph in graphs.items():
            checked(chunk_id, str, name="graphs", hint="the ids of chunks")
            checked(graph, ChunkGraph, name=f"graph of chunk {chunk_id!r:.80}")
        for _ in range(_TRIES):
            async with self._live.reading() as reader:
                given = await _placed(reader, graphs, documents)
            done = await self._live.contribute(replace(given, into=await self._waiting(documents)))
            if not done.missing:
                return sum(len(document.chunks) for document in done.documents)
        raise StorageError("the chunks that something was to be added to were deleted over and over; try again later")

    async def _waiting(self, documents: Sequence[Document]) -> dict[str, str]:
        """Statements that wait for these chunks: their own chunk, and that one."""
        ids = [chunk.id for document in documents for chunk in document.chunks or ()]
        if not ids:
            return {}
        async with self._live.reading(parse_filter({"by_hand": True, _FOR: {"$in": ids}})) as reader:
            return {row.chunk_id: str(row.metadata[_FOR]) for row in await reader.all_chunks()}

    async def _withdraw(self, entities: Sequence[str], triples: Sequence[Triple]) -> int:
        store = await self._live.store()
        async with self._live.reading() as reader:
            edits = await store.edits()
            same = same_keys(edits)
            keys = {key for name in entities for key in same(name)}
            chunks = await chunks_to_change(reader, entities, triples, same=same)
        done = await store.rework(chunks, Withdrawal(keys, triples, root=edits.root))
        return sum(len(document.chunks) for document in done.documents) + len(done.gone)


async def _placed(reader: Reader, graphs: Graphs, documents: Sequence[Document]) -> Contributed:
    """What goes to given chunks, to stored ones, and into statements."""
    here = {chunk.id for document in documents for chunk in document.chunks or ()}
    stored = {row.chunk_id: row.document_id for row in await reader.find_chunks([one for one in graphs if one])}
    told = [_telling(document, graphs) for document in documents]
    statements: list[Document] = []
    for chunk_id, graph in graphs.items():
        if chunk_id not in here and chunk_id not in stored:
            statements += _statements(graph, {_FOR: chunk_id} if chunk_id else {})
    added = {chunk_id: graph for chunk_id, graph in graphs.items() if chunk_id in stored and chunk_id not in here}
    homes = sorted({stored[chunk_id] for chunk_id in added})
    return Contributed([*told, *statements], added, homes)


def _telling(document: Document, graphs: Graphs) -> Document:
    """The document with what its chunks tell, on them."""
    if not document.chunks:
        raise InputError(f"document {document.id!r:.80} has no chunks; give some, or use ingest()")
    chunks = [
        chunk.model_copy(update={"graph": _both(chunk.graph, graphs[chunk.id])}) if chunk.id in graphs else chunk
        for chunk in document.chunks
    ]
    return document.model_copy(update={"chunks": tuple(chunks)})


def _both(first: ChunkGraph | None, second: ChunkGraph) -> ChunkGraph:
    if first is None:
        return second
    return ChunkGraph(
        entities=[*first.entities, *second.entities],
        relations=[*first.relations, *second.relations],
        links=[*(first.links or ()), *(second.links or ())] or None,
    )


def _statements(graph: ChunkGraph, metadata: Mapping[str, Any]) -> list[Document]:
    """A document for each entity and each pair that is spoken of, as `graph.add` makes them."""
    shown = {**metadata, "by_hand": True}
    made: dict[str, dict[str, Chunk]] = {}

    def state(kind: str, names: Sequence[str], statement: Chunk) -> None:
        document_id = statement_id(kind, names, shown)
        (chunk,) = with_ids(document_id, [statement])
        same = made.setdefault(document_id, {}).get(chunk.id)
        told = chunk.graph if same is None else _both(same.graph, chunk.graph or ChunkGraph())
        made[document_id][chunk.id] = chunk.model_copy(update={"graph": told})

    for entity in graph.entities:
        state("entity", [entity.name], entity_statement(entity))
    for relation in graph.relations:
        state("relation", [relation.source, relation.target], relation_statement(relation))
    for link in graph.links or ():
        state("link", [link.source, link.target], link_statement(link))
    return [
        Document(id=name, source="by hand", metadata=shown, chunks=tuple(chunks.values()))
        for name, chunks in made.items()
    ]
