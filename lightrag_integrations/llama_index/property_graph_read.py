"""Nodes and triplets of a property graph, from what the index shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.graph_stores.types import (
    TRIPLET_SOURCE_KEY,
    ChunkNode,
    EntityNode,
    LabelledNode,
    Relation,
    Triplet,
)
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import MetadataFilters, VectorStoreQuery
from llama_index.core.vector_stores.utils import build_metadata_filter_fn, node_to_metadata_dict

from lightrag_integrations import Hit, InputError, NodeView, TripleView
from lightrag_integrations.evidence import HAND
from lightrag_integrations.llama_index.convert import stored
from lightrag_integrations.llama_index.property_graph_calls import Call, Course
from lightrag_integrations.llama_index.property_graph_write import NAME_KEY, NO_LABEL, STRUCTURAL, Key

__all__ = ["SOURCES_KEY", "Wanted", "get_llama_nodes", "get_nodes", "get_rel_map", "get_triplets", "vector_query"]

SOURCES_KEY = "triplet_source_ids"
"""Property of an entity that several chunks tell of: all of them."""
_DOCUMENT_KEYS = ("ref_doc_id", "doc_id", "document_id")
_MOST = 4096
"""So many entities are looked at when filters leave few."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for; None: whatever."""

    ids: Sequence[str] | None = None
    names: Sequence[str] | None = None
    labels: Sequence[str] | None = None
    properties: Mapping[str, Any] | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.ids or self.names or self.labels or self.properties)


def get_nodes(wanted: Wanted) -> Course[list[LabelledNode]]:
    """Nodes with one of these ids, and all these properties; all nodes where neither is given."""
    if wanted.ids:
        views = yield Call("graph.nodes", (list(wanted.ids),))
        hits = yield Call("documents.chunks", (list(wanted.ids),))
        found = [*map(_entity, views), *map(_chunk, hits)]
    elif wanted.properties:
        found = yield from _having(wanted.properties)
    else:
        views = yield Call("graph.nodes")
        hits = yield Call("documents.chunks")
        found = [*map(_entity, views), *map(_chunk, hits)]
    return [node for node in found if _has(node, wanted.properties or {}) and not _is_statement(node)]


def get_llama_nodes(node_ids: Sequence[str]) -> Course[list[BaseNode]]:
    """The chunks with these ids, as the nodes that were stored."""
    hits: list[Hit] = yield Call("documents.chunks", (list(node_ids),))
    return [stored(hit) for hit in hits]


def get_triplets(wanted: Wanted, key: Key) -> Course[list[Triplet]]:
    """Triplets that have all that is asked for; none where nothing is.

    Args:
        wanted: Names and ids are of either end; a property may be of an end or of the relation.
        key: What names are matched by.
    """
    if wanted.is_nothing:
        return []
    ends = list(wanted.ids or wanted.names or ()) or None
    labels = list(wanted.labels) if wanted.labels else None
    # Properties that are no notes, such as descriptions, are looked at below.
    noting = wanted.properties if ends is None and labels is None else None
    triples: list[TripleView] = yield Call("graph.triples", (ends,), {"labels": labels, "noting": noting})
    triplets = yield from _triplets(triples)
    return [triplet for triplet in triplets if _fits(triplet, wanted, key)]


def get_rel_map(
    nodes: Sequence[LabelledNode], *, depth: int, limit: int, ignoring: Sequence[str]
) -> Course[list[Triplet]]:
    """Triplets within some steps of some nodes, nearest and heaviest first."""
    if not nodes or limit < 1:
        return []
    names = [node.id for node in nodes]
    fields = {"depth": depth, "limit": limit, "without": list(ignoring)}
    triples: list[TripleView] = yield Call("graph.around", (names,), fields)
    return (yield from _triplets(triples))


def vector_query(query: VectorStoreQuery) -> Course[tuple[list[LabelledNode], list[float]]]:
    """The entities whose vectors are nearest to the question's, with the cosines.

    Raises:
        InputError: The query has neither a vector nor words.
    """
    vector = query.query_embedding
    if vector is None and query.query_str:
        (vector,) = yield Call("embed", ([query.query_str],), {"kind": "query"})
    if vector is None:
        raise InputError("vector_query: got neither query_embedding nor query_str; give one of them")
    limit = max(query.similarity_top_k, 1)
    while True:
        views: list[tuple[NodeView, float]] = yield Call("graph.near", (vector,), {"limit": limit})
        found = _passing([(_entity(view), score) for view, score in views], query.filters)
        kept = found[: query.similarity_top_k]
        if len(kept) == query.similarity_top_k or len(views) < limit or limit >= _MOST:
            return [node for node, _ in kept], [float(score) for _, score in kept]
        limit *= 4  # the filters left too few


def _passing(
    found: Sequence[tuple[EntityNode, float]], filters: MetadataFilters | None
) -> list[tuple[EntityNode, float]]:
    properties = {node.id: node.properties for node, _ in found}
    passes = build_metadata_filter_fn(properties.__getitem__, filters)
    return [pair for pair in found if passes(pair[0].id)]


