"""Documents of other makes, recognised by their attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lightrag_integrations.errors import InputError
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.providers.naming import has, type_name

__all__ = ["adopt_document", "adopt_documents"]

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
        raise InputError(f"{_got(inputs)}; {_EXPECTED}, or an iterable of these")
    grouped: dict[tuple[str, object], Document] = {}
    problems = []
    for position, item in enumerate(inputs):
        document = _adopted(item)
        if document is None:
            problems.append(f"item {position}: {_got(item)}")
            continue
        # Only nodes are put together: two documents with one id are for the caller to sort out.
        key = ("node", document.id) if _is_node(_unscored(item)) else ("item", position)
        grouped[key] = _joined(grouped[key], document) if key in grouped else document
    if problems:
        raise InputError(f"{len(problems)} unusable inputs: {'; '.join(problems[:5])}; {_EXPECTED}", tuple(problems))
    return list(grouped.values())


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
    document_id = obj.ref_doc_id or obj.node_id
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
