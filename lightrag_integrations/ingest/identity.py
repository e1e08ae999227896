"""Identity: when are two inputs the same, so that nothing needs to be done?"""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping
from typing import Any

from lightrag_integrations.ingest.tools import IngestTools
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.text.chunk import CHUNKER
from lightrag_integrations.text.keys import content_hash

__all__ = [
    "canonical", "chunk_identity", "document_hash", "options_fingerprint", "ready_made", "same_upsert", "upsert_hash",
]  # fmt: skip

_PIPELINE = "1"
"""Raised when the same input and options come to give other contributions."""
_HALF = 32


def options_fingerprint(tools: IngestTools, options: IngestOptions) -> str:
    """Everything but the input that decides what is stored: extractor, tokenizer, chunk sizes, limits.

    Not which embedding model: the index has one, and when it is changed, what is stored is embedded anew.
    """
    extractor = tools.extractor
    parts = (
        _PIPELINE,
        extractor.fingerprint if extractor is not None and options.extract else "",
        tools.tokenizer.fingerprint,
        CHUNKER,
        str(options.chunk_tokens),
        str(options.overlap_tokens),
        str(options.grounded),
        str(options.max_entities),
        str(options.max_relations),
        str(options.max_name_chars),
        str(options.max_description_chars),
        *([] if options.embed else ["without vectors"]),
    )
    return content_hash(*parts)


def document_hash(document: Document, fingerprint: str) -> str:
    """What a document says: its title, its text or chunks, and how they are worked on. Not its source and metadata."""
    if document.chunks is None:
        return content_hash(fingerprint, "text", document.title, document.text)
    return content_hash(
        fingerprint, "chunks", document.title, document.text, *(chunk_identity(chunk) for chunk in document.chunks)
    )


def upsert_hash(document: Document, fingerprint: str) -> str:
    """For documents made of chunks from several calls: how they are worked on, and what this call gave ready-made.

    The two halves are told apart by `same_upsert`: chunks are compared one by one, but not what was extracted from
    them, so ready-made extractions and vectors count as changed unless they are those of the last call.
    """
    given = [chunk for chunk in document.chunks or () if ready_made(chunk)]
    ready = content_hash(*(chunk_identity(chunk) for chunk in given))
    return content_hash("upsert", fingerprint)[:_HALF] + ready[:_HALF]


def same_upsert(one: str, other: str) -> tuple[bool, bool]:
    """Whether two `upsert_hash`es agree in how chunks are worked on, and in what was given ready-made."""
    same_options = one[:_HALF] == other[:_HALF]
    return same_options, same_options and one == other


def ready_made(chunk: Chunk) -> bool:
    """Whether something comes with the chunk that does not show in its text."""
    return chunk.extraction is not None or chunk.graph is not None or chunk.embedding is not None


def chunk_identity(chunk: Chunk) -> str:
    """Everything a caller can say in a chunk."""
    return content_hash(
        chunk.id,
        chunk.title,
        chunk.text,
        f"{chunk.position}/{chunk.start}/{chunk.end}",
        canonical(chunk.metadata),
        chunk.extraction.model_dump_json() if chunk.extraction is not None else "",
        array("d", chunk.embedding).tobytes().hex() if chunk.embedding is not None else "",
        *([] if chunk.graph is None else [chunk.graph.said]),
    )


def canonical(value: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
