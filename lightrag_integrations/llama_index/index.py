"""`LightRAGPropertyGraphIndex`: a handle as a LlamaIndex index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from llama_index.core.callbacks import CallbackManager
from llama_index.core.chat_engine.types import BaseChatEngine, ChatMode
from llama_index.core.data_structs.data_structs import IndexLPG
from llama_index.core.graph_stores.types import PropertyGraphStore
from llama_index.core.indices.base import BaseIndex
from llama_index.core.ingestion import arun_transformations, run_transformations
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import BaseNode, Document, TransformComponent
from llama_index.core.storage.docstore.types import RefDocInfo
from llama_index.core.storage.storage_context import StorageContext

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.given import checked
from lightrag_integrations.llama_index.engines import chat_engine, query_engine
from lightrag_integrations.llama_index.merging import amerge, merge
from lightrag_integrations.llama_index.property_graph import LightRAGPropertyGraphStore
from lightrag_integrations.llama_index.query_engine import LightRAGQueryEngine
from lightrag_integrations.llama_index.refdocs import (
    emptied,
    handle_of,
    hashes,
    infos,
    made_of,
    of_documents,
    whole,
    without_objects,
)
from lightrag_integrations.llama_index.retriever import LightRAGRetriever
from lightrag_integrations.llama_index.transform import LightRAGTransform
from lightrag_integrations.llama_index.vector_store import LightRAGVectorStore
from lightrag_integrations.options import merged

__all__ = ["LightRAGPropertyGraphIndex"]


class LightRAGPropertyGraphIndex(BaseIndex[IndexLPG]):
    """What `PropertyGraphIndex` is for, over a handle: documents in, retrievers and engines out.

    It is a `BaseIndex`, so that whatever asks for one takes it. But PostgreSQL is the only truth: the methods that
    would fill LlamaIndex's docstore, in which a second process or a restart finds nothing, are all overridden, and
    that docstore stays empty. So `ref_doc_info` and `refresh_ref_docs` are right in every process; an inserted document
    takes the place of the one with its id, in one transaction; entities that several documents describe are merged; and
    every `a…` method is asynchronous to the end, inside running loops, too (as far as the transformations given are).

    Without `transformations` and `kg_extractors` the handle splits documents itself. The handle's models do all the
    work; `Settings.llm` is looked at for answers only, when neither call nor handle names a model, and never set.
    """

    index_struct_cls = IndexLPG

    def __init__(
        self,
        index: LightRAGIndex,
        *,
        nodes: Sequence[BaseNode] | None = None,
        transformations: Sequence[TransformComponent] | None = None,
        kg_extractors: Sequence[TransformComponent] | None = None,
        show_progress: bool = False,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        """Keep the handle.

        Args:
            index: The handle.
            nodes: Inserted at once.
            transformations: Make nodes of documents in place of the handle's splitter.
            kg_extractors: In place of the handle's extraction; applied to nodes after the transformations (a
                `SentenceSplitter` where there are none).
            show_progress: Draw progress bars on standard error.
            callback_manager: See LlamaIndex; None: that of `Settings`.
        """
        self.index = checked(index, LightRAGIndex, name="index")
        store = LightRAGVectorStore(index=index, build_graph=True)
        self._property_graph_store = LightRAGPropertyGraphStore(index)
        super().__init__(
            index_struct=IndexLPG(index_id=index.name),
            storage_context=StorageContext.from_defaults(
                vector_store=store, property_graph_store=self._property_graph_store
            ),
            callback_manager=callback_manager,
            transformations=[*(transformations or [LightRAGTransform(index=index)])],  # else `Settings` would be filled
            show_progress=show_progress,
        )
        first = transformations or ([SentenceSplitter()] if kg_extractors else [])
        self._chain = [*first, *(kg_extractors or ())]
        self._store = store
        if nodes:
            self.insert_nodes(nodes)

    @property
    def property_graph_store(self) -> PropertyGraphStore:
        """The same graph for LlamaIndex's own graph retrievers."""
        return self._property_graph_store

    # --- made from ------------------------------------------------------------------------------------------------

    @classmethod
    def from_documents(
        cls,
        documents: Sequence[Document],
        storage_context: StorageContext | None = None,
        show_progress: bool = False,
        callback_manager: CallbackManager | None = None,
        transformations: Sequence[TransformComponent] | None = None,
        *,
        index: LightRAGIndex | None = None,
        **kwargs: Any,
    ) -> Self:
        """Insert documents; those that are stored unchanged cost nothing.

        Args:
            documents: What to insert.
            storage_context: Where its vector store is a `LightRAGVectorStore`, it names the handle.
            show_progress: Draw progress bars on standard error.
            callback_manager: See LlamaIndex.
            transformations: See the class.
            index: The handle.
            **kwargs: `kg_extractors`, see the class.

        Raises:
            ConfigurationError: There is no handle.
            InputError: An argument is unknown, or these are no documents.
            LightRAGError: A document could not be stored; says which and why.
        """
        fields = {"show_progress": show_progress, "callback_manager": callback_manager, **kwargs}
        made = cls(handle_of(index, storage_context, kwargs), transformations=transformations, **fields)
        # What the handle splits it compares itself, with the options of splitting, too.
        made.refresh_ref_docs(documents) if made._chain else made._put(documents)
        return made

    @classmethod
    async def afrom_documents(
        cls,
        documents: Sequence[Document],
        storage_context: StorageContext | None = None,
        *,
        index: LightRAGIndex | None = None,
        **kwargs: Any,
    ) -> Self:
        """Like `from_documents`."""
        made = cls(handle_of(index, storage_context, kwargs), **kwargs)
        await (made.arefresh_ref_docs(documents) if made._chain else made._aput(documents))
        return made

    @classmethod
    def from_existing(
        cls, index: LightRAGIndex | None = None, *, storage_context: StorageContext | None = None, **kwargs: Any
    ) -> Self:
        """What the handle holds already, whoever stored it; see the class for the arguments."""
        return cls(handle_of(index, storage_context, kwargs), **kwargs)

    # --- documents ------------------------------------------------------------------------------------------------

    def insert(self, document: Document, **insert_kwargs: Any) -> None:
        """Insert a document, in place of the one with its id."""
        self._put([document])

    async def ainsert(self, document: Document, **insert_kwargs: Any) -> None:
        """Like `insert`."""
        await self._aput([document])

    def update_ref_doc(self, document: Document, **update_kwargs: Any) -> None:
        """The same as `insert`: readers see the old version until the new one is whole."""
        self._put([document])

    async def aupdate_ref_doc(self, document: Document, **update_kwargs: Any) -> None:
        """Like `update_ref_doc`."""
        await self._aput([document])

    def refresh_ref_docs(self, documents: Sequence[Document], **update_kwargs: Any) -> list[bool]:
        """Insert the documents of which text or metadata changed, and the new ones; which those were."""
        known = hashes(self.index.documents.chunks(filter=of_documents(documents)) if documents else [])
        changed = [known.get(document.id_) != document.hash for document in documents]
        if any(changed):
            self._put([document for document, new in zip(documents, changed, strict=True) if new])
        return changed

    async def arefresh_ref_docs(self, documents: Sequence[Document], **update_kwargs: Any) -> list[bool]:
        """Like `refresh_ref_docs`."""
        known = hashes(await self.index.documents.achunks(filter=of_documents(documents)) if documents else [])
        changed = [known.get(document.id_) != document.hash for document in documents]
        if any(changed):
            await self._aput([document for document, new in zip(documents, changed, strict=True) if new])
        return changed

    def delete_ref_doc(self, ref_doc_id: str, delete_from_docstore: bool = False, **delete_kwargs: Any) -> None:
        """Delete a document and withdraw what it contributed to the graph; an unknown one is no error."""
        self.index.documents.delete([ref_doc_id])

    async def adelete_ref_doc(self, ref_doc_id: str, delete_from_docstore: bool = False, **delete_kwargs: Any) -> None:
        """Like `delete_ref_doc`."""
        await self.index.documents.adelete([ref_doc_id])

    # --- nodes ----------------------------------------------------------------------------------------------------

    def insert_nodes(self, nodes: Sequence[BaseNode], **insert_kwargs: Any) -> None:
        """Insert nodes, in place of those with their ids; others of their documents stay."""
        self._store.add(without_objects(nodes, self._object_map))

    async def ainsert_nodes(self, nodes: Sequence[BaseNode], **insert_kwargs: Any) -> None:
        """Like `insert_nodes`."""
        await self._store.async_add(without_objects(nodes, self._object_map))

    def delete_nodes(self, node_ids: list[str], delete_from_docstore: bool = False, **delete_kwargs: Any) -> None:
        """Delete nodes and withdraw what they contributed; a document without nodes goes, too."""
        self.index.documents.delete_chunks(node_ids)

    async def adelete_nodes(
        self, node_ids: list[str], delete_from_docstore: bool = False, **delete_kwargs: Any
    ) -> None:
        """Like `delete_nodes`."""
        await self.index.documents.adelete_chunks(node_ids)

    @property
    def ref_doc_info(self) -> dict[str, RefDocInfo]:
        """Node ids and metadata of every document, read from the database."""
        return infos(self.index.documents.chunks())

    async def aref_doc_info(self) -> dict[str, RefDocInfo]:
        """Like `ref_doc_info`."""
        return infos(await self.index.documents.achunks())

    # --- questions ------------------------------------------------------------------------------------------------

    def as_retriever(self, **kwargs: Any) -> LightRAGRetriever:
        """A retriever; arguments as `LightRAGRetriever` takes them."""
        return LightRAGRetriever(self.index, **self._given(kwargs))

    def as_query_engine(self, llm: Any = None, **kwargs: Any) -> LightRAGQueryEngine:
        """A query engine.

        Args:
            llm: Whatever a handle takes as `llm`; None: the handle's, and `Settings.llm` where it has none.
            **kwargs: Of `LightRAGRetriever` and of `LightRAGQueryEngine.from_args`.

        Raises:
            InputError: An argument is neither's.
            ConfigurationError: There is no model.
        """
        return query_engine(self.index, llm, self._given(kwargs))

    def as_chat_engine(self, chat_mode: ChatMode = ChatMode.BEST, llm: Any = None, **kwargs: Any) -> BaseChatEngine:
        """A chat engine.

        Args:
            chat_mode: `best` is `condense_plus_context`; also `context`, `condense_question`, `simple`.
            llm: See `as_query_engine`.
            **kwargs: Of `LightRAGRetriever` and of the chat engine's `from_defaults`.

        Raises:
            InputError: An argument is neither's, or the mode is another one.
            ConfigurationError: There is no model.
        """
        return chat_engine(self.index, ChatMode(chat_mode), llm, self._given(kwargs))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _put(self, documents: Sequence[Document]) -> None:
        bars = self._show_progress
        with self._callback_manager.as_trace("insert"):
            nodes = run_transformations(whole(documents), self._chain, show_progress=bars) if self._chain else None
            made = made_of(documents, nodes)
            merge(self.index, made, self._replacing(), show_progress=bars)
            if gone := emptied(documents, made):
                self.index.documents.delete(gone)

    async def _aput(self, documents: Sequence[Document]) -> None:
        bars = self._show_progress
        with self._callback_manager.as_trace("insert"):
            nodes = (
                await arun_transformations(whole(documents), self._chain, show_progress=bars) if self._chain else None
            )
            made = made_of(documents, nodes)
            await amerge(self.index, made, self._replacing(), show_progress=bars)
            if gone := emptied(documents, made):
                await self.index.documents.adelete(gone)

    def _given(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {"callback_manager": self._callback_manager, "object_map": self._object_map, **settings}

    def _replacing(self) -> Any:
        return merged(self.index.options.ingest, {"on_existing": "replace"})

    def _insert(self, nodes: Sequence[BaseNode], **insert_kwargs: Any) -> None:
        self._store.add(nodes)

    def _delete_node(self, node_id: str, **delete_kwargs: Any) -> None:
        self.index.documents.delete_chunks([node_id])

    def _build_index_from_nodes(self, nodes: Sequence[BaseNode], **build_kwargs: Any) -> IndexLPG:
        self._store.add(nodes)
        return IndexLPG(index_id=self.index.name)
