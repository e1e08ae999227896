"""LangChain stores as mirrors of an index: vector stores, and key-value stores for documents.

Made by the handle of what is given as `stores=Stores(…)`; all methods block and run in threads.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, get_args, get_origin

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.stores import BaseStore
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

from lightrag_integrations.errors import ConfigurationError, MirrorError
from lightrag_integrations.mirrored import HASH, ChunkItem, DocumentItem, plain_values

__all__ = ["LangChainDocuments", "LangChainVectors", "StoredEmbeddings"]

_ID = "lightrag_id"


class StoredEmbeddings(Embeddings):
    """Gives a LangChain vector store the vectors that an index has already, so that nothing is embedded twice.

    A LangChain vector store embeds by itself. Make it with this in place of a model, and give it to the index as
    `Stores(vectors=…)`: what the index puts into it gets the index's vectors.
    """

    def __init__(self, model: Embeddings | None = None) -> None:
        """Hold no vector yet.

        Args:
            model: The index's embedding model, where it is one of LangChain's, for those who ask the store itself; not
                needed for `index.retrieve`.
        """
        self._model = model
        self._serving = threading.local()

    def __reduce__(self) -> tuple[Any, ...]:
        """Vectors being handed over stay behind."""
        return StoredEmbeddings, (self._model,)

    @contextmanager
    def serving(self, items: Sequence[ChunkItem]) -> Iterator[None]:
        """Give the vectors of these chunks to who asks for their texts, in this thread and while the block runs."""
        vectors: dict[str, deque[Sequence[float]]] = {}
        for item in items:
            vectors.setdefault(item.text, deque()).append(item.vector)
        self._serving.vectors = vectors
        try:
            yield
        finally:
            self._serving.vectors = {}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Vectors of texts: the index's, of those that it puts into the store; else the model's.

        Raises:
            ConfigurationError: There is no model.
        """
        served: dict[str, deque[Sequence[float]]] = getattr(self._serving, "vectors", {})
        if all(text in served for text in texts):
            return [self._next(served[text]) for text in texts]
        return self._asked().embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        """Vector of a question, from the model.

        Raises:
            ConfigurationError: There is no model.
        """
        return self._asked().embed_query(text)

    @staticmethod
    def _next(vectors: deque[Sequence[float]]) -> list[float]:
        """Chunks of one text may have several vectors, as titles count: they are asked for in their order."""
        vectors.rotate(-1)
        return [float(value) for value in vectors[-1]]

    def _asked(self) -> Embeddings:
        if self._model is None:
            raise ConfigurationError(
                "StoredEmbeddings() knows only the chunks that an index puts into the store; search with "
                "index.retrieve(...), or make it with the index's model: StoredEmbeddings(model)"
            )
        return self._model


class LangChainVectors:
    """A LangChain `VectorStore` that was made with `StoredEmbeddings`."""

    def __init__(self, store: VectorStore) -> None:
        """Keep the store.

        Raises:
            ConfigurationError: It would embed all chunks once more.
        """
        self._store = store
        self._embeddings = _stored_embeddings(store)

    def put(self, items: Sequence[ChunkItem]) -> None:
        """See `mirrored.VectorTarget.put`.

        Raises:
            MirrorError: The store is made for vectors of another dimension, and says so as FAISS does.
        """
        kept = getattr(getattr(self._store, "index", None), "d", None)
        given = len(items[0].vector) if items else kept
        if isinstance(kept, int) and kept != given:
            raise MirrorError(
                f"{type(self._store).__name__} keeps vectors of dimension {kept}, the index's are of {given}; make the "
                "store with the index's"
            )
        documents = [
            Document(
                id=item.id,
                page_content=item.text,
                metadata={
                    "title": item.title,
                    "source": item.source,
                    "position": item.position,
                    "chunk_id": item.chunk_id,
                    "document_id": item.document_id,
                    **plain_values(item.metadata),
                    _ID: item.id,
                    HASH: item.hash,
                },
            )
            for item in items
        ]
        with self._embeddings.serving(items):
            self._store.add_documents(documents, ids=[item.id for item in items])

    def remove(self, ids: Sequence[str]) -> None:
        """See `mirrored.Target.remove`; some stores refuse ids that they don't have."""
        if not self._there():
            return
        held = self.held(ids)
        there = list(ids) if held is None else [one for one in ids if one in held]
        if there and self._store.delete(there) is False:
            raise MirrorError(f"{type(self._store).__name__}.delete said that it failed")

    def nearest(self, vector: Sequence[float], limit: int) -> Sequence[str]:
        """See `mirrored.VectorTarget.nearest`."""
        found = self._store.similarity_search_by_vector(list(vector), k=limit) if self._there() else ()
        return [str(document.metadata.get(_ID) or document.id) for document in found]

    def held(self, ids: Sequence[str]) -> Mapping[str, str] | None:
        """See `mirrored.Target.held`."""
        try:
            found = self._store.get_by_ids(list(ids)) if self._there() else ()
        except NotImplementedError:
            return None
        return {str(one.metadata.get(_ID) or one.id): str(one.metadata.get(HASH, "")) for one in found}

    def ids(self) -> Iterable[str] | None:
        """See `mirrored.Target.ids`."""
        return [*self._store.store] if isinstance(self._store, InMemoryVectorStore) else None

    def _there(self) -> bool:
        """Milvus's makes its collection with the first document, and fails before at everything else."""
        return getattr(self._store, "col", self) is not None


