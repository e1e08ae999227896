"""Prepared graphs: our own JSON export, and LightRAG's custom KG, as documents whose chunks say their graph."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, field_validator

from lightrag_integrations.errors import InputError
from lightrag_integrations.graph.records import FORMAT
from lightrag_integrations.graph.statements import entity_statement, relation_statement, with_ids
from lightrag_integrations.models import (
    Chunk,
    ChunkEntity,
    ChunkGraph,
    ChunkLink,
    ChunkRelation,
    Document,
    ExtractedEntity,
    ExtractedRelation,
)

__all__ = ["read_graph"]

Source = Mapping[str, Any] | str | os.PathLike[str]


class _Document(BaseModel):
    id: str
    title: str = ""
    source: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)


class _Chunk(_Document):
    document_id: str
    text: str
    position: int = 0
    start: int = 0
    end: int = 0
    mentions: list[ChunkEntity] = Field(default_factory=list)
    links: list[ChunkLink] | None = None


class _Fact(ChunkRelation):
    chunk_id: str
    document_id: str = ""
    ordinal: int = 0


class _Relation(BaseModel):
    facts: list[_Fact]


class _Export(BaseModel):
    """Entities are not read: they are what the mentions say."""

    documents: list[_Document]
    chunks: list[_Chunk]
    relations: list[_Relation] = Field(default_factory=list)


class _KGChunk(BaseModel):
    content: str
    source_id: str
    file_path: str = ""
    chunk_order_index: int = 0


class _KGEntity(BaseModel):
    entity_name: str
    entity_type: str = ""
    description: str = ""
    source_id: str = ""


class _KGRelation(BaseModel):
    src_id: str
    tgt_id: str
    description: str = ""
    keywords: list[str] = Field(default_factory=list)
    weight: float = 1.0
    source_id: str = ""

    @field_validator("keywords", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


class _CustomKG(BaseModel):
    chunks: list[_KGChunk] = Field(default_factory=list)
    entities: list[_KGEntity] = Field(default_factory=list)
    relationships: list[_KGRelation] = Field(default_factory=list)


def read_graph(source: Source, *, document_id: str) -> list[Document]:
    """The documents of a prepared graph.

    Args:
        source: The graph, or the path of a JSON file.
        document_id: Of the document that holds what no chunk of a custom KG is the source of.

    Raises:
        InputError: The file can't be read, or the graph has another shape.
    """
    if not isinstance(source, Mapping | str | os.PathLike):
        raise InputError(f"source: got {type(source).__name__}; expected a dictionary or the path of a JSON file")
    graph = source if isinstance(source, Mapping) else _read(Path(source))
    try:
        if "format" in graph:
            if graph["format"] != FORMAT:
                raise InputError(f"format: got {graph['format']!r:.80}; expected {FORMAT!r}")
            return _exported(_Export.model_validate(graph))
        if not graph.keys() & {"entities", "relationships"}:
            raise InputError(
                f"got an object with {', '.join(map(repr, list(graph)[:5])) or 'nothing'}; expected a JSON export of "
                "`graph.export`, or chunks, entities and relationships"
            )
        return _custom(_CustomKG.model_validate(graph), document_id)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        problems = tuple(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
        raise InputError(f"{len(problems)} problem(s) in the graph: {'; '.join(problems[:5])}", problems) from error


def _read(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"can't read {path} ({reason}); name a JSON file") from error
    try:
        graph = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} holds no JSON that can be read: {error}") from error
    if not isinstance(graph, dict):
        raise InputError(f"{path} holds {type(graph).__name__}; expected an object")
    return graph


def _exported(graph: _Export) -> list[Document]:
    facts: dict[str, list[_Fact]] = {chunk.id: [] for chunk in graph.chunks}
    unknown = {fact.chunk_id for relation in graph.relations for fact in relation.facts} - facts.keys()
    unknown |= {chunk.document_id for chunk in graph.chunks} - {document.id for document in graph.documents}
    if unknown:
        raise InputError(f"the graph speaks of {min(unknown)!r:.80}, which is not among its documents and chunks")
    for relation in graph.relations:
        for fact in relation.facts:
            facts[fact.chunk_id].append(fact)
    chunks: dict[str, list[Chunk]] = {document.id: [] for document in graph.documents}
    for chunk in graph.chunks:
        told = sorted(facts[chunk.id], key=lambda fact: fact.ordinal)
        chunks[chunk.document_id].append(
            Chunk(
                **chunk.model_dump(exclude={"mentions", "links", "source"}),
                graph=ChunkGraph(
                    entities=chunk.mentions, relations=[_fact(fact, chunk) for fact in told], links=chunk.links
                ),
            )
        )
    return [
        Document(**document.model_dump(), chunks=tuple(chunks[document.id]))
        for document in graph.documents
    ]  # fmt: skip


def _fact(fact: _Fact, chunk: _Chunk) -> ChunkRelation:
    told = ChunkRelation(**fact.model_dump(exclude={"chunk_id", "document_id", "ordinal"}))
    whole = (fact.start, fact.end) == (chunk.start, chunk.end) and not fact.cooccurrence
    return told.model_copy(update={"start": 0, "end": 0}) if whole else told


def _custom(graph: _CustomKG, document_id: str) -> list[Document]:
    """One document for each source; what is said without one is a statement of its own."""
    sources: dict[str, list[_KGChunk]] = {}
    for chunk in graph.chunks:
        sources.setdefault(chunk.source_id, []).append(chunk)
    told = {source: ChunkGraph() for source in sources}
    statements: list[Chunk] = []
    for one in graph.entities:
        entity = ExtractedEntity(name=one.entity_name, type=one.entity_type, description=one.description)
        if one.source_id in told:
            told[one.source_id].entities.append(ChunkEntity(**entity.model_dump()))
        else:
            statements.append(entity_statement(entity))
    for link in graph.relationships:
        relation = ExtractedRelation(
            source=link.src_id, target=link.tgt_id, description=link.description, weight=link.weight,
            keywords=link.keywords,
        )  # fmt: skip
        if link.source_id in told:
            told[link.source_id].relations.append(ChunkRelation(**relation.model_dump()))
        else:
            statements.append(relation_statement(relation))
    documents = [_sourced(source, chunks, told[source]) for source, chunks in sources.items()]
    if statements:
        documents.append(Document(id=document_id, chunks=with_ids(document_id, statements)))
    return documents


def _sourced(source: str, chunks: list[_KGChunk], told: ChunkGraph) -> Document:
    """The document of a source; its first chunk tells the graph."""
    ordered = sorted(chunks, key=lambda chunk: chunk.chunk_order_index)
    made = tuple(
        Chunk(
            id=f"{source}#{place}", document_id=source, text=chunk.content, position=place,
            graph=ChunkGraph() if place else told,
        )
        for place, chunk in enumerate(ordered)
    )  # fmt: skip
    return Document(id=source, source=ordered[0].file_path, chunks=made)
