"""Deletion from a property graph: chunks with all they tell, and what chunks tell of some things."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.graph_stores.types import ChunkNode, LabelledNode, Triplet

from lightrag_integrations import Hit
from lightrag_integrations.llama_index.property_graph_calls import Call, Course
from lightrag_integrations.llama_index.property_graph_read import Wanted, get_nodes, get_triplets
from lightrag_integrations.llama_index.property_graph_write import Key

__all__ = ["delete", "delete_llama_nodes"]


def delete(wanted: Wanted, key: Key) -> Course[None]:
    """Delete nodes with these names, ids or properties, and relations with these labels or properties.

    Args:
        wanted: Each goes by itself.
        key: What names are matched by.
    """
    nodes: list[LabelledNode] = []
    if wanted.ids:
        nodes += yield from get_nodes(Wanted(ids=wanted.ids))
    if wanted.names:  # a chunk may have an entity's name as its id
        named = yield from get_nodes(Wanted(ids=wanted.names))
        nodes += [node for node in named if not isinstance(node, ChunkNode)]
    triplets: list[Triplet] = []
    if wanted.labels:
        triplets += yield from get_triplets(Wanted(labels=wanted.labels), key)
    if wanted.properties:
        nodes += yield from get_nodes(Wanted(properties=wanted.properties))
        noted = yield from get_triplets(Wanted(properties=wanted.properties), key)
        triplets += [one for one in noted if wanted.properties.items() <= one[1].properties.items()]
    chunks = [node.id for node in nodes if isinstance(node, ChunkNode)]
    entities = [node.id for node in nodes if not isinstance(node, ChunkNode)]
    if entities or triplets:
        told = [(source.id, relation.label, target.id) for source, relation, target in triplets]
        yield Call("graph.withdraw", (entities,), {"triples": told})
    yield from delete_llama_nodes(chunks, ())


def delete_llama_nodes(node_ids: Sequence[str], document_ids: Sequence[str]) -> Course[None]:
    """Delete chunks, and documents, with all they tell; and what waits for such chunks."""
    if document_ids:
        yield Call("documents.delete", (list(document_ids),))
    if node_ids:
        waiting = {"by_hand": True, "for_chunk": {"$in": list(node_ids)}}
        hits: list[Hit] = yield Call("documents.chunks", (), {"filter": waiting})
        yield Call("documents.delete_chunks", ([*node_ids, *(hit.chunk_id for hit in hits)],))
