"""Estimate: what an ingestion would cost, before it is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lightrag_integrations.contributions import StoredDocument
from lightrag_integrations.ingest.accept import validate_documents
from lightrag_integrations.ingest.extract import ModelExtractor
from lightrag_integrations.ingest.identity import document_hash, options_fingerprint
from lightrag_integrations.ingest.lexical import LexicalExtractor
from lightrag_integrations.ingest.split import chunks_of, text_hash
from lightrag_integrations.ingest.tools import IngestTools
from lightrag_integrations.ingest.upsert import Hashes, changed_chunks, is_upsert
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.options import IngestOptions

__all__ = ["Estimate", "estimate"]

_LOOK_UP = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls and tokens if no call has to be repeated. Prices are not known here."""

    documents: int = 0
    """New or changed: those that are stored with the same content cost nothing."""
    chunks: int = 0
    """Of these documents."""
    model_calls: int = 0
    """Extraction calls: one for each distinct chunk that has no extraction given or in the cache; none without a
    model."""
    prompt_tokens: int = 0
    """Of these calls: instructions and chunk, in the tokenizer's count. What an endpoint adds by itself for a schema
    is not known here; nor is what an extractor of your own sends: of one, the chunks are counted."""
    max_completion_tokens: int | None = None
    """The most that their answers may take; answers are usually far shorter. None: no limit is set."""
    embedding_tokens: int = 0
    """Of the chunks. Entity names and facts come on top: they are not known before extraction."""
    unchanged: int = 0
    """Documents stored already with this content."""
    cached: int = 0
    """Distinct chunks whose extraction is in the cache."""


async def estimate(documents: Sequence[Document], tools: IngestTools, options: IngestOptions) -> Estimate:
    """Count chunks, calls and tokens; calls no model and writes nothing.

    Args:
        documents: What would be ingested; checked as `ingest` does.
        tools: Their tokenizer counts: another than the model's own, so take the numbers for near, not exact.
        options: Chunk sizes, prompt.

    Raises:
        InputError: A document would be refused.
    """
    checked = (await tools.run_cpu(lambda: validate_documents(documents, options))).documents
    changed = await _changed(checked, tools, options)
    found = await tools.run_cpu(lambda: _counted(changed, tools, options))
    asked = {text_hash(chunk.content): tokens for chunk, tokens in found if _asks(chunk, tools, options)}
    cached = await _cached(list(asked), tools)
    calls = len(asked) - len(cached)
    limit = options.max_completion_tokens
    paid = 0 if getattr(tools.embedder, "lexical", False) or not options.embed else 1
    return Estimate(
        documents=len(changed),
        chunks=len(found),
        model_calls=calls,
        prompt_tokens=calls * _overhead(tools) + sum(asked[key] for key in asked.keys() - cached),
        max_completion_tokens=None if limit is None else calls * limit,
        embedding_tokens=paid * sum(tokens for chunk, tokens in found if chunk.embedding is None),
        unchanged=len(checked) - len(changed),
        cached=len(cached),
    )


async def _changed(documents: Sequence[Document], tools: IngestTools, options: IngestOptions) -> list[Document]:
    fingerprint = options_fingerprint(tools, options)
    changed: list[Document] = []
    for start in range(0, len(documents), _LOOK_UP):
        part = documents[start : start + _LOOK_UP]
        stored = await tools.store.stored([document.id for document in part])
        known = {document_id: row.content_hash for document_id, row in stored.items()}
        whole = [one for one in part if not is_upsert(one, options)]
        changed += [one for one in whole if known.get(one.id) != document_hash(one, fingerprint)]
        added = [one for one in part if is_upsert(one, options)]
        if added:
            hashes = await tools.store.chunk_hashes([one.id for one in added])
            changed += await tools.run_cpu(partial(_added, added, tools, options, stored=stored, hashes=hashes))
    return changed


def _added(
    documents: Sequence[Document], tools: IngestTools, options: IngestOptions, *,
    stored: Mapping[str, StoredDocument], hashes: Mapping[str, Hashes],
) -> list[Document]:  # fmt: skip
    """Documents with those of their given chunks that are not stored as they are; none without any."""
    fingerprint = options_fingerprint(tools, options)
    changed = []
    for one in documents:
        whole = one.model_copy(update={"chunks": tuple(chunks_of(one, tools.tokenizer, options))})
        known = hashes.get(one.id, {})
        chunks = changed_chunks(one, whole, stored.get(one.id), hashes=known, fingerprint=fingerprint)
        if chunks:
            changed.append(one.model_copy(update={"chunks": tuple(chunks)}))
    return changed


def _counted(documents: Sequence[Document], tools: IngestTools, options: IngestOptions) -> list[tuple[Chunk, int]]:
    tokenizer = tools.tokenizer
    chunks = (chunk for document in documents for chunk in chunks_of(document, tokenizer, options))
    return [(chunk, tokenizer.count(chunk.content)) for chunk in chunks]


def _asks(chunk: Chunk, tools: IngestTools, options: IngestOptions) -> bool:
    asks = options.extract and tools.extractor is not None and not isinstance(tools.extractor, LexicalExtractor)
    return asks and chunk.extraction is None and chunk.graph is None


async def _cached(hashes: Sequence[str], tools: IngestTools) -> set[str]:
    if tools.extractor is None or not getattr(tools.extractor, "cacheable", True):
        return set()
    found: set[str] = set()
    for start in range(0, len(hashes), _LOOK_UP):
        keys = [(key, tools.extractor.fingerprint) for key in hashes[start : start + _LOOK_UP]]
        found |= {key for key, _ in await tools.store.cached_extractions(keys)}
    return found


def _overhead(tools: IngestTools) -> int:
    if not isinstance(tools.extractor, ModelExtractor):
        return 0
    return sum(tools.tokenizer.count(message.content) for message in tools.extractor.question(""))
