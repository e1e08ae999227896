"""`LightRAGVectorStore`: an index behind LangChain's vector store interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import LangSmithRetrieverParams
from langchain_core.vectorstores import VectorStoreRetriever

from lightrag_integrations import ConfigurationError, InputError, LightRAGIndex
from lightrag_integrations.given import checked
from lightrag_integrations.langchain.convert import one_chunk_each, store_options
from lightrag_integrations.langchain.graph_store import GraphDocuments
from lightrag_integrations.langchain.retriever import LightRAGRetriever, ls_params
from lightrag_integrations.langchain.vector_search import Where, is_mode, nothing_else

__all__ = ["LightRAGVectorStore"]


class LightRAGVectorStore(GraphDocuments):
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
            InputError: It is no handle.
        """
        if index is not None:
            checked(index, LightRAGIndex, name="index", hint='LightRAGIndex("NAME"), or name="NAME" without index=')
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
            **kwargs: `ids`, in place of the documents' own (missing ones are made). `batch_size`, from `index()`, says
                nothing here.

        Returns:
            The ids, in order.

        Raises:
            LightRAGError: A document can't be stored; none is.
        """
        ids, items = _items(documents, **kwargs)
        options = store_options(self.index, len(items), self.build_graph)
        self.index.ingest(items, options=options).raise_if_failed()
        return ids

    async def aadd_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[str]:
        """Like `add_documents`."""
        ids, items = _items(documents, **kwargs)
        options = store_options(self.index, len(items), self.build_graph)
        (await self.index.aingest(items, options=options)).raise_if_failed()
        return ids

    def delete(self, ids: list[str] | None = None, *, filter: Where = None, **others: Any) -> bool:
        """Delete documents, withdrawing what they contributed to the graph; unknown ids are no error.

        Args:
            ids: Of the documents.
            filter: Only those that pass; without ids, all that pass.
            **others: Refused.

        Raises:
            InputError: Neither was given. That would be everything in the index, whoever stored it.
        """
        wanted = _some(ids, filter, others)
        if filter is not None:
            wanted = [hit.chunk_id for hit in self.index.documents.chunks(ids, filter=filter)]
        self.index.documents.delete_chunks(wanted)
        return True

    async def adelete(self, ids: list[str] | None = None, *, filter: Where = None, **others: Any) -> bool:
        """Like `delete`."""
        wanted = _some(ids, filter, others)
        if filter is not None:
            wanted = [hit.chunk_id for hit in await self.index.documents.achunks(ids, filter=filter)]
        await self.index.documents.adelete_chunks(wanted)
        return True

    def as_retriever(self, **kwargs: Any) -> Any:
        """A retriever: LangChain's own for `similarity`, `mmr` and `similarity_score_threshold`, ours for a mode.

        Args:
            **kwargs: `search_type`, `search_kwargs` (for a mode: fields of `LightRAGRetriever` and of `QueryOptions`),
                `tags`, `metadata`, …

        Raises:
            InputError: There is no such `search_type`.
        """
        search_type = kwargs.pop("search_type", "similarity")
        tags = [*(kwargs.pop("tags", None) or ()), *self._get_retriever_tags()]
        if not is_mode(search_type):
            return _StoreRetriever(vectorstore=self, search_type=search_type, tags=tags, **kwargs)
        given = {**kwargs.pop("search_kwargs", {}), "mode": search_type}
        return LightRAGRetriever.with_fields(self.index, given, tags=tags, **kwargs)

    def _get_retriever_tags(self) -> list[str]:
        return [type(self).__name__, self.index.describe()["embed_provider"]]

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


class _StoreRetriever(VectorStoreRetriever):
    """LangChain's, which doesn't know the embedding model behind a handle."""

    def _get_ls_params(self, **kwargs: Any) -> LangSmithRetrieverParams:
        params = super()._get_ls_params(**kwargs)
        index = self.vectorstore.index if isinstance(self.vectorstore, LightRAGVectorStore) else None
        return params if index is None else LangSmithRetrieverParams(**{**params, **ls_params(index)})


def _items(
    documents: Sequence[Document],
    *,
    ids: Sequence[str | None] | None = None,
    batch_size: int | None = None,
    **others: Any,
) -> tuple[list[str], list[Any]]:
    nothing_else(others)
    return one_chunk_each(documents, ids)


def _some(ids: list[str] | None, where: Where, others: dict[str, Any]) -> list[str]:
    """The ids. A variable that happens to be None must not empty an index that others store in, too."""
    nothing_else(others)
    if isinstance(ids, str):
        raise InputError(f"ids: got {ids!r}; expected a list of ids, [{ids!r}]")
    if ids is None and not where:
        raise InputError(
            "delete: got neither ids nor a filter; expected a list of ids, or filter={...}. Whole documents go by "
            "index.documents.delete([...]), everything by index.drop()"
        )
    return ids or []
