"""What a property graph is given, as chunks and as what chunks tell."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from llama_index.core.graph_stores.types import TRIPLET_SOURCE_KEY, ChunkNode, EntityNode, LabelledNode, Relation
from llama_index.core.schema import BaseNode, NodeRelationship, TextNode
from llama_index.core.vector_stores.utils import metadata_dict_to_node

from lightrag_integrations import ChunkEntity, ChunkGraph, ChunkLink, ChunkRelation, Document, Hit, InputError
from lightrag_integrations.llama_index.convert import documents_of
from lightrag_integrations.llama_index.knowledge import carried
from lightrag_integrations.llama_index.property_graph_calls import Call, Course

__all__ = ["NAME_KEY", "NO_LABEL", "STRUCTURAL", "Key", "write_llama_nodes", "write_nodes", "write_relations"]

NAME_KEY = "_name"
"""Property of the graph's own, for a name that the id, which the graph goes by, does not spell."""
NO_LABEL = "entity"
STRUCTURAL = frozenset({*(kind.name for kind in NodeRelationship), "HAS_SOURCE"})
"""Labels that say how pieces of text belong together; their ends are no entities."""
_LOG = logging.getLogger("lightrag_integrations.llama_index")
_MAX_KEY_BYTES = 1024
_MAX_WEIGHT = 1e9
Key = Callable[[str], str]
Graphs = dict[str, ChunkGraph]


def write_nodes(nodes: Sequence[LabelledNode], key: Key) -> Course[None]:
    """Store nodes of both kinds, in one transaction.

    Args:
        nodes: Entities go to the chunk that their `triplet_source_id` names, or are said by hand.
        key: What names are matched by.
    """
    entities = [node for node in nodes if not isinstance(node, ChunkNode)]
    chunks = [_llama_node(node) for node in nodes if isinstance(node, ChunkNode)]
    own = yield from _own_metadata([entity.properties for entity in entities])
    graphs: Graphs = {}
    for entity in entities:
        if not isinstance(entity, EntityNode):
            raise InputError(f"nodes: got {type(entity).__name__}; expected EntityNode or ChunkNode")
        if _usable(entity.id, key):
            graph = graphs.setdefault(_source(entity.properties), ChunkGraph())
            graph.entities.append(_entity(entity, own))
    yield from _contribute(chunks, graphs, key)


def write_llama_nodes(nodes: Sequence[BaseNode], key: Key) -> Course[None]:
    """Store nodes as chunks of their reference documents, with the entities that they carry, in one transaction."""
    yield from _contribute(list(nodes), {}, key)


def write_relations(relations: Sequence[Relation], key: Key) -> Course[None]:
    """Store relations, in one transaction: facts of entities, and links of chunks."""
    named = {end for one in relations for end in (one.source_id, one.target_id, _source(one.properties)) if end}
    hits: list[Hit] = yield Call("documents.chunks", (sorted(named),))
    chunks = {hit.chunk_id: hit.document_id for hit in hits}
    own = yield from _own_metadata([one.properties for one in relations])
    graphs: Graphs = {}
    for one in relations:
        source = _source(one.properties)
        ends = [end for end in (one.source_id, one.target_id) if end in chunks or end == source]
        if ends and not all([_fits(end) for end in (one.source_id, one.target_id)]):
            continue
        if ends:
            owner = source if source in ends else ends[0]
            graphs[owner] = _linked(graphs.get(owner, ChunkGraph()), one)
            graphs[owner].entities.extend(_mentioned(one, {*chunks, *chunks.values(), owner}, key))
        elif all([_usable(end, key) for end in (one.source_id, one.target_id)]):
            graph = graphs.setdefault(source, ChunkGraph())
            if key(one.source_id) == key(one.target_id):  # nothing to walk along, but not lost
                graph.entities.append(ChunkEntity(name=" ".join(one.source_id.split())))
                graphs[source] = _linked(graph, one)
            else:
                graph.relations.append(_fact(one, own))
    yield from _contribute([], graphs, key)


def _contribute(chunks: list[BaseNode], graphs: Graphs, key: Key) -> Course[None]:
    for node in chunks:
        for entity in carried(node):
            if _usable(entity.id, key):
                told = _entity(entity, {}).model_copy(update={"properties": None})
                graphs.setdefault(node.node_id, ChunkGraph()).entities.append(told)
    documents = [_bare(document) for document in documents_of(chunks, build_graph=False)]
    if documents or graphs:
        yield Call("graph.contribute", (graphs,), {"documents": documents})


