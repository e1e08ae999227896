"""LlamaIndex stores as mirrors of an index: vector stores, key-value stores and document stores.

Made by the handle of what is given as `stores=Stores(…)`; all methods block and run in threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llama_index.core.schema import Document, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.storage.docstore import BaseDocumentStore, SimpleDocumentStore
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.core.storage.kvstore.types import BaseKVStore
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import BasePydanticVectorStore, VectorStoreQuery

from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.mirrored import HASH, ChunkItem, DocumentItem, plain_values

__all__ = ["LlamaDocuments", "LlamaKeyValues", "LlamaVectors", "node_of"]

_FAISS = ("FaissVectorStore", "FaissMapVectorStore")


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
        self._store.add([node_of(item, plain_values(item.metadata)) for item in items])

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
            kept, vectors = self._store.data.metadata_dict, self._store.data.embedding_dict
            return {one: str(kept[one].get(HASH, "")) for one in ids if one in kept and one in vectors}
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
        # Others would hand over all the documents, too.
        return [*self._store.get_all(self._collection)] if isinstance(self._store, SimpleKVStore) else None


class LlamaDocuments:
    """A `BaseDocumentStore`: LlamaIndex documents under their ids."""

    def __init__(self, store: BaseDocumentStore) -> None:
        """Keep the store."""
        self._store = store

    def put(self, items: Sequence[DocumentItem]) -> None:
        """See `mirrored.DocumentTarget.put`."""
        own = [{"title": item.title, "source": item.source, **item.metadata, HASH: item.hash} for item in items]
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
        return [*self._store.docs] if isinstance(self._store, SimpleDocumentStore) else None


def node_of(item: ChunkItem, metadata: Mapping[str, Any]) -> TextNode:
    """A chunk as a node, with this metadata; what it says itself goes before what we say beside it."""
    own = {
        "chunk_id": item.chunk_id,
        "title": item.title,
        "source": item.source,
        "position": item.position,
        **metadata,
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
