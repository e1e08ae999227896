"""Between LlamaIndex's nodes and our chunks and hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageNode,
    IndexNode,
    Node,
    NodeRelationship,
    NodeWithScore,
    ObjectType,
    RelatedNodeInfo,
    TextNode,
)
from pydantic import ValidationError

from lightrag_integrations import Chunk, Extraction, Hit
from lightrag_integrations import Document as OurDocument
from lightrag_integrations.llama_index.knowledge import KG_KEYS, extraction_of, hidden_keys
from lightrag_integrations.models import HIDDEN_KEY

__all__ = ["RESERVED", "document_of", "documents_of", "found", "stored", "to_chunk", "to_hits"]

RESERVED = "lightrag"
"""Metadata key of a retrieved node that holds its ids, score and evidence; never part of a prompt."""
_KINDS = MappingProxyType({kind.class_name(): kind for kind in (TextNode, Node, Document, IndexNode, ImageNode)})
_SOURCES = ("source", "file_path", "url")
_SPLIT = "split_by_handle"
"""In what rebuilds a node: its span is the chunk's."""
_KEPT_ELSEWHERE = frozenset({"id_", "embedding", "metadata", "text", "text_resource", "class_name"})


class FoundBy(dict[str, Any]):
    """What is said of a hit under `RESERVED`.

    As text it names the chunk only: LlamaIndex's fusion takes nodes for the same when text and metadata, as text, are,
    and one node that two modes found has to be one.
    """

    def __repr__(self) -> str:
        """The same in every mode."""
        return f"<evidence of {self.get('chunk_id')!r}>"


def to_chunk(node: BaseNode) -> Chunk:
    """A node as a chunk of its reference document (or of itself), with what it carries filled in."""
    ours = (*KG_KEYS, RESERVED) if _evidence(node) else KG_KEYS
    metadata = {key: value for key, value in node.metadata.items() if key not in ours}
    text = node.get_content()
    start, end = _place(node, "start_char_idx"), _place(node, "end_char_idx")
    return Chunk(
        id=node.node_id,
        document_id=node.ref_doc_id or node.node_id,
        text=text,
        start=start or 0,
        end=end if end is not None else (start or 0) + len(text),
        title=_text(metadata, "title"),
        metadata=metadata,
        embedding=tuple(node.embedding) if node.embedding is not None else None,
        extraction=extraction_of(node),
    )


def documents_of(nodes: Sequence[BaseNode], *, build_graph: bool) -> list[OurDocument]:
    """Nodes to store, grouped by reference document, each with what rebuilds it under one hidden metadata key.

    Args:
        nodes: The nodes.
        build_graph: Leave nodes that carry no extraction to the handle's extractor; False: beside others that do carry
            one they get an empty one.
    """
    some_graph = not build_graph and any(extraction_of(node) is not None for node in nodes)
    grouped: dict[str, list[Chunk]] = {}
    for node in {node.node_id: node for node in nodes}.values():
        chunk = to_chunk(node)
        fields: dict[str, Any] = {"metadata": {**chunk.metadata, HIDDEN_KEY: _rebuilding(node)}}
        if chunk.extraction is None and some_graph:
            fields["extraction"] = Extraction()
        siblings = grouped.setdefault(chunk.document_id, [])
        # The place in the text orders chunks in the same way however the nodes are spread over calls.
        place = _place(node, "start_char_idx")
        fields["position"] = len(siblings) if place is None else place
        siblings.append(chunk.model_copy(update=fields))
    return [_document(document_id, chunks) for document_id, chunks in grouped.items()]


def document_of(document: Document) -> OurDocument:
    """A document for the handle to split; its nodes will have the document's templates and excluded keys."""
    source = RelatedNodeInfo(node_id=document.id_, node_type=ObjectType.DOCUMENT, hash=document.hash)
    fields = {
        **_rebuilding(document),
        "class_name": TextNode.class_name(),
        "relationships": {NodeRelationship.SOURCE.value: source.model_dump(mode="json", exclude_defaults=True)},
        _SPLIT: True,
    }
    metadata = {key: value for key, value in document.metadata.items() if key not in KG_KEYS}
    return OurDocument(
        id=document.id_,
        text=document.get_content(),
        title=_text(metadata, "title"),
        source=_text(metadata, *_SOURCES),
        metadata={**metadata, HIDDEN_KEY: fields},
    )