def _bare(document: Document) -> Document:
    """The document with what its nodes carry under the standard keys as their graph, and nothing beside it."""
    chunks = []
    for chunk in document.chunks or ():
        found = chunk.extraction
        graph = ChunkGraph()
        if found is not None:
            graph = ChunkGraph(
                entities=[ChunkEntity(**one.model_dump()) for one in found.entities],
                relations=[ChunkRelation(**one.model_dump()) for one in found.relations],
            )
        chunks.append(chunk.model_copy(update={"extraction": None, "graph": graph}))
    return document.model_copy(update={"chunks": tuple(chunks)})


def _llama_node(node: ChunkNode) -> BaseNode:
    """The node that a chunk node stands for; one that was made by hand becomes a text node."""
    if "_node_content" in node.properties:
        made = metadata_dict_to_node(node.properties, text=node.text)
        made.embedding = node.embedding
        return made
    return TextNode(id_=node.id, text=node.text, metadata=dict(node.properties), embedding=node.embedding)


def _own_metadata(given: Iterable[Mapping[str, Any]]) -> Course[dict[str, dict[str, Any]]]:
    """Metadata of the chunks that things with telling properties come from: stock extractors copy them to these."""
    telling = {_source(one) for one in given if one.keys() & {"description", "keywords", "weight"}}
    wanted = sorted(source for source in telling if source)
    if not wanted:
        return {}
    hits: list[Hit] = yield Call("documents.chunks", (wanted,))
    return {hit.chunk_id: hit.visible_metadata for hit in hits}


def _source(properties: Mapping[str, Any]) -> str:
    source = properties.get(TRIPLET_SOURCE_KEY)
    return source if isinstance(source, str) else ""


def _usable(name: str, key: Key) -> bool:
    """Models make names of dashes and of whole paragraphs; one of them must not stop all others."""
    return _fits(key(name) if any(map(str.isalnum, name)) else "", name)


def _fits(key: str, name: str | None = None) -> bool:
    fine = 0 < len(key.encode("utf-8", "replace")) <= _MAX_KEY_BYTES
    if not fine:
        shown = key if name is None else name
        _LOG.warning("left out what is said of %.80r, which can't be a name", shown, extra={"action": "left out"})
    return fine


def _told(properties: Mapping[str, Any], own: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Properties without those that are the chunk's metadata."""
    copied = own.get(_source(properties), {})
    return {name: value for name, value in properties.items() if name not in copied or copied[name] != value}


def _entity(node: EntityNode, own: Mapping[str, Mapping[str, Any]]) -> ChunkEntity:
    properties, name = dict(node.properties), node.name
    if '"' in name:  # relations name it by its id
        properties[NAME_KEY], name = name, node.id
    return ChunkEntity(
        name=" ".join(name.split()),
        type="" if node.label == NO_LABEL else node.label,
        description=str(_told(node.properties, own).get("description") or ""),
        properties=properties,
        embedding=None if node.embedding is None else tuple(node.embedding),
    )


def _fact(relation: Relation, own: Mapping[str, Mapping[str, Any]]) -> ChunkRelation:
    source, target = (" ".join(end.split()) for end in (relation.source_id, relation.target_id))
    told = _told(relation.properties, own)
    words = relation.label.replace("_", " ").strip()
    keywords = told.get("keywords", [words])
    plain = isinstance(keywords, str) or (isinstance(keywords, list) and all(isinstance(one, str) for one in keywords))
    weight = told.get("weight", 1.0)
    usable = isinstance(weight, int | float) and not isinstance(weight, bool) and 0 < weight <= _MAX_WEIGHT
    return ChunkRelation(
        source=source,
        target=target,
        keywords=keywords if plain else [words],
        description=str(told.get("description") or f"{source} {words.lower()} {target}"),
        weight=float(weight) if usable else 1.0,
        label=relation.label,
        properties=dict(relation.properties),
    )


def _mentioned(relation: Relation, pieces: Collection[str], key: Key) -> Iterator[ChunkEntity]:
    """The entities that a link shows its chunk to mention."""
    if relation.label not in STRUCTURAL:
        for end in (relation.source_id, relation.target_id):
            if end not in pieces and _usable(end, key):
                yield ChunkEntity(name=" ".join(end.split()))


def _linked(graph: ChunkGraph, relation: Relation) -> ChunkGraph:
    link = ChunkLink(
        source=relation.source_id, target=relation.target_id, label=relation.label, properties=dict(relation.properties)
    )
    return graph.model_copy(update={"links": [*(graph.links or ()), link]})
