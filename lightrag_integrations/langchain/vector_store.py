"""`LightRAGVectorStore`: an index behind LangChain's vector store interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStoreRetriever

from lightrag_integrations import ConfigurationError, InputError, LightRAGIndex
from lightrag_integrations.langchain.convert import (
    one_chunk_each,
    store_options,
)
from lightrag_integrations.langchain.retriever import LightRAGRetriever
from lightrag_integrations.langchain.vector_search import VectorSearch
from lightrag_integrations.options import MODES

__all__ = ["LightRAGVectorStore"]


class LightRAGVectorStore(VectorSearch):
    """One document is one chunk under the id given, and comes back as it was added.

    Adding makes vectors and keyword postings only, so that it needs no language model; `build_graph=True` builds the
    graph, too. `as_retriever(search_type="mix")`, or any other mode, gives a `LightRAGRetriever`.
    """

    def __init__(
        self,
        *,
        index: LightRAGIndex | None = None,
        embedding: Embeddings | None = None,
        name: str = "default",
        database: Any = None,
        build_graph: bool = False,
    ) -> None:
        """Use a handle, or make one.

        Args:
            index: The handle; its embedding model is used.
            embedding: Without a handle: the embedding model of the one that is made.
            name: Without a handle: the name of the index.
            database: Without a handle: see `LightRAGIndex`.
            build_graph: Extract entities and relations from what is added.

        Raises:
            ConfigurationError: Both a handle and an embedding model were given.
        """
        if index is not None and embedding is not None:
            raise ConfigurationError(
                "got index= and embedding=; an index holds vectors of one model, so give the model to the handle: "
                "LightRAGIndex(embed_model=...)"
            )
        self.index = index or LightRAGIndex(name, database=database, embed_model=embedding)
        self.build_graph = build_graph

    def add_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[str]:
        """Add documents, or replace those with the same ids, in one transaction.

        Args:
            documents: The documents; not changed.
            **kwargs: `ids`, in place of the documents' own (missing ones are made); others are ignored.

        Returns:
            The ids, in order.
        """
        ids, items = one_chunk_each(documents, kwargs.get("ids"))
        options = store_options(self.index, len(items), self.build_graph)
        self.index.ingest(items, options=options).raise_if_failed()
        return ids

    async def aadd_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[str]:
        """Like `add_documents`."""
        ids, items = one_chunk_each(documents, kwargs.get("ids"))
        options = store_options(self.index, len(items), self.build_graph)
        (await self.index.aingest(items, options=options)).raise_if_failed()
        return ids

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool:
        """Delete by id, withdrawing what was contributed to the graph; unknown ids are no error. None: delete all."""
        if ids is None:
            self.index.documents.delete([document.id for document in self.index.documents.list()])
        else:
            self.index.documents.delete_chunks(_listed(ids))
        return True

    async def adelete(self, ids: list[str] | None = None, **_: Any) -> bool:
        """Like `delete`."""
        if ids is None:
            await self.index.documents.adelete([document.id for document in await self.index.documents.alist()])
        else:
            await self.index.documents.adelete_chunks(_listed(ids))
        return True

    def as_retriever(self, **kwargs: Any) -> Any:
        """A retriever: LangChain's own for `similarity`, `mmr` and `similarity_score_threshold`, ours for a mode.

        Args:
            **kwargs: `search_type`, `search_kwargs` (for ours: fields of `LightRAGRetriever`), `tags`, `metadata`, …

        Raises:
            InputError: There is no such `search_type`.
        """
        mode = kwargs.get("search_type", "similarity")
        theirs = tuple(VectorStoreRetriever.allowed_search_types)
        if mode in theirs:
            return super().as_retriever(**kwargs)
        if mode not in MODES:
            raise InputError(f"search_type: got {mode!r}; expected one of {', '.join((*theirs, *MODES))}")
        others = {name: value for name, value in kwargs.items() if name not in ("search_type", "search_kwargs")}
        return LightRAGRetriever(index=self.index, mode=mode, **kwargs.get("search_kwargs", {}), **others)

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings | None = None,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Make a store and add texts.

        Args:
            texts: The texts.
            embedding: The embedding model; leave out with `index=`.
            metadatas: One for each text.
            ids: One for each text; missing ones are made.
            **kwargs: Arguments of the constructor.
        """
        store = cls(embedding=embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    async def afrom_texts(
        cls,
        texts: list[str],
        embedding: Embeddings | None = None,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Like `from_texts`."""
        store = cls(embedding=embedding, **kwargs)
        await store.aadd_texts(texts, metadatas, ids=ids)
        return store


def _listed(ids: list[str]) -> list[str]:
    if isinstance(ids, str):
        raise InputError(f"ids: got {ids!r}; expected a list of ids, [{ids!r}]")
    return ids
