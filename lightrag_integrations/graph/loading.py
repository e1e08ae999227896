"""What goes into the graph without a model: prepared graphs, and statements made by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from lightrag_integrations.errors import InputError
from lightrag_integrations.evidence import HAND
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.graph.prepared import Source, read_graph
from lightrag_integrations.graph.reading import ALL, Reading, Where, find_entities
from lightrag_integrations.graph.statements import (
    entity_statement,
    read_all,
    relation_statement,
    statement_id,
    with_ids,
)
from lightrag_integrations.models import Chunk, Document, ExtractedEntity, ExtractedRelation
from lightrag_integrations.observe import Observer
from lightrag_integrations.reader import Reader
from lightrag_integrations.reports import IngestReport

__all__ = ["Loading"]

Entities = Iterable[ExtractedEntity | Mapping[str, Any]]
Relations = Iterable[ExtractedRelation | Mapping[str, Any]]
Existing = Literal["replace", "upsert_chunks"]


class Loading(Reading):
    """The writing part of `index.graph`."""

    def load(self, source: Source, *, document_id: str = "custom-kg") -> IngestReport:
        """Store a prepared graph as it stands; no chat model is called, but for automatic summaries.

        Loading it again changes nothing.

        Args:
            source: What `export` wrote as JSON, or a custom KG as LightRAG's: `chunks` (content, source_id, file_path),
                `entities` (entity_name, entity_type, description, source_id) and `relationships` (src_id, tgt_id,
                description, keywords, weight, source_id). A dictionary, or the path of a JSON file. A source id becomes
                the id of a document, and takes the place of a document of that id.
            document_id: Of the document for what has no source among the chunks.

        Raises:
            InputError: The graph has another shape; nothing was written.
        """
        documents = read_graph(source, document_id=document_id)
        return self._live.run(lambda: self._store(documents, "replace"))

    async def aload(self, source: Source, *, document_id: str = "custom-kg") -> IngestReport:
        """Like `load`."""
        documents = await asyncio.to_thread(read_graph, source, document_id=document_id)
        return await self._live.arun(lambda: self._store(documents, "replace"))

    def add(
        self, entities: Entities = (), relations: Relations = (), *, metadata: Mapping[str, Any] | None = None
    ) -> IngestReport:
        """Add by hand: each statement is a small document, which no re-ingestion of others touches.

        Their ids begin with "by-hand:" and their metadata have `by_hand: true`; `EntityView.by_hand` and
        `FactView.by_hand` tell them apart. Adding the same again changes nothing; `delete` undoes it.

        Args:
            entities: `ExtractedEntity`s, or dictionaries with `name`, `type` and `description`.
            relations: `ExtractedRelation`s, or dictionaries of their fields.
            metadata: What filters look at.

        Raises:
            InputError: Something is wrong; nothing was written.
        """
        documents = _documents(entities, relations, {} if metadata is None else metadata)
        return self._live.run(lambda: self._store(documents, "upsert_chunks"))

    async def aadd(
        self, entities: Entities = (), relations: Relations = (), *, metadata: Mapping[str, Any] | None = None
    ) -> IngestReport:
        """Like `add`."""
        documents = _documents(entities, relations, {} if metadata is None else metadata)
        return await self._live.arun(lambda: self._store(documents, "upsert_chunks"))

    def edit(
        self, entities: Entities = (), relations: Relations = (), *, metadata: Mapping[str, Any] | None = None
    ) -> IngestReport:
        """Like `add`, in place of what was said by hand of the same entity or pair with the same metadata.

        What documents say is not changed: correct the document, or add a statement of your own.

        Args:
            entities: See `add`.
            relations: See `add`.
            metadata: See `add`.
        """
        documents = _documents(entities, relations, {} if metadata is None else metadata)
        return self._live.run(lambda: self._store(documents, "replace"))

    async def aedit(
        self, entities: Entities = (), relations: Relations = (), *, metadata: Mapping[str, Any] | None = None
    ) -> IngestReport:
        """Like `edit`."""
        documents = _documents(entities, relations, {} if metadata is None else metadata)
        return await self._live.arun(lambda: self._store(documents, "replace"))

    def delete(
        self, entities: Sequence[str] = (), relations: Sequence[tuple[str, str]] = (), *, filter: Where = None
    ) -> int:
        """Take back what was said by hand; what documents say stays.

        Args:
            entities: All about them, and all their relations made by hand.
            relations: All about these pairs, whichever way they point.
            filter: Only statements that pass.

        Returns:
            How many documents made by hand are gone.
        """
        return self._live.run(lambda: self._delete(entities, relations, filter))

    async def adelete(
        self, entities: Sequence[str] = (), relations: Sequence[tuple[str, str]] = (), *, filter: Where = None
    ) -> int:
        """Like `delete`."""
        return await self._live.arun(lambda: self._delete(entities, relations, filter))

    async def _store(self, documents: Sequence[Document], existing: Existing) -> IngestReport:
        settings = self._live.settings
        options = settings.options.ingest.model_copy(update={"on_existing": existing, "on_invalid": "raise"})
        return await self._live.ingest(documents, options, settings.observer or Observer())

    async def _delete(self, entities: Sequence[str], relations: Sequence[tuple[str, str]], where: Where) -> int:
        for pair in relations:
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise InputError(f"relations: got {pair!r:.80}; expected pairs of names")
        async with self._live.reading(parse_filter(where)) as reader:
            rows = await reader.entities(await find_entities(reader, entities))
            found = {document for row in rows.values() for document in row.document_ids}
            for pair in relations:
                found |= await _sources(reader, pair)
        made = sorted(document for document in found if document.startswith(HAND))
        return await (await self._live.store()).delete(made) if made else 0


async def _sources(reader: Reader, pair: tuple[str, str]) -> set[str]:
    ids = await find_entities(reader, pair)
    if len(ids) != 2:
        return set()
    return {fact.view.document_id for fact in await reader.facts_between([(ids[0], ids[1])], ALL)}


def _documents(entities: Entities, relations: Relations, metadata: Mapping[str, Any]) -> list[Document]:
    """A document for each entity and each pair that is spoken of; its id says of what, and with what metadata."""
    if not isinstance(metadata, Mapping):
        raise InputError(f"metadata: got {type(metadata).__name__}; expected a dictionary")
    said: dict[str, list[Chunk]] = {}
    shown = {**metadata, "by_hand": True}
    for entity in read_all(entities, ExtractedEntity, "entities"):
        name = statement_id("entity", [entity.name], shown)
        said.setdefault(name, []).append(entity_statement(entity))
    for relation in read_all(relations, ExtractedRelation, "relations"):
        name = statement_id("relation", [relation.source, relation.target], shown)
        said.setdefault(name, []).append(relation_statement(relation))
    return [
        Document(id=name, source="by hand", metadata=shown, chunks=with_ids(name, statements))
        for name, statements in said.items()
    ]
