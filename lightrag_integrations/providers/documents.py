"""Documents of other makes, recognised by their attributes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.providers.naming import has, type_name

__all__ = ["adopt_document", "adopt_documents", "adopt_portions"]

_PORTION_DOCUMENTS = 2000
_PORTION_CHARACTERS = 4_000_000
_SOURCES = ("source", "file_path", "url")


def adopt_document(obj: object) -> Document:
    """Our `Document` for a text or a document of LangChain or LlamaIndex.

    A LlamaIndex node becomes one chunk of the document it came from (`ref_doc_id`; without one, of a document with the
    node's own id). `title` and `source` are taken from the metadata where they stand there. Nothing of the original is
    changed or shared.

    Args:
        obj: Text, a `Document` of ours, of LangChain or of LlamaIndex, or a LlamaIndex node.

    Raises:
        InputError: It is none of these.
    """
    document = _adopted(obj)
    if document is None:
        raise InputError(f"{_got(obj)}; {_EXPECTED}")
    return document


def adopt_documents(inputs: object) -> list[Document]:
    """Our `Document`s for one thing that `adopt_document` takes, or for an iterable of them.

    LlamaIndex nodes of one document are put together as its chunks, in the order given, where the first of them stood.

    Args:
        inputs: The thing or things.

    Raises:
        InputError: Something else is among them; each is named by its position and type.
    """
    single = _adopted(inputs)
    if single is not None:
        return [single]
    if isinstance(inputs, bytes | bytearray | Mapping) or not isinstance(inputs, Iterable):
        read = _FILES if isinstance(inputs, os.PathLike) else ""
        raise InputError(f"{_got(inputs)}; {_EXPECTED}, or an iterable of these{read}")
    gathered = _Gathered()
    for position, item in enumerate(inputs):
        gathered.add(position, item)
    return gathered.documents()


def adopt_portions(inputs: object) -> Iterator[list[Document]]:
    """Like `adopt_documents`, an iterator (a generator, rows of a cursor) in portions, each read when it is asked for.

    Anything else, a list for one, is a single portion. LlamaIndex nodes of one document stay together: they have to
    come one after the other.

    Args:
        inputs: The thing or things.

    Raises:
        InputError: Something else is among them, or nodes of a document that was in an earlier portion.
    """
    if not isinstance(inputs, Iterator):
        yield adopt_documents(inputs)
        return
    gathered = _Gathered()
    for position, item in enumerate(inputs):
        if gathered.full and not gathered.waits_for(item):
            yield gathered.documents()
            gathered = _Gathered(over=gathered.nodes)
        gathered.add(position, item)
    yield gathered.documents()


class _Gathered:
    """Documents adopted one by one."""

    def __init__(self, *, over: Set[str] = frozenset()) -> None:
        """Nothing yet.

        Args:
            over: Documents whose nodes were handed on already.
        """
        self._grouped: dict[tuple[str, object], Document] = {}
        self._over = over
        self._nodes: set[str] = set()
        self._problems: list[str] = []
        self._unknown = False
        self._characters = 0

    @property
    def full(self) -> bool:
        """There is enough for a portion."""
        return len(self._grouped) >= _PORTION_DOCUMENTS or self._characters >= _PORTION_CHARACTERS

    @property
    def nodes(self) -> Set[str]:
        """Ids of documents that came as nodes, those handed on already among them."""
        return self._over | self._nodes

    def waits_for(self, item: object) -> bool:
        """The item is a node of a document begun here."""
        node = _unscored(item)
        return bool(self._nodes) and _is_node(node) and _home(node) in self._nodes

    def add(self, position: int, item: object) -> None:
        """Adopt one thing."""
        document = _adopted(item)
        if document is None:
            self._problems.append(f"item {position}: {_got(item)}")
            self._unknown = True
            return
        # Only nodes are put together: two documents with one id are for the caller to sort out.
        node = _is_node(_unscored(item))
        if node and document.id in self._over:
            self._problems.append(f"item {position}: a node of document {document.id!r:.80}, {_APART}")
        key = ("node", document.id) if node else ("item", position)
        if node:
            self._nodes.add(document.id)
        self._characters += len(document.text) + sum(len(chunk.text) for chunk in document.chunks or ())
        self._grouped[key] = _joined(self._grouped[key], document) if key in self._grouped else document

    def documents(self) -> list[Document]:
        """All of them.

        Raises:
            InputError: Some things were none; each is named by its position and type.
        """
        if self._problems:
            shown = "; ".join([*self._problems[:5], *([_EXPECTED] if self._unknown else [])])
            raise InputError(f"{len(self._problems)} unusable inputs: {shown}", tuple(self._problems))
        return list(self._grouped.values())


_APART = (
    "whose others came earlier in this stream and are stored by now; let nodes of a document follow each other, "
    "or give a list"
)
_FILES = "; files are read by `lightrag ingest`, or by a loader of either framework"
_EXPECTED = "expected text, a Document (ours, LangChain's or LlamaIndex's) or a LlamaIndex node"


def _adopted(obj: object) -> Document | None:
    obj = _unscored(obj)
    if isinstance(obj, Document):
        return obj
    if isinstance(obj, str):
        return Document(text=obj)
    if isinstance(obj, type):
        return None
    if isinstance(getattr(obj, "page_content", None), str):
        return _from_langchain(obj)
    if _is_node(obj):
        return _from_node(obj)
    if has(obj, "get_content") and isinstance(getattr(obj, "doc_id", None), str):
        return _from_llama_index(obj)
    return None


def _from_langchain(obj: Any) -> Document:
    metadata = _metadata(obj)
    given = getattr(obj, "id", None)
    return Document(
        text=obj.page_content,
        id="" if given is None else str(given),
        title=_text(metadata, "title"),
        source=_text(metadata, *_SOURCES),
        metadata=metadata,
    )


def _from_llama_index(obj: Any) -> Document:
    metadata = _metadata(obj)
    return Document(
        text=obj.get_content(),
        id=obj.doc_id,
        title=_text(metadata, "title"),
        source=_text(metadata, *_SOURCES),
        metadata=metadata,
    )


def _from_node(obj: Any) -> Document:
    metadata = _metadata(obj)
    text = obj.get_content(metadata_mode="none")
    document_id = _home(obj)
    start = getattr(obj, "start_char_idx", None) or 0
    chunk = Chunk(
        id=obj.node_id,
        document_id=document_id,
        text=text,
        start=start,
        end=getattr(obj, "end_char_idx", None) or start + len(text),
        title=_text(metadata, "title"),
        metadata=metadata,
        embedding=None if obj.embedding is None else tuple(obj.embedding),
    )
    return Document(id=document_id, title=chunk.title, source=_text(metadata, *_SOURCES), chunks=(chunk,))


def _home(node: Any) -> str:
    """The document of a LlamaIndex node."""
    return str(node.ref_doc_id or node.node_id)


def _joined(first: Document, second: Document) -> Document:
    chunks = first.chunks or ()
    added = tuple(chunk.model_copy(update={"position": len(chunks)}) for chunk in second.chunks or ())
    return first.model_copy(update={"chunks": (*chunks, *added)})


def _is_node(obj: object) -> bool:
    """A LlamaIndex node that is no LlamaIndex document (those have a `doc_id`)."""
    return has(obj, "get_content") and isinstance(getattr(obj, "node_id", None), str) and not hasattr(obj, "doc_id")


def _unscored(obj: object) -> object:
    """The node of a LlamaIndex `NodeWithScore`."""
    inner = getattr(obj, "node", None)
    return inner if hasattr(obj, "score") and has(inner, "get_content") else obj


def _metadata(obj: Any) -> dict[str, Any]:
    return {str(key): _copied(value) for key, value in (obj.metadata or {}).items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _text(metadata: Mapping[str, Any], *keys: str) -> str:
    values = (metadata.get(key) for key in keys)
    return next((value for value in values if isinstance(value, str) and value), "")


def _got(obj: object) -> str:
    shown = f"the class {obj.__name__}" if isinstance(obj, type) else type_name(obj)
    return f"got {shown}" + (" (decode it first)" if isinstance(obj, bytes | bytearray) else "")