class LangChainDocuments:
    """A LangChain `BaseStore`: of bytes, JSON for each document; of anything else, a `Document`."""

    def __init__(self, store: BaseStore[str, Any]) -> None:
        """Keep the store."""
        self._store = store
        self._bytes = _holds_bytes(type(store))

    def put(self, items: Sequence[DocumentItem]) -> None:
        """See `mirrored.DocumentTarget.put`."""
        self._store.mset([(item.id, self._value(item)) for item in items])

    def remove(self, ids: Sequence[str]) -> None:
        """See `mirrored.Target.remove`."""
        there = self.held(ids)
        if there:
            self._store.mdelete([*there])

    def held(self, ids: Sequence[str]) -> Mapping[str, str]:
        """See `mirrored.Target.held`."""
        values = zip(ids, self._store.mget(list(ids)), strict=True)
        return {one: self._hash(value) for one, value in values if value is not None}

    def ids(self) -> Iterable[str] | None:
        """See `mirrored.Target.ids`."""
        return [str(key) for key in self._store.yield_keys()]

    def _value(self, item: DocumentItem) -> bytes | Document:
        own = {"title": item.title, "source": item.source}
        if self._bytes:
            value = {"text": item.text, "metadata": dict(item.metadata), **own, HASH: item.hash}
            return json.dumps(value, ensure_ascii=False).encode()
        return Document(id=item.id, page_content=item.text, metadata={**own, **item.metadata, HASH: item.hash})

    def _hash(self, value: Any) -> str:
        if isinstance(value, Document):
            return str(value.metadata.get(HASH, ""))
        try:
            told = json.loads(value)
        except (TypeError, ValueError):
            return "unreadable"
        return str(told.get(HASH, "")) if isinstance(told, dict) else "unreadable"


def _stored_embeddings(store: VectorStore) -> StoredEmbeddings:
    """What a store embeds with.

    Raises:
        ConfigurationError: It is another model.
    """
    places = ("embeddings", "embedding_function", "embedding", "_embeddings", "_embedding_function", "_embedding")
    given = [getattr(store, place, None) for place in places]
    found = next((one for one in given if isinstance(one, StoredEmbeddings)), None)
    if found is None:
        raise ConfigurationError(
            f"Stores(vectors={type(store).__name__}(...)): this store would embed every chunk once more; make it with "
            "lightrag_integrations.langchain.StoredEmbeddings() as its embedding, which hands it the index's vectors"
        )
    return found


def _holds_bytes(store: type) -> bool:
    """Whether the store's class says that its values are bytes."""
    return any(
        issubclass(get_origin(base) or base, BaseStore) and bytes in get_args(base)
        for one in store.__mro__
        for base in getattr(one, "__orig_bases__", ())
        if isinstance(get_origin(base) or base, type)
    )
