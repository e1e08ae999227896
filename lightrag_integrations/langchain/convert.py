"""Between LangChain's types and ours."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config

from lightrag_integrations import Chunk, Hit, IngestOptions, InputError, LightRAGIndex
from lightrag_integrations import Document as OurDocument
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.options import merged

__all__ = [
    "RESERVED",
    "HandleEmbeddings",
    "checked_filter",
    "child_config",
    "found",
    "one_chunk",
    "one_chunk_each",
    "store_options",
    "stored",
    "to_hits",
    "without_evidence",
]

RESERVED = "lightrag"
"""Metadata key of a retrieved document that holds its ids, score and evidence."""
_SOURCES = ("source", "file_path", "url")


def found(hit: Hit, mode: str) -> Document:
    """A hit as the retriever returns it: stored metadata, and the evidence under one reserved key."""
    metadata = {**hit.visible_metadata, RESERVED: hit.summary(mode)}
    return Document(id=hit.chunk_id, page_content=hit.text, metadata=metadata)


def stored(hit: Hit) -> Document:
    """A hit as the vector store returns it: exactly what was added."""
    return Document(id=hit.chunk_id, page_content=hit.text, metadata=hit.visible_metadata)


def without_evidence(document: Document) -> Document:
    """A document as it was stored, in case it came out of our retriever; what else is under the key is the user's."""
    if not _evidence(document.metadata):
        return document
    metadata = {key: value for key, value in document.metadata.items() if key != RESERVED}
    return document.model_copy(update={"metadata": metadata})


def one_chunk_each(
    documents: Sequence[Document], ids: Sequence[str | None] | None = None
) -> tuple[list[str], list[OurDocument]]:
    """Documents of one chunk each, and their ids: those given, the documents' own, or new ones.

    Of documents with the same id the last counts, as if they had been added one after the other.
    """
    if ids is not None and len(ids) != len(documents):
        raise InputError(f"ids: got {len(ids)} for {len(documents)} documents; expected one for each, or none at all")
    given = ids or [None] * len(documents)
    keys = [key or document.id or str(uuid.uuid4()) for key, document in zip(given, documents, strict=True)]
    latest = dict(zip(keys, documents, strict=True))
    return keys, [one_chunk(key, document) for key, document in latest.items()]


def one_chunk(key: str, document: Document) -> OurDocument:
    """A document of one chunk, both under this id."""
    clean = without_evidence(document)
    title, source = _text(clean.metadata, "title"), _text(clean.metadata, *_SOURCES)
    text = clean.page_content
    chunk = Chunk(id=key, document_id=key, text=text, end=len(text), title=title, metadata=clean.metadata)
    return OurDocument(id=key, text=text, title=title, source=source, metadata=clean.metadata, chunks=(chunk,))


def store_options(index: LightRAGIndex, count: int, build_graph: bool) -> IngestOptions:
    """Options under which `count` documents are stored in one transaction, with or without the graph."""
    return merged(index.options.ingest, {"commit_documents": max(count, 1), "extract": build_graph})


def to_hits(documents: Sequence[Document]) -> list[Hit]:
    """Documents as hits, for a reranker; each gets a chunk id of its own, its position where it has none."""
    hits: dict[str, Hit] = {}
    for position, document in enumerate(documents):
        summary = _evidence(document.metadata)
        chunk_id = document.id or f"#{position}"
        while chunk_id in hits:
            chunk_id += f"#{position}"
        hits[chunk_id] = Hit(
            chunk_id=chunk_id,
            document_id=summary.get("document_id", ""),
            text=document.page_content,
            score=summary.get("score", 0.0),
            title=summary.get("title") or _text(document.metadata, "title"),
            source=summary.get("source") or _text(document.metadata, *_SOURCES),
            position=position,
            metadata=without_evidence(document).metadata,
        )
    return list(hits.values())


def child_config(callbacks: Callbacks) -> RunnableConfig:
    """The running configuration with these callbacks, so that model calls become children of this run."""
    config = ensure_config()
    if callbacks is not None:
        config["callbacks"] = callbacks
        for name in ("run_name", "run_id"):  # they are this run's, not its children's
            config.pop(name, None)  # type: ignore[misc]
    return config


def checked_filter(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """The filter as it was given, once it is one: told where it is written down, not at the first search."""
    parse_filter(value)
    return value


class HandleEmbeddings(Embeddings):
    """The handle's embedding model as LangChain sees one."""

    def __init__(self, index: LightRAGIndex) -> None:
        """Keep the handle."""
        self._index = index

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Vectors of texts to be found."""
        return self._index.embed(texts, kind="document")

    def embed_query(self, text: str) -> list[float]:
        """Vector of a question."""
        return self._index.embed([text], kind="query")[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Like `embed_documents`."""
        return await self._index.aembed(texts, kind="document")

    async def aembed_query(self, text: str) -> list[float]:
        """Like `embed_query`."""
        return (await self._index.aembed([text], kind="query"))[0]


def _evidence(metadata: dict[str, Any]) -> dict[str, Any]:
    """What our retriever put beside the stored metadata; empty when there is nothing of ours."""
    found = metadata.get(RESERVED)
    return found if isinstance(found, dict) and {"chunk_id", "document_id", "score", "mode"} <= found.keys() else {}


def _text(metadata: dict[str, Any], *keys: str) -> str:
    """The first of these that is text."""
    values = (metadata.get(key) for key in keys)
    return next((value for value in values if isinstance(value, str) and value), "")
