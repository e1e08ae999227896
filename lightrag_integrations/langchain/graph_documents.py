"""Graph documents: what packages for graphs exchange as `GraphDocument`, recognised by its attributes.

LangChain's own packages each bring a copy of these classes; any of them will do here, in and out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from langchain_core.documents import Document

from lightrag_integrations import Chunk, ChunkEntity, ChunkGraph, ChunkRelation, InputError
from lightrag_integrations import Document as OurDocument
from lightrag_integrations.langchain.convert import one_chunk, without_evidence

__all__ = [
    "CLASSES", "GraphDocument", "Node", "Relationship", "from_export", "is_graph_document", "one_chunk_for_each_source",
]  # fmt: skip

_UNNAMED = "RELATED_TO"
_UNTYPED = "Node"


@dataclass
class Node:
    """A named thing. Of `properties`, `description` says what it is; all come back, and are in `index.graph.nodes`."""

    id: str | int
    type: str = _UNTYPED
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass
class Relationship:
    """A fact. Of `properties`, searches know `description`, `keywords` (else the type is one) and `weight`."""

    source: Node
    target: Node
    type: str = _UNNAMED
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass
class GraphDocument:
    """What one source says."""

    nodes: list[Node]
    relationships: list[Relationship]
    source: Document | None = None


CLASSES = (GraphDocument, Node, Relationship)


def is_graph_document(obj: object) -> bool:
    """Whether it has what a `GraphDocument` has."""
    return not isinstance(obj, type) and all(hasattr(obj, name) for name in ("nodes", "relationships", "source"))


def one_chunk_for_each_source(
    given: Iterable[Any], *, include_source: bool = True
) -> tuple[list[str], list[OurDocument]]:
    """Documents of one chunk each, which says what the graph documents of its source say, and the id for each given.

    Without sources, those that say nothing are left out.

    Args:
        given: Graph documents.
        include_source: False: the chunk's text is not the source's, but what is said of the graph.

    Raises:
        InputError: Something else is among them, or a source is missing.
    """
    ids: list[str] = []
    sources: dict[str, Document] = {}
    told: dict[str, ChunkGraph] = {}
    for place, one in enumerate(given):
        if not is_graph_document(one):
            raise InputError(
                f"graph_documents[{place}]: got {type(one).__name__}; expected nodes, relationships, source"
            )
        graph = ChunkGraph(entities=_entities(one), relations=list(_relations(one)))
        if not include_source and not graph.entities:
            continue  # of many texts, a model has nothing to tell
        source = _source(one.source, graph, include_source=include_source, place=place)
        ids.append(str(source.id))
        sources[ids[-1]] = source
        known = told.setdefault(ids[-1], ChunkGraph())
        known.entities.extend(graph.entities)
        known.relations.extend(graph.relations)
    return ids, [_document(key, source, told[key], include_source=include_source) for key, source in sources.items()]


def from_export(text: str, ids: Sequence[str] | None, classes: tuple[Any, Any, Any]) -> list[Any]:
    """Graph documents of the chunks in an export.

    Args:
        text: What `index.graph.export` made, as JSON.
        ids: The order of the chunks; None: as exported.
        classes: Of a graph document, a node and a relationship; made with the names of their attributes.
    """
    export = json.loads(text)
    facts: dict[str, list[dict[str, Any]]] = {}
    for relation in export["relations"]:
        for fact in relation["facts"]:
            facts.setdefault(fact["chunk_id"], []).append(fact)
    chunks = {chunk["id"]: chunk for chunk in export["chunks"]}
    order = chunks if ids is None else [key for key in dict.fromkeys(ids) if key in chunks]
    return [_graph_document(chunks[key], facts.get(key, []), classes) for key in order]


def _graph_document(chunk: Mapping[str, Any], facts: list[dict[str, Any]], classes: tuple[Any, Any, Any]) -> Any:
    make_document, make_node, make_relationship = classes
    nodes = {
        one["name"]: make_node(id=one["name"], type=one["type"] or _UNTYPED, properties=_of_mention(one))
        for one in chunk["mentions"]
    }
    relationships = [
        make_relationship(
            # A name that hidden chunks use more often is written differently there.
            source=nodes.get(one["source"]) or make_node(id=one["source"]),
            target=nodes.get(one["target"]) or make_node(id=one["target"]),
            type=one.get("label") or ("_".join(one["keywords"][0].split()).upper() if one["keywords"] else _UNNAMED),
            properties=_of_fact(one),
        )
        for one in sorted(facts, key=lambda fact: int(fact["ordinal"]))
    ]
    source = Document(id=chunk["id"], page_content=chunk["text"], metadata=chunk["metadata"])
    return make_document(nodes=list(nodes.values()), relationships=relationships, source=source)


def _of_mention(mention: Mapping[str, Any]) -> dict[str, Any]:
    """What was given; the description may have been put together from several."""
    said = {"description": mention["description"]} if mention["description"] else {}
    return {**mention.get("properties", {}), **said}


def _of_fact(fact: Mapping[str, Any]) -> dict[str, Any]:
    """What was given; of a fact that was not, what a model said."""
    if "properties" in fact:
        return dict(fact["properties"])
    said = {name: fact[name] for name in ("description", "keywords") if fact[name]}
    return {**said, "weight": fact["weight"]}


def _entities(one: Any) -> list[ChunkEntity]:
    """The nodes, and those that only relationships name."""
    nodes = {str(node.id): node for link in one.relationships for node in (link.source, link.target)}
    nodes |= {str(node.id): node for node in one.nodes}
    title = _text((getattr(one.source, "metadata", None) or {}).get("title"))
    return [_entity(name, node, title) for name, node in nodes.items()]


def _entity(name: str, node: Any, title: str) -> ChunkEntity:
    said = _properties(node)
    kind = str(getattr(node, "type", "") or "")
    return ChunkEntity(
        name=name,
        type="" if kind == _UNTYPED else kind,
        description=_text(said.get("description")),
        title=name.casefold() == title.casefold(),
        properties=said or None,
    )


def _relations(one: Any) -> Iterator[ChunkRelation]:
    """The relationships, but for those of a thing with itself, which models make, too."""
    for link in one.relationships:
        source, target = str(link.source.id), str(link.target.id)
        if source.casefold() != target.casefold():
            yield _relation(link, source, target)


def _relation(link: Any, source: str, target: str) -> ChunkRelation:
    said = _properties(link)
    kind = str(getattr(link, "type", "") or _UNNAMED)
    words = " ".join(kind.replace("_", " ").split()).lower()
    weight = said.get("weight")
    return ChunkRelation(
        source=source,
        target=target,
        keywords=_words(said.get("keywords")) or ([] if kind == _UNNAMED else [words]),
        description=_text(said.get("description")) or f"{source} {words} {target}",
        weight=weight if isinstance(weight, int | float) and not isinstance(weight, bool) else 1.0,
        label=kind,
        properties=said,
    )


def _words(given: Any) -> list[str]:
    """Keywords as models and people write them, without blanks."""
    listed = given.split(",") if isinstance(given, str) else given if isinstance(given, list | tuple) else []
    return [str(word).strip() for word in listed if word is not None and str(word).strip()]


def _properties(obj: Any) -> dict[str, Any]:
    """As JSON holds them: dates, of which drivers of graph databases make objects, as text."""
    given: dict[str, Any] = json.loads(json.dumps(dict(getattr(obj, "properties", None) or {}), default=str))
    return given


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _source(source: Any, graph: ChunkGraph, *, include_source: bool, place: int) -> Document:
    """The source with an id: its own, that in its metadata, or one made from all that it is."""
    if source is None and include_source:
        raise InputError(f"graph_documents[{place}]: has no source; give one, or add it with include_source=False")
    if source is None:
        made = Document(page_content="")
    else:
        made = without_evidence(Document(page_content=source.page_content, metadata=dict(source.metadata or {})))
    given = getattr(source, "id", None) or made.metadata.get("id")
    if given in (None, ""):
        # Not from the text alone: the same sentence may stand in documents of two tenants.
        said = [made.page_content, made.metadata, "" if source is not None else graph.model_dump(mode="json")]
        given = sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
    return made.model_copy(update={"id": str(given) if include_source else f"graph:{given}"})


def _document(key: str, source: Document, graph: ChunkGraph, *, include_source: bool) -> OurDocument:
    if not include_source:
        lines = [_line(f"{one.name}: {one.description or one.type or one.name}", one) for one in graph.entities]
        lines += [_line(one.description, one) for one in graph.relations]
        source = source.model_copy(update={"page_content": "\n".join(lines)})
    document = one_chunk(key, source)
    chunk: Chunk = document.chunks[0]  # type: ignore[index]
    return document.model_copy(update={"chunks": (chunk.model_copy(update={"graph": graph}),)})


def _line(text: str, told: ChunkEntity | ChunkRelation) -> str:
    """What is said of one thing, where no source says it."""
    apart = {"description"} if isinstance(told, ChunkEntity) else {"description", "keywords", "weight"}
    others = {key: value for key, value in (told.properties or {}).items() if key not in apart}
    return "; ".join([text, *(f"{key}: {value}" for key, value in others.items() if value not in (None, ""))])
