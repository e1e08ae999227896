"""LlamaIndex property graph stores as mirrors of an index.

Made by the handle of what is given as `stores=Stores(graph=…)`; all methods block and run in threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from llama_index.core.graph_stores.simple_labelled import SimplePropertyGraphStore
from llama_index.core.graph_stores.types import EntityNode, PropertyGraphStore, Relation

from lightrag_integrations.llama_index.stores import node_of
from lightrag_integrations.mirrored import HASH, ChunkItem, EntityItem, RelationItem, json_of

__all__ = ["MENTIONS", "RELATED", "LlamaGraph"]

RELATED = "RELATED"
"""Label of relations between entities; what is said is in their properties."""
MENTIONS = "MENTIONS"
"""Label of relations from chunks to the entities that they mention."""
_LABELLED = (
    "UNWIND $pairs AS pair MATCH (a:`__Entity__` {id: pair.source})-[r:`RELATED`]->(b:`__Entity__` {id: pair.target}) "
    "DELETE r"
)
_UNRELATE = MappingProxyType(
    {
        "Neo4jPropertyGraphStore": _LABELLED,
        "MemgraphPropertyGraphStore": _LABELLED,
        "FalkorDBPropertyGraphStore": _LABELLED,
        "KuzuPropertyGraphStore": (
            "UNWIND $pairs AS pair "
            "MATCH (a:Entity {id: pair.source})-[r:LINKS {label: 'RELATED'}]->(b:Entity {id: pair.target}) DELETE r"
        ),
    }
)
"""Cypher of stores that are known to speak it, which takes out single relations; the common interface can't."""
_NO_TYPE = "entity"  # EntityNode's own default label


class LlamaGraph:
    """A `PropertyGraphStore`: entities and chunks as nodes, `RELATED` and `MENTIONS` as relations."""

    def __init__(self, store: PropertyGraphStore) -> None:
        """Keep the store."""
        self._store = store
        self._fixed = type(store).__name__ == "KuzuPropertyGraphStore"
        self._cypher = _UNRELATE.get(type(store).__name__)

    def put_entities(self, items: Sequence[EntityItem]) -> None:
        """See `mirrored.GraphTarget.put_entities`."""
        self._store.upsert_nodes([_entity(item) for item in items])

    def put_relations(self, items: Sequence[RelationItem]) -> None:
        """See `mirrored.GraphTarget.put_relations`."""
        self._store.upsert_relations([_relation(item) for item in items])

    def put_nodes(self, items: Sequence[ChunkItem]) -> None:
        """See `mirrored.GraphTarget.put_nodes`."""
        # What stands in its own properties can't clash with names that the engines use themselves.
        self._store.upsert_llama_nodes([node_of(item, {"metadata": json_of(item.metadata)}) for item in items])
        pairs = [(item.id, entity) for item in items for entity in item.mentions]
        if self._fixed:
            self._mention(pairs)
        elif pairs:
            ties = [Relation(label=MENTIONS, source_id=chunk, target_id=entity) for chunk, entity in pairs]
            self._store.upsert_relations(ties)

    def remove(self, ids: Sequence[str]) -> None:
        """See `mirrored.Target.remove`."""
        if isinstance(self._store, SimplePropertyGraphStore):
            _remove_from_memory(self._store, frozenset(ids))
        else:
            self._store.delete(ids=list(ids))

    def unrelate(self, pairs: Sequence[tuple[str, str]]) -> bool:
        """See `mirrored.GraphTarget.unrelate`."""
        if isinstance(self._store, SimplePropertyGraphStore):
            _unrelate_in_memory(self._store, pairs)
            return True
        if self._cypher is None:
            return False
        told = [{"source": source, "target": target} for source, target in pairs]
        self._store.structured_query(self._cypher, param_map={"pairs": told})
        return True

    def held(self, ids: Sequence[str]) -> Mapping[str, str] | None:
        """See `mirrored.Target.held`."""
        wanted = frozenset(ids)
        found = self._store.get(ids=list(ids)) if ids else ()
        return {node.id: str(node.properties.get(HASH) or "") for node in found if node.id in wanted}

    def ids(self) -> Iterable[str] | None:
        """See `mirrored.Target.ids`."""
        return [*self._store.graph.nodes] if isinstance(self._store, SimplePropertyGraphStore) else None

    def related(self, ids: Sequence[str]) -> Iterable[tuple[str, str]] | None:
        """See `mirrored.GraphTarget.related`."""
        if isinstance(self._store, SimplePropertyGraphStore):
            wanted = frozenset(ids)
            return {(a, b) for a, label, b in self._store.graph.triplets if label == RELATED and a in wanted}
        if self._fixed:  # tells no more than a hundred
            return None
        found = self._store.get_triplets(ids=list(ids), relation_names=[RELATED])
        return {(relation.source_id, relation.target_id) for _, relation, _ in found}

    def _mention(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Kùzu's store ties chunks only to the ends of relations, so its language is spoken."""
        for chunk, entity in pairs:
            self._store.structured_query(
                "MATCH (c:Chunk {id: $chunk}), (e:Entity {id: $entity}) MERGE (c)-[:MENTIONS]->(e)",
                param_map={"chunk": chunk, "entity": entity},
            )


def _entity(item: EntityItem) -> EntityNode:
    properties = {
        "description": item.description,
        "mentions": item.mentions,
        "document_ids": list(item.document_ids),
        HASH: item.hash,
    }
    return EntityNode(name=item.id, label=item.type or _NO_TYPE, properties=properties)


def _relation(item: RelationItem) -> Relation:
    properties = {
        "description": item.description,
        "keywords": list(item.keywords),
        "weight": item.weight,
        "chunk_ids": list(item.chunk_ids),
        "document_ids": list(item.document_ids),
        "triplet_source_id": item.chunk_ids[0] if item.chunk_ids else "",
    }
    return Relation(label=RELATED, source_id=item.source, target_id=item.target, properties=properties)


def _remove_from_memory(store: SimplePropertyGraphStore, ids: frozenset[str]) -> None:
    """Its own `delete` takes the neighbours with it and leaves their relations behind."""
    graph = store.graph
    for triplet in [one for one in graph.triplets if one[0] in ids or one[2] in ids]:
        graph.triplets.discard(triplet)
        graph.relations.pop("_".join(triplet), None)
    for one in ids:
        graph.nodes.pop(one, None)


def _unrelate_in_memory(store: SimplePropertyGraphStore, pairs: Sequence[tuple[str, str]]) -> None:
    for source, target in pairs:
        store.graph.triplets.discard((source, RELATED, target))
        store.graph.relations.pop(f"{source}_{RELATED}_{target}", None)
