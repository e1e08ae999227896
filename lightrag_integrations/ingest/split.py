"""Split: a document becomes chunks with everything that pure computing can say about them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from lightrag_integrations.contributions import PreparedChunk
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.protocols import Tokenizer
from lightrag_integrations.text.chunk import split_document
from lightrag_integrations.text.terms import term_hashes

__all__ = ["chunks_of", "prepare_chunk", "text_hash"]


def chunks_of(document: Document, tokenizer: Tokenizer, options: IngestOptions) -> list[Chunk]:
    """The chunks given with the document, completed; else its text, split.

    Args:
        document: A checked document.
        tokenizer: Counts tokens.
        options: Size and overlap of chunks.
    """
    if document.chunks is not None:
        return _completed(document, document.chunks, tokenizer)
    return split_document(document, tokenizer, chunk_tokens=options.chunk_tokens, overlap_tokens=options.overlap_tokens)


def prepare_chunk(chunk: Chunk, document: Document) -> PreparedChunk:
    """Hash, terms and effective metadata of one chunk.

    Args:
        chunk: One of the document's chunks.
        document: Its metadata lies under the chunk's own.
    """
    content = chunk.content
    terms = term_hashes(content)
    metadata = {**document.metadata, **chunk.metadata}
    return PreparedChunk(
        chunk=chunk.model_copy(update={"metadata": metadata}),
        content_hash=text_hash(content),
        terms=terms,
        length=sum(terms.values()),
        embedding=chunk.embedding,
    )


def text_hash(text: str) -> str:
    """SHA-256 of a text, hexadecimal: what vectors and extractions are found again by."""
    return hashlib.sha256(text.encode()).hexdigest()


def _completed(document: Document, chunks: Sequence[Chunk], tokenizer: Tokenizer) -> list[Chunk]:
    """Given chunks with title, place, span and token count where these were left out."""
    numbered = len({chunk.position for chunk in chunks}) == len(chunks)
    completed, cursor = [], 0
    for place, chunk in enumerate(chunks):
        start, end = _span(chunk, document.text, cursor)
        cursor = max(cursor, start + 1) if document.text else 0
        completed.append(
            chunk.model_copy(
                update={
                    "title": chunk.title or document.title,
                    "position": chunk.position if numbered else place,
                    "start": start,
                    "end": end,
                    "token_count": chunk.token_count or tokenizer.count(chunk.text),
                }
            )
        )
    return completed


def _span(chunk: Chunk, text: str, cursor: int) -> tuple[int, int]:
    if chunk.end > chunk.start:
        return chunk.start, chunk.end
    found = max(text.find(chunk.text, cursor), 0) if text else chunk.start
    return found, found + len(chunk.text)
