"""The knowledge-graph metadata keys of LlamaIndex and our extractions, both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.graph_stores.types import KG_NODES_KEY, KG_RELATIONS_KEY, EntityNode, Relation
from llama_index.core.schema import BaseNode

from lightrag_integrations import ExtractedEntity, ExtractedRelation, Extraction
from lightrag_integrations.notes import label_for

__all__ = ["CARRIED_KEY", "KG_KEYS", "carried", "extraction_of", "graph_metadata", "hidden_keys"]

CARRIED_KEY = "lightrag_nodes"
"""Metadata key under which entities travel on as text: `PropertyGraphIndex` takes the standard keys off a node, and
leaves out entities that the store knows already, with all that this node says of them."""
KG_KEYS = (KG_NODES_KEY, KG_RELATIONS_KEY, CARRIED_KEY)
_NO_TYPE = "entity"  # EntityNode's own default label


def graph_metadata(extraction: Extraction, existing: Mapping[str, Any]) -> dict[str, Any]:
    """The two standard keys, both always there, after what other extractors put there; and one that carries entities.

    Args:
        extraction: What was found in the node.
        existing: The node's metadata.
    """
    entities, relations = _present(existing)
    named = {entity.name for entity in extraction.entities}
    ends = [end for relation in extraction.relations for end in (relation.source, relation.target)]
    missing = [ExtractedEntity(name=end) for end in dict.fromkeys(ends) if end not in named]
    new_entities = [_entity_node(entity) for entity in (*extraction.entities, *missing)]
    new_relations = [_relation(relation) for relation in extraction.relations]
    nodes = [*entities, *(entity for entity in new_entities if entity not in entities)]
    made: dict[str, Any] = {
        KG_NODES_KEY: nodes,
        KG_RELATIONS_KEY: [*relations, *(relation for relation in new_relations if relation not in relations)],
    }
    return {**made, CARRIED_KEY: _packed(nodes)} if nodes else made


def extraction_of(node: BaseNode) -> Extraction | None:
    """The extraction that a node carries, from our transform or any other extractor; None without either key.

    A pipeline's cache turns entities and relations into dicts; they are read, too.
    """
    if not any(key in node.metadata for key in (KG_NODES_KEY, KG_RELATIONS_KEY)):
        return None
    entities, relations = _present(node.metadata)
    names = {entity.id: entity.name for entity in entities}
    own = {key: value for key, value in node.metadata.items() if key not in KG_KEYS}
    return Extraction(
        entities=[_entity(entity, own) for entity in entities],
        relations=[_statement(relation, names, own) for relation in relations],
    )


def carried(node: BaseNode) -> list[EntityNode]:
    """The entities that a node carries beside the standard keys."""
    told = node.metadata.get(CARRIED_KEY)
    return [EntityNode.model_validate(item) for item in json.loads(told)] if isinstance(told, str) else []


def _packed(nodes: Sequence[EntityNode]) -> str:
    return json.dumps([node.model_dump(mode="json", exclude={"embedding"}) for node in nodes], ensure_ascii=False)


def _present(metadata: Mapping[str, Any]) -> tuple[list[EntityNode], list[Relation]]:
    entities = [_rehydrated(item, EntityNode) for item in metadata.get(KG_NODES_KEY) or ()]
    relations = [_rehydrated(item, Relation) for item in metadata.get(KG_RELATIONS_KEY) or ()]
    return entities, relations


def _rehydrated(item: Any, kind: Any) -> Any:
    return kind.model_validate(item) if isinstance(item, Mapping) else item


def _entity_node(entity: ExtractedEntity) -> EntityNode:
    return EntityNode(name=entity.name, label=entity.type or _NO_TYPE, properties={"description": entity.description})


def _relation(relation: ExtractedRelation) -> Relation:
    properties = {"description": relation.description, "keywords": relation.keywords, "weight": relation.weight}
    return Relation(
        label=label_for(relation.keywords),
        source_id=EntityNode(name=relation.source).id,
        target_id=EntityNode(name=relation.target).id,
        properties=properties,
    )


def _entity(entity: EntityNode, own: Mapping[str, Any]) -> ExtractedEntity:
    return ExtractedEntity(
        name=entity.name,
        type="" if entity.label == _NO_TYPE else entity.label,
        description=str(_told(entity.properties, own).get("description") or ""),
    )


def _statement(relation: Relation, names: Mapping[str, str], own: Mapping[str, Any]) -> ExtractedRelation:
    source, target = (names.get(end, end) for end in (relation.source_id, relation.target_id))
    told = _told(relation.properties, own)
    label = relation.label.replace("_", " ").strip()
    if "keywords" in relation.properties:
        keywords, description = told.get("keywords", []), str(told.get("description") or "")
    else:  # another extractor's triple: its words are all the statement there is
        keywords, description = [label], str(told.get("description") or f"{source} {label.lower()} {target}")
    weight = told.get("weight", 1.0)
    return ExtractedRelation(source=source, target=target, keywords=keywords, description=description, weight=weight)


def _told(properties: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Properties that the extractor made; stock extractors copy the node's whole metadata among them."""
    return {key: value for key, value in properties.items() if key not in own or own[key] != value}


def hidden_keys(keys: Sequence[str], more: Sequence[str]) -> list[str]:
    """Keys kept out of prompts, with some more."""
    return [*keys, *(key for key in more if key not in keys)]