def _evidence(node: BaseNode) -> dict[str, Any]:
    """What our retriever put there; anything else under the key is the user's."""
    value = node.metadata.get(RESERVED)
    return value if isinstance(value, dict) and {"chunk_id", "document_id", "score", "mode"} <= value.keys() else {}


def _place(node: BaseNode, name: str) -> int | None:
    """A place in the text; some splitters say -1 for one that they did not find."""
    place: int | None = getattr(node, name, None)
    return None if place is None or place < 0 else place


def stored(hit: Hit) -> BaseNode:
    """A hit as the node that was stored; chunks from elsewhere become text nodes of their document."""
    rebuilding = hit.metadata.get(HIDDEN_KEY)
    if not isinstance(rebuilding, dict) or not isinstance(rebuilding.get("class_name"), str):
        return _plain(hit)
    fields = {name: value for name, value in rebuilding.items() if name not in _KEPT_ELSEWHERE}
    if fields.pop(_SPLIT, False):
        fields.update(start_char_idx=hit.start, end_char_idx=hit.end)
    kind: Any = _KINDS.get(rebuilding["class_name"], TextNode)
    try:
        node: BaseNode = kind(id_=hit.chunk_id, metadata=hit.visible_metadata, **fields)
    except ValidationError:  # somebody else wrote under our key: one such chunk must not stop a search
        return _plain(hit)
    node.set_content(hit.text)
    return node


def _plain(hit: Hit) -> TextNode:
    source = RelatedNodeInfo(node_id=hit.document_id, node_type=ObjectType.DOCUMENT)
    return TextNode(
        id_=hit.chunk_id,
        text=hit.text,
        metadata=hit.visible_metadata,
        start_char_idx=hit.start,
        end_char_idx=hit.end,
        relationships={NodeRelationship.SOURCE: source},
    )


def found(hit: Hit, mode: str) -> NodeWithScore:
    """A hit as the retriever returns it: the stored node, and the evidence under one key kept out of prompts."""
    node = stored(hit)
    node.metadata = {**node.metadata, RESERVED: FoundBy(hit.summary(mode))}
    node.excluded_embed_metadata_keys = hidden_keys(node.excluded_embed_metadata_keys, (RESERVED,))
    node.excluded_llm_metadata_keys = hidden_keys(node.excluded_llm_metadata_keys, (RESERVED,))
    return NodeWithScore(node=node, score=float(hit.score))


def to_hits(nodes: Sequence[NodeWithScore]) -> list[Hit]:
    """Nodes as hits, for a reranker or a context; each gets a chunk id of its own."""
    hits: dict[str, Hit] = {}
    for position, item in enumerate(nodes):
        chunk = to_chunk(item.node)
        chunk_id = chunk.id
        while chunk_id in hits:
            chunk_id += f"#{position}"
        told = _evidence(item.node)
        hits[chunk_id] = Hit(
            chunk_id=chunk_id,
            document_id=chunk.document_id,
            text=chunk.text,
            score=item.score or 0.0,
            title=told.get("title") or chunk.title,
            source=told.get("source") or _text(chunk.metadata, *_SOURCES),
            position=position,
            start=chunk.start,
            end=chunk.end,
            metadata=chunk.metadata,
        )
    return list(hits.values())


def _rebuilding(node: BaseNode) -> dict[str, Any]:
    """What of a node has no place of its own in a chunk, without defaults."""
    dumped = node.model_dump(mode="json", exclude_defaults=True)
    fields = {key: value for key, value in dumped.items() if key not in _KEPT_ELSEWHERE}
    return {"class_name": node.class_name(), **fields}


def _document(document_id: str, chunks: Sequence[Chunk]) -> OurDocument:
    metadata = chunks[0].metadata
    title, source = _text(metadata, "title"), _text(metadata, *_SOURCES)
    return OurDocument(id=document_id, title=title, source=source, chunks=tuple(chunks))


def _text(metadata: Mapping[str, Any], *keys: str) -> str:
    """The first of these that is text."""
    values = (metadata.get(key) for key in keys)
    return next((value for value in values if isinstance(value, str) and value), "")
