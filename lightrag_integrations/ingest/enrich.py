"""Enrich: fill chunks with extraction and vector, for callers that store them later or elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from lightrag_integrations.errors import InputError
from lightrag_integrations.ingest.check import document_problems
from lightrag_integrations.ingest.extract import ModelExtractor
from lightrag_integrations.ingest.obtain import Extractions
from lightrag_integrations.ingest.queue import EmbedQueue
from lightrag_integrations.ingest.split import prepare_chunk
from lightrag_integrations.ingest.tally import Tally
from lightrag_integrations.ingest.tools import IngestTools
from lightrag_integrations.ingest.validate import in_words
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.options import IngestOptions

__all__ = ["run_enrich"]


async def run_enrich(
    chunks: Sequence[Chunk], tools: IngestTools, options: IngestOptions, *, extract: bool, embed: bool
) -> list[Chunk]:
    """Fill extraction and vector where they are missing; store nothing but paid answers in the cache.

    Args:
        chunks: In any order, of any documents.
        tools: Store, models, helpers.
        options: How.
        extract: Fill extractions.
        embed: Fill vectors.

    Returns:
        The chunks in the order given.

    Raises:
        InputError: A chunk can't be worked on.
        ModelError: A chunk could not be extracted or embedded.
    """
    _check(chunks)
    done = list(chunks)
    if extract and tools.extractor is not None and options.extract:
        done = await _extracted(done, tools, options)
    if embed:
        done = await _embedded(done, tools, options)
    return done


def _check(chunks: Sequence[Chunk]) -> None:
    if chunks:
        problems = tuple(document_problems(Document(chunks=tuple(chunks))))
        if problems:
            raise InputError(f"{len(problems)} problem(s) in the chunks given: {'; '.join(problems[:5])}", problems)


async def _extracted(chunks: list[Chunk], tools: IngestTools, options: IngestOptions) -> list[Chunk]:
    extractor = tools.extractor
    if extractor is None or not chunks:
        return chunks
    prepared = await tools.run_cpu(lambda: [prepare_chunk(chunk, Document()) for chunk in chunks])
    async with Extractions(extractor, tools, Tally(tools)) as obtained:
        extractions = await obtained.of("", prepared)
    if options.grounded and isinstance(extractor, ModelExtractor):
        # When it is stored it will be the caller's own, who is trusted, so invented names are dropped here.
        extractions = [
            in_words(extraction, item, options) if item.chunk.extraction is None else extraction
            for item, extraction in zip(prepared, extractions, strict=True)
        ]
    return [
        chunk.model_copy(update={"extraction": extraction})
        for chunk, extraction in zip(chunks, extractions, strict=True)
    ]


async def _embedded(chunks: list[Chunk], tools: IngestTools, options: IngestOptions) -> list[Chunk]:
    async with EmbedQueue(tools.embedder, batch=options.embed_batch) as queue:
        vectors = await queue.vectors(chunk.content for chunk in chunks if chunk.embedding is None)
    return [
        chunk
        if chunk.embedding is not None
        else chunk.model_copy(update={"embedding": tuple(map(float, vectors[chunk.content]))})
        for chunk in chunks
    ]
