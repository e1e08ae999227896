"""`LightRAGPropertyGraphStore`: an index as the property graph store of LlamaIndex's `PropertyGraphIndex`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.graph_stores.types import LabelledNode, PropertyGraphStore, Relation, Triplet
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import VectorStoreQuery

from lightrag_integrations import ConfigurationError, LightRAGIndex
from lightrag_integrations.given import checked
from lightrag_integrations.llama_index import property_graph_delete as deletion
from lightrag_integrations.llama_index import property_graph_read as reading
from lightrag_integrations.llama_index import property_graph_write as writing
from lightrag_integrations.llama_index.property_graph_calls import arun, run
from lightrag_integrations.llama_index.property_graph_read import Wanted
from lightrag_integrations.notes import Schema

__all__ = ["LightRAGPropertyGraphStore"]

Names = list[str] | None
Properties = dict[str, Any] | None
Found = tuple[list[LabelledNode], list[float]]


class LightRAGPropertyGraphStore(PropertyGraphStore):
    """A property graph that is an index: what is put in is found by every retriever of ours, and the reverse.

    LlamaIndex's nodes are chunks of their reference documents. Entities and relations are what the chunk tells that
    their `triplet_source_id` names, and go when it goes; those without one, or whose chunk is not there yet, are
    statements made by hand. Equal names are one entity: descriptions and properties add up, of a property the value
    written last is shown, and nothing that is there already is skipped or overwritten as a whole. Each call that
    writes is one transaction, and may be repeated.
    """

    supports_structured_queries = False
    supports_vector_queries = True

    def __init__(self, index: LightRAGIndex) -> None:
        """Keep the handle; nothing is opened.

        Args:
            index: To store in. Its embedding model must be that of the `PropertyGraphIndex`.

        Raises:
            InputError: It is no handle.
        """
        self.index = checked(index, LightRAGIndex, name="index")

    @property
    def client(self) -> LightRAGIndex:
        """The handle."""
        return self.index

    def get(self, properties: Properties = None, ids: Names = None) -> list[LabelledNode]:
        """Nodes with one of these ids, and all of these properties; all nodes where neither is given.

        Args:
            properties: Of an entity (`name` as well), or metadata of a chunk (`ref_doc_id` as well).
            ids: Names of entities, in any spelling, and ids of chunks.
        """
        return run(self.index, reading.get_nodes(Wanted(ids=ids, properties=properties)))

    async def aget(self, properties: Properties = None, ids: Names = None) -> list[LabelledNode]:
        """Like `get`."""
        return await arun(self.index, reading.get_nodes(Wanted(ids=ids, properties=properties)))

    def get_triplets(
        self, entity_names: Names = None, relation_names: Names = None, properties: Properties = None, ids: Names = None
    ) -> list[Triplet]:
        """Triplets that have all that is given; none where nothing is.

        Args:
            entity_names: Either end is one of these.
            relation_names: The relation has one of these labels.
            properties: Each is of an end, or of the relation.
            ids: As `entity_names`; also of chunks.
        """
        wanted = Wanted(ids=ids, names=entity_names, labels=relation_names, properties=properties)
        return run(self.index, reading.get_triplets(wanted, self.index.graph.key))

    async def aget_triplets(
        self, entity_names: Names = None, relation_names: Names = None, properties: Properties = None, ids: Names = None
    ) -> list[Triplet]:
        """Like `get_triplets`."""
        wanted = Wanted(ids=ids, names=entity_names, labels=relation_names, properties=properties)
        return await arun(self.index, reading.get_triplets(wanted, self.index.graph.key))

    def get_rel_map(
        self, graph_nodes: list[LabelledNode], depth: int = 2, limit: int = 30, ignore_rels: Names = None
    ) -> list[Triplet]:
        """Triplets within some steps of some nodes, whichever way they point: nearer ones first, then heavier ones.

        Args:
            graph_nodes: Where to start.
            depth: Steps.
            limit: At most so many triplets.
            ignore_rels: Labels that are left out, though followed.
        """
        course = reading.get_rel_map(graph_nodes, depth=depth, limit=limit, ignoring=ignore_rels or ())
        return run(self.index, course)

    async def aget_rel_map(
        self, graph_nodes: list[LabelledNode], depth: int = 2, limit: int = 30, ignore_rels: Names = None
    ) -> list[Triplet]:
        """Like `get_rel_map`."""
        course = reading.get_rel_map(graph_nodes, depth=depth, limit=limit, ignoring=ignore_rels or ())
        return await arun(self.index, course)

    def get_llama_nodes(self, node_ids: list[str]) -> list[BaseNode]:
        """Chunks, as the nodes that were stored."""
        return run(self.index, reading.get_llama_nodes(node_ids))

    async def aget_llama_nodes(self, node_ids: list[str]) -> list[BaseNode]:
        """Like `get_llama_nodes`."""
        return await arun(self.index, reading.get_llama_nodes(node_ids))

    def upsert_nodes(self, nodes: Sequence[LabelledNode]) -> None:
        """Add entities and chunks to what is there; the vector of a node takes the place of the one it has."""
        run(self.index, writing.write_nodes(nodes, self.index.graph.key))

    async def aupsert_nodes(self, nodes: Sequence[LabelledNode]) -> None:
        """Like `upsert_nodes`."""
        await arun(self.index, writing.write_nodes(nodes, self.index.graph.key))

    def upsert_relations(self, relations: list[Relation]) -> None:
        """Add relations to what is there; ends that are not there become entities."""
        run(self.index, writing.write_relations(relations, self.index.graph.key))

    async def aupsert_relations(self, relations: list[Relation]) -> None:
        """Like `upsert_relations`."""
        await arun(self.index, writing.write_relations(relations, self.index.graph.key))

    def upsert_llama_nodes(self, llama_nodes: Sequence[BaseNode]) -> None:
        """Store nodes as chunks; one that is there gets the new text and goes on telling what it told."""
        run(self.index, writing.write_llama_nodes(llama_nodes, self.index.graph.key))

    async def aupsert_llama_nodes(self, llama_nodes: Sequence[BaseNode]) -> None:
        """Like `upsert_llama_nodes`."""
        await arun(self.index, writing.write_llama_nodes(llama_nodes, self.index.graph.key))

    def delete(
        self, entity_names: Names = None, relation_names: Names = None, properties: Properties = None, ids: Names = None
    ) -> None:
        """Delete nodes and relations; each argument goes by itself.

        Args:
            entity_names: Of entities, with all their relations.
            relation_names: Labels of relations.
            properties: Nodes that have all of them, and relations that do.
            ids: Of entities, and of chunks, which take along what they tell.
        """
        wanted = Wanted(ids=ids, names=entity_names, labels=relation_names, properties=properties)
        run(self.index, deletion.delete(wanted, self.index.graph.key))

    async def adelete(
        self, entity_names: Names = None, relation_names: Names = None, properties: Properties = None, ids: Names = None
    ) -> None:
        """Like `delete`."""
        wanted = Wanted(ids=ids, names=entity_names, labels=relation_names, properties=properties)
        await arun(self.index, deletion.delete(wanted, self.index.graph.key))

    def delete_llama_nodes(self, node_ids: Names = None, ref_doc_ids: Names = None) -> None:
        """Delete chunks with what they tell; entities that others tell of stay.

        Args:
            node_ids: Of chunks.
            ref_doc_ids: All chunks of these documents.
        """
        run(self.index, deletion.delete_llama_nodes(node_ids or (), ref_doc_ids or ()))

    async def adelete_llama_nodes(self, node_ids: Names = None, ref_doc_ids: Names = None) -> None:
        """Like `delete_llama_nodes`."""
        await arun(self.index, deletion.delete_llama_nodes(node_ids or (), ref_doc_ids or ()))

    def vector_query(self, query: VectorStoreQuery, **kwargs: Any) -> Found:
        """The entities whose vectors are nearest, with the cosines.

        Args:
            query: `query_embedding` or `query_str`, `similarity_top_k`, and `filters` over the entities' properties.
            **kwargs: Not used.
        """
        return run(self.index, reading.vector_query(query))

    async def avector_query(self, query: VectorStoreQuery, **kwargs: Any) -> Found:
        """Like `vector_query`."""
        return await arun(self.index, reading.vector_query(query))

    def structured_query(self, query: str, param_map: Mapping[str, Any] | None = None) -> Any:
        """Refused.

        Raises:
            ConfigurationError: Always.
        """
        raise _no_query_language()

    async def astructured_query(self, query: str, param_map: Mapping[str, Any] | None = None) -> Any:
        """Like `structured_query`."""
        raise _no_query_language()

    def get_schema(self, refresh: bool = False) -> dict[str, Any]:
        """Labels of nodes and of relations, each with their properties, and which relations join what; up to date.

        Args:
            refresh: Not used.
        """
        return _schema(self.index.graph.schema())

    async def aget_schema(self, refresh: bool = False) -> dict[str, Any]:  # type: ignore[override]
        """Like `get_schema`."""
        return _schema(await self.index.graph.aschema())

    def get_schema_str(self, refresh: bool = False) -> str:
        """The schema in words, for prompts."""
        return _in_words(self.get_schema())

    async def aget_schema_str(self, refresh: bool = False) -> str:
        """Like `get_schema_str`."""
        return _in_words(await self.aget_schema())

    def persist(self, persist_path: str, fs: Any = None) -> None:
        """Nothing to do: what is written is stored."""


def _no_query_language() -> ConfigurationError:
    return ConfigurationError(
        "structured_query: this store has no query language (supports_structured_queries is False); "
        "use get_triplets, get_rel_map or vector_query, and leave Cypher retrievers out of sub_retrievers"
    )


def _schema(found: Schema) -> dict[str, Any]:
    """In the form that graph stores of servers have."""
    ends = [(start or writing.NO_LABEL, label, end or writing.NO_LABEL) for start, label, end in found.ends]
    return {
        "node_props": {name or writing.NO_LABEL: _properties(own) for name, own in found.types.items()},
        "rel_props": {name: _properties(own) for name, own in found.labels.items()},
        "relationships": [{"start": start, "type": label, "end": end} for start, label, end in ends],
    }


def _properties(own: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"property": name, "type": kind.upper()} for name, kind in own.items() if name != writing.NAME_KEY]


def _in_words(schema: Mapping[str, Any]) -> str:
    lines = []
    for title, part in (("Nodes", schema["node_props"]), ("Relations", schema["rel_props"])):
        lines.append(f"{title}:")
        for name, own in part.items():
            told = ", ".join(f"{one['property']}: {one['type']}" for one in own)
            lines.append(f"- {name} {{{told}}}" if told else f"- {name}")
    lines.append("Relationships:")
    lines += [f"- (:{one['start']})-[:{one['type']}]->(:{one['end']})" for one in schema["relationships"]]
    return "\n".join(lines)
