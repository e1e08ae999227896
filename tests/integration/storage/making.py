"""Small prepared documents, and storing them as ingestion does."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lightrag_integrations.contributions import Fact, Mention, PendingDocument, PreparedChunk, PreparedDocument
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.store import Store
from lightrag_integrations.text.terms import term_hash, term_hashes

__all__ = ["chunk", "document", "put", "term"]


def term(word: str) -> int:
    """The hash of a word in lower case, as keyword search knows it."""
    return term_hash(word)


def chunk(
    chunk_id: str,
    text: str,
    *,
    document_id: str = "",
    position: int = 0,
    title: str = "",
    names: Sequence[str] = (),
    facts: Iterable[tuple[str, str, float] | Fact] = (),
    metadata: Mapping[str, Any] | None = None,
    embedding: Sequence[float] | None = None,
) -> PreparedChunk:
    """A chunk with the terms of its content; `names` are mentions as written, one equal to `title` is the title."""
    made = Chunk(
        id=chunk_id,
        document_id=document_id or chunk_id,
        text=text,
        position=position,
        start=position * 100,
        end=position * 100 + len(text),
        title=title,
        token_count=len(text.split()),
        metadata=dict(metadata or {}),
    )
    terms = term_hashes(made.content)
    return PreparedChunk(
        chunk=made,
        content_hash=f"hash of {title}|{text}",
        terms=terms,
        length=sum(terms.values()),
        mentions=[
            Mention(
                key=name.lower(),
                surface=name,
                type="thing",
                description=f"{name} in {chunk_id}",
                is_title=name == title,
            )
            for name in names
        ],
        facts=[
            one if isinstance(one, Fact) else Fact(one[0].lower(), one[1].lower(), f"{one[0]} {one[1]}", weight=one[2])
            for one in facts
        ],
        embedding=embedding,
    )


def document(document_id: str, *chunks: PreparedChunk, **fields: Any) -> PreparedDocument:
    """A document of these chunks; keywords go to `Document` or `PreparedDocument`."""
    own = {name: fields.pop(name) for name in ("replace", "entity_embeddings", "content_hash") if name in fields}
    own.setdefault("content_hash", "hash of " + "|".join(one.content_hash for one in chunks))
    fields.setdefault("text", " ".join(one.chunk.text for one in chunks))
    return PreparedDocument(document=Document(id=document_id, **fields), chunks=list(chunks), **own)


async def put(store: Store, *documents: PreparedDocument, owner: str = "tester") -> None:
    """Accept and commit documents in one transaction each."""
    pending = [PendingDocument(one.document, one.content_hash, one.replace) for one in documents]
    await store.accept(pending, owner=owner, lease_s=60)
    await store.commit(documents, owner=owner)


def listed(columns: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Columns of numbers as rows."""
    return list(zip(*(column.tolist() for column in columns), strict=True))