def _having(properties: Mapping[str, Any]) -> Course[list[LabelledNode]]:
    """Nodes that may have these properties."""
    views: list[NodeView] = yield Call("graph.nodes", (), {"noting": dict(properties)})
    if isinstance(properties.get("name"), str):
        views += yield Call("graph.nodes", ([properties["name"]],))
    if isinstance(properties.get(TRIPLET_SOURCE_KEY), str):
        views += yield Call("graph.nodes", (), {"chunk_ids": [properties[TRIPLET_SOURCE_KEY]]})
    filters = [_filter(name, value) for name, value in properties.items()]
    hits: list[Hit] = []
    if all(one is not None for one in filters):
        hits = yield Call("documents.chunks", (), {"filter": {"$and": filters}})
    entities = {view.name: _entity(view) for view in views}
    return [*entities.values(), *map(_chunk, hits)]


def _filter(name: str, value: object) -> dict[str, Any] | None:
    """The chunks whose node has a property; None: none can be looked for."""
    if name.startswith("$") or not isinstance(value, str | int | float | bool):
        return None
    return {"$document_id" if name in _DOCUMENT_KEYS else name: {"$eq": value}}


def _triplets(triples: Sequence[TripleView]) -> Course[list[Triplet]]:
    ends = list(dict.fromkeys(end for one in triples for end in (one.source, one.target)))
    views: list[NodeView] = (yield Call("graph.nodes", (ends,))) if ends else []
    entities = {view.name: _entity(view) for view in views}
    linked = sorted({end for one in triples if one.link for end in (one.source, one.target)})
    hits: list[Hit] = (yield Call("documents.chunks", (linked,))) if linked else []
    chunks = {hit.chunk_id: _chunk(hit) for hit in hits}
    made = [_triplet(one, chunks if one.link else {}, entities) for one in triples]
    return [triplet for triplet in made if triplet is not None]


def _triplet(
    triple: TripleView, chunks: Mapping[str, LabelledNode], entities: Mapping[str, EntityNode]
) -> Triplet | None:
    """None: one end is a piece of text that is gone."""
    ends: list[LabelledNode] = []
    for end in (triple.source, triple.target):
        found = chunks.get(end) or entities.get(end)
        if found is None and triple.link and triple.label in STRUCTURAL and triple.label != "SOURCE":
            return None
        ends.append(found or EntityNode(name=end))
    source, target = ends
    properties = dict(triple.properties)
    if triple.chunk_ids and not triple.link:
        # So the text that is added to what was found is the text that says it.
        properties.setdefault(TRIPLET_SOURCE_KEY, triple.chunk_ids[0])
        if isinstance(source, EntityNode):
            own = {**source.properties, TRIPLET_SOURCE_KEY: triple.chunk_ids[0]}
            source = source.model_copy(update={"properties": own})
    relation = Relation(label=triple.label, source_id=source.id, target_id=target.id, properties=properties)
    return source, relation, target


def _entity(view: NodeView) -> EntityNode:
    properties = dict(view.properties or {})
    name = properties.pop(NAME_KEY, view.name)
    if view.description:
        properties["description"] = view.description
    if view.chunk_ids:
        properties[TRIPLET_SOURCE_KEY] = view.chunk_ids[-1]
    if len(view.chunk_ids) > 1:
        properties[SOURCES_KEY] = list(view.chunk_ids)
    return EntityNode(name=name, label=view.type or NO_LABEL, properties=properties)


def _chunk(hit: Hit) -> ChunkNode:
    return ChunkNode(id_=hit.chunk_id, text=hit.text, properties=node_to_metadata_dict(stored(hit), remove_text=True))


def _is_statement(node: LabelledNode) -> bool:
    """What was said by hand is text only for searches."""
    return isinstance(node, ChunkNode) and str(node.properties.get("ref_doc_id")).startswith(HAND)


def _has(node: LabelledNode, properties: Mapping[str, Any]) -> bool:
    return all(_property(node, name, value) for name, value in properties.items())


def _property(node: LabelledNode, name: str, value: object) -> bool:
    if name == TRIPLET_SOURCE_KEY and value in node.properties.get(SOURCES_KEY, ()):
        return True
    if name == "name" and isinstance(node, EntityNode) and name not in node.properties:
        return node.name == value
    return name in node.properties and bool(node.properties[name] == value)


def _fits(triplet: Triplet, wanted: Wanted, key: Key) -> bool:
    source, relation, target = triplet
    if wanted.labels and relation.label not in wanted.labels:
        return False
    if not all(_is_end(triplet, names, key) for names in (wanted.ids, wanted.names) if names):
        return False
    return all(
        relation.properties.get(name) == value or any(_property(end, name, value) for end in (source, target))
        for name, value in (wanted.properties or {}).items()
    )


def _is_end(triplet: Triplet, names: Iterable[str], key: Key) -> bool:
    exact = frozenset(names)
    ends = {triplet[0].id, triplet[2].id}
    return bool(ends & exact) or not {key(end) for end in ends}.isdisjoint(key(name) for name in exact)
