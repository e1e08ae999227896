"""Documents of LlamaIndex and what the database knows of them, for the index facade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llama_index.core.schema import BaseNode, Document, IndexNode
from llama_index.core.storage.docstore.types import RefDocInfo
from llama_index.core.storage.storage_context import StorageContext

from lightrag_integrations import ConfigurationError, Hit, InputError, LightRAGIndex
from lightrag_integrations import Document as OurDocument
from lightrag_integrations.given import checked, shown
from lightrag_integrations.llama_index.convert import document_of, documents_of, stored
from lightrag_integrations.llama_index.vector_store import LightRAGVectorStore

__all__ = ["emptied", "handle_of", "hashes", "infos", "made_of", "of_documents", "whole", "without_objects"]

_FIELDS = frozenset({"callback_manager", "kg_extractors", "nodes", "show_progress", "transformations"})
"""Of `LightRAGPropertyGraphIndex`, beside the handle."""


def handle_of(index: LightRAGIndex | None, context: StorageContext | None, others: Iterable[str] = ()) -> LightRAGIndex:
    """The handle given, or that of a storage context's vector store.

    Args:
        index: The handle.
        context: The storage context.
        others: Names of the other arguments.

    Raises:
        ConfigurationError: There is none.
        InputError: One of the others is unknown, or these are something else.
    """
    unknown = sorted(frozenset(others) - _FIELDS)
    if unknown:
        raise InputError(
            f"got unknown arguments {', '.join(unknown)}; expected some of {', '.join(sorted(_FIELDS))}. Models go on "
            "the handle, LightRAGIndex(..., llm=..., embed_model=...), and one for answers to as_query_engine(llm=...)"
        )
    if index is not None:
        return checked(index, LightRAGIndex, name="index")
    if context is not None:
        checked(context, StorageContext, name="storage_context", hint="a handle goes by name, index=...")
    store = None if context is None else context.vector_store
    if isinstance(store, LightRAGVectorStore):
        return store.index
    raise ConfigurationError(
        "no handle: give index=LightRAGIndex(...), or a storage_context with vector_store=LightRAGVectorStore(...)"
    )


def made_of(documents: Sequence[Document], nodes: Sequence[BaseNode] | None) -> list[OurDocument]:
    """Documents as they are, or in the nodes that transformations made of them."""
    if nodes is None:
        return [document_of(document) for document in whole(documents)]
    return documents_of(nodes, build_graph=True)


def whole(documents: Sequence[Document]) -> Sequence[Document]:
    """The documents, once they are such: not a single one, and no texts."""
    if isinstance(documents, str | BaseNode):
        raise InputError(f"documents: got {shown(documents)}; expected a list of documents")
    for one in documents:
        if not isinstance(one, BaseNode):
            raise InputError(f'document: got {shown(one)}; expected a Document of LlamaIndex, Document(text="...")')
    return documents


def emptied(documents: Sequence[Document], made: Sequence[OurDocument]) -> list[str]:
    """Documents of which the transformations left nothing."""
    return sorted({document.id_ for document in documents} - {document.id for document in made})


def of_documents(documents: Sequence[Document]) -> Mapping[str, Any]:
    """A filter for the chunks of these documents."""
    return {"$document_id": {"$in": [document.id_ for document in whole(documents)]}}


def hashes(hits: Sequence[Hit]) -> dict[str, str | None]:
    """What the documents of chunks hashed to when they were stored."""
    sources = {hit.document_id: stored(hit).source_node for hit in hits}
    return {document_id: None if source is None else source.hash for document_id, source in sources.items()}


def infos(hits: Sequence[Hit]) -> dict[str, RefDocInfo]:
    """Node ids and metadata by document."""
    found: dict[str, RefDocInfo] = {}
    for hit in hits:
        found.setdefault(hit.document_id, RefDocInfo(metadata=hit.visible_metadata)).node_ids.append(hit.chunk_id)
    return found


def without_objects(nodes: Sequence[BaseNode], objects: dict[str, Any]) -> list[BaseNode]:
    """Index nodes without what they stand for, which a database can't hold; it is put into `objects` by index id."""
    bare: list[BaseNode] = []
    for node in nodes:
        if isinstance(node, IndexNode) and node.obj is not None:
            objects[node.index_id] = node.obj
            node = node.model_copy(update={"obj": None})
        bare.append(node)
    return bare
