"""`LightRAGIngestor`: documents into an index, as a Runnable and as a document transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict, Field

from lightrag_integrations import IngestOptions, IngestReport, LightRAGIndex
from lightrag_integrations.langchain.convert import without_evidence
from lightrag_integrations.langchain.graph_documents import is_graph_document, one_chunk_for_each_source

__all__ = ["LightRAGIngestor"]


class LightRAGIngestor(RunnableSerializable[Sequence[Document], IngestReport], BaseDocumentTransformer):
    """Splits, extracts, embeds and stores documents.

    As a Runnable it takes documents and gives the report: `loader_chain | LightRAGIngestor(index=index)`. As a document
    transformer it gives back the documents, each a copy with the id under which the index knows it.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    index: LightRAGIndex = Field(exclude=True)
    """The handle to store in."""
    options: IngestOptions | None = None
    """None: the handle's defaults."""
    on_existing: Literal["replace", "upsert_chunks"] | None = None
    """See `IngestOptions.on_existing`."""
    on_invalid: Literal["raise", "skip"] | None = None
    """See `IngestOptions.on_invalid`."""
    show_progress: bool = False
    """Draw progress bars on standard error."""

    def invoke(self, input: Sequence[Document], config: RunnableConfig | None = None, **kwargs: Any) -> IngestReport:
        """Ingest documents.

        Args:
            input: The documents; a single one, plain texts and graph documents of other packages will do, too. What a
                graph document says is taken as it stands, as said by its source, which is not split.
            config: Callbacks, tags and metadata of the run.
            **kwargs: Fields of this component, for this call only.

        Returns:
            Counts, and the reason for each document that failed.
        """
        return self._call_with_config(self._ingest, input, config, **kwargs)

    async def ainvoke(
        self, input: Sequence[Document], config: RunnableConfig | None = None, **kwargs: Any
    ) -> IngestReport:
        """Like `invoke`."""
        return await self._acall_with_config(self._aingest, input, config, **kwargs)

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> Sequence[Document]:
        """Ingest documents and give them back.

        Args:
            documents: The documents; not changed.
            **kwargs: Fields of this component, for this call only.

        Returns:
            Copies that carry the ids under which the index knows them.
        """
        return _with_ids(documents, self.invoke(documents, **kwargs))

    async def atransform_documents(self, documents: Sequence[Document], **kwargs: Any) -> Sequence[Document]:
        """Like `transform_documents`."""
        return _with_ids(documents, await self.ainvoke(documents, **kwargs))

    def _ingest(self, documents: Sequence[Document], **fields: Any) -> IngestReport:
        return self.index.ingest(_listed(documents), **self._fields(fields))

    async def _aingest(self, documents: Sequence[Document], **fields: Any) -> IngestReport:
        return await self.index.aingest(_listed(documents), **self._fields(fields))

    def _fields(self, given: dict[str, Any]) -> dict[str, Any]:
        names = ("options", "on_existing", "on_invalid", "show_progress")
        return {**{name: getattr(self, name) for name in names}, **given}


def _listed(given: Sequence[Any]) -> list[Any]:
    """What was given, without evidence; what is neither a document nor a graph document is the handle's to judge."""
    items = [given] if isinstance(given, Document | str) or is_graph_document(given) else given
    plain = [without_evidence(item) if isinstance(item, Document) else item for item in items]
    graphs = [item for item in plain if is_graph_document(item)]
    return [*(item for item in plain if not is_graph_document(item)), *one_chunk_for_each_source(graphs)[1]]


def _with_ids(documents: Sequence[Document], report: IngestReport) -> list[Document]:
    plain = all(isinstance(document, Document) for document in documents)
    if not plain or len(report.document_ids) != len(documents):  # some were skipped: their ids are theirs to know
        return [document.model_copy() if isinstance(document, Document) else document for document in documents]
    pairs = zip(documents, report.document_ids, strict=True)
    return [document.model_copy(update={"id": document_id}) for document, document_id in pairs]
