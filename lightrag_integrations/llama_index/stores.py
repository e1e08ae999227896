"""LlamaIndex stores as mirrors of an index: vector stores, property graph stores, key-value and document stores.

Made by the handle of what is given as `stores=Stores(…)`; all methods block and run in threads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from llama_index.core.graph_stores.simple_labelled import SimplePropertyGraphStore
from llama_index.core.graph_stores.types import EntityNode, PropertyGraphStore, Relation
from llama_index.core.schema import Document, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.storage.docstore import BaseDocumentStore
from llama_index.core.storage.kvstore.types import BaseKVStore
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import BasePydanticVectorStore, VectorStoreQuery

from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.mirrored import ChunkItem, DocumentItem, EntityItem, RelationItem

__all__ = ["HASH", "MENTIONS", "RELATED", "LlamaDocuments", "LlamaGraph", "LlamaKeyValues", "LlamaVectors"]

HASH = "lightrag_hash"
"""Metadata key of what tells one state of a thing from another."""
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
_FAISS = ("FaissVectorStore", "FaissMapVectorStore")
_PLAIN = (str, int, float, bool)


class LlamaVectors:
    """A `BasePydanticVectorStore`: nodes come with the index's vectors, and nothing is embedded."""

    def __init__(self, store: BasePydanticVectorStore) -> None:
        """Keep the store.

        Raises:
            ConfigurationError: It is known to lose vectors.
        """
        if type(store).__name__ in _FAISS:
            raise ConfigurationError(
                f"Stores(vectors={type(store).__name__}(...)): of LlamaIndex's two stores for FAISS one can't delete, "
                "and the other gives a new vector the number of another one after a deletion; use LangChain's FAISS"
            )
        self._store = store

    def put(self, items: Sequence[ChunkItem]) -> None:
        """See `mirrored.VectorTarget.put`."""
        self._store.add([_node(item, _flat(item.metadata)) for item in items])

    def remove(self, ids: Sequence[str]) -> None:
        """See `mirrored.Target.remove`."""
        if self._there():
            self._store.delete_nodes(node_ids=list(ids))

    def nearest(self, vector: Sequence[float], limit: int) -> Sequence[str]:
        """See `mirrored.VectorTarget.nearest`."""
        if not self._there():
            return []
        found = self._store.query(VectorStoreQuery(query_embedding=list(vector), similarity_top_k=limit))
        ids = found.ids or [node.node_id for node in found.nodes or ()]
        return [str(one) for one in ids]

    def held(self, ids: Sequence[str]) -> Mapping[str, str] | None:
        """See `mirrored.Target.held`."""
        if isinstance(self._store, SimpleVectorStore):
            kept = self._store.data.metadata_dict
            return {one: str(kept[one].get(HASH, "")) for one in ids if one in kept}
        if not self._there():
            return {}
        try:
            nodes = self._store.get_nodes(node_ids=list(ids))
        except NotImplementedError:
            return None
        return {node.node_id: str(node.metadata.get(HASH, "")) for node in nodes}

    def ids(self) -> Iterable[str] | None:
        """See `mirrored.Target.ids`."""
        return [*self._store.data.metadata_dict] if isinstance(self._store, SimpleVectorStore) else None

    def _there(self) -> bool:
        """Qdrant's makes its collection with the first node, and fails before when it is asked for anything else."""
        exists = getattr(self._store, "_collection_exists", None)
        name = getattr(self._store, "collection_name", None)
        return bool(exists(name)) if callable(exists) and isinstance(name, str) else True


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
        self._store.upsert_llama_nodes([_node(item, {"metadata": _json(item.metadata)}) for item in items])
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


class LlamaKeyValues:
    """A `BaseKVStore`: a dict for each document, in a collection named after the index."""

    def __init__(self, store: BaseKVStore, index: str) -> None:
        """Keep the store, and the index's name."""
        self._store = store
        self._collection = f"lightrag/{index}"

    def put(self, items: Sequence[DocumentItem]) -> None:
        """See `mirrored.DocumentTarget.put`."""
        for item in items:
            value = {
                "text": item.text, "title": item.title, "source": item.source, "metadata": dict(item.metadata),
                HASH: item.hash,
            }  # fmt: skip
            self._store.put(item.id, value, collection=self._collection)

    def remove(self, ids: Sequence[str]) -> None:
        """See `mirrored.Target.remove`."""
        for one in ids:
            self._store.delete(one, collection=self._collection)

    def held(self, ids: Sequence[str]) -> Mapping[str, str] | None:
        """See `mirrored.Target.held`."""
        found = {one: self._store.get(one, collection=self._collection) for one in ids}
        return {one: str(value.get(HASH, "")) for one, value in found.items() if value is not None}

    def ids(self) -> Iterable[str] | None:
        """See `mirrored.Target.ids`."""
        return [*self._store.get_all(collection=self._collection)]


class LlamaDocuments:
    """A `BaseDocumentStore`: LlamaIndex documents under their ids."""

    def __init__(self, store: BaseDocumentStore) -> None:
        """Keep the store."""
        self._store = store

    def put(self, items: Sequence[DocumentItem]) -> None:
        """See `mirrored.DocumentTarget.put`."""
        own = [{**item.metadata, "title": item.title, "source": item.source, HASH: item.hash} for item in items]
        documents = [
            Document(id_=item.id, text=item.text, metadata=metadata, excluded_embed_metadata_keys=[HASH],
                     excluded_llm_metadata_keys=[HASH])
            for item, metadata in zip(items, own, strict=True)
        ]  # fmt: skip
        self._store.add_documents(documents, allow_update=True)

    def remove(self, ids: Sequence[str]) -> None:
        """See `mirrored.Target.remove`."""
        for one in ids:
            self._store.delete_document(one, raise_error=False)

    def held(self, ids: Sequence[str]) -> Mapping[str, str] | None:
        """See `mirrored.Target.held`."""
        found = {one: self._store.get_document(one, raise_error=False) for one in ids}
        return {one: str(node.metadata.get(HASH, "")) for one, node in found.items() if node is not None}

    def ids(self) -> Iterable[str] | None:
        """See `mirrored.Target.ids`."""
        return [*self._store.docs]


def _node(item: ChunkItem, metadata: Mapping[str, Any]) -> TextNode:
    own = {
        **metadata,
        "chunk_id": item.chunk_id,
        "title": item.title,
        "source": item.source,
        "position": item.position,
        HASH: item.hash,
    }
    return TextNode(
        id_=item.id,
        text=item.text,
        metadata=own,
        embedding=list(item.vector) or None,
        excluded_embed_metadata_keys=[HASH, "chunk_id", "position"],
        excluded_llm_metadata_keys=[HASH, "chunk_id", "position"],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=item.document_id)},
    )


def _flat(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Many engines take only plain values: others are told in JSON."""
    return {key: value if isinstance(value, _PLAIN) else _json(value) for key, value in metadata.items()}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=dict)


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
