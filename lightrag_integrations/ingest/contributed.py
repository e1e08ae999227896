"""Contributed: what callers add to what chunks tell, embedded and stored in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lightrag_integrations.contributions import PreparedChunk, PreparedDocument
from lightrag_integrations.ingest.accept import validate_documents
from lightrag_integrations.ingest.contribute import as_given
from lightrag_integrations.ingest.embed import Embeddings
from lightrag_integrations.ingest.fit import check_fit
from lightrag_integrations.ingest.identity import options_fingerprint, upsert_hash
from lightrag_integrations.ingest.queue import EmbedQueue, Vector
from lightrag_integrations.ingest.split import chunks_of, prepare_chunk
from lightrag_integrations.ingest.together import Addition
from lightrag_integrations.ingest.tools import IngestTools
from lightrag_integrations.models import Chunk, ChunkGraph, Document
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.rework import Contributed, Reworked
from lightrag_integrations.text.keys import normalise_name

__all__ = ["run_contribute"]

_AT_ONCE = 64
"""So many documents are embedded together, so that batches are full."""


async def run_contribute(given: Contributed, tools: IngestTools, options: IngestOptions) -> Reworked:
    """Add to what chunks tell; no chat model is called.

    Args:
        given: What is added.
        tools: Store, models, helpers.
        options: How; what is bad is refused.

    Returns:
        What was written; nothing where a chunk is missing that was to be there.

    Raises:
        InputError: Something given was refused; nothing was written.
        StorageError: The database failed; nothing was written.
    """
    documents, graphs = await tools.run_cpu(lambda: _prepared(given, tools, options))
    vectors = {key: vector for chunk in [*_chunks(documents), *graphs.values()] for key, vector in _named(chunk)}
    whole = [chunk.embedding for chunk in _chunks(documents) if chunk.embedding is not None]
    await check_fit({len(vector) for vector in (*vectors.values(), *whole)}, tools)
    async with EmbedQueue(tools.embedder, batch=options.embed_batch) as queue:
        embeddings = Embeddings(tools, queue, named=vectors, making=options.embed)
        await embeddings.check_given(vectors.values())
        added, embedded = await embeddings.of_graphs(given.homes, [*graphs.values()])
        for begin in range(0, len(documents), _AT_ONCE):
            some = documents[begin : begin + _AT_ONCE]
            made = await asyncio.gather(*(embeddings.of(one.document.id, one.chunks, stored=True) for one in some))
            for place, (document, (chunks, names)) in enumerate(zip(some, made, strict=True), begin):
                documents[place] = replace(document, chunks=chunks)
                embedded |= names
    change = Addition(documents, dict(zip(graphs, added, strict=True)), into=given.into)

    def changed(stored: Mapping[str, PreparedDocument]) -> Reworked:
        made = change(stored)
        return replace(made, documents=[replace(one, entity_embeddings=embedded) for one in made.documents])

    ids = [*graphs, *given.into, *(chunk.chunk.id for chunk in _chunks(documents))]
    homes = [document.document.id for document in documents]
    return await tools.store.rework(ids, changed, homes=homes, vectors=vectors, model=tools.embedder.fingerprint)


def _prepared(
    given: Contributed, tools: IngestTools, options: IngestOptions
) -> tuple[list[PreparedDocument], dict[str, PreparedChunk]]:
    strict = options.model_copy(update={"on_invalid": "raise"})
    # Looked at together: nothing is written when one of them is bad.
    added = [Chunk(id=chunk_id, document_id="", text="-", graph=graph) for chunk_id, graph in given.graphs.items()]
    checked = validate_documents([Document(id="added", chunks=tuple(added))] if added else [], strict).documents
    graphs = {
        chunk.id: as_given(prepare_chunk(chunk, Document()), _graph(chunk))
        for one in checked
        for chunk in one.chunks or ()
    }
    fingerprint = options_fingerprint(tools, strict)
    documents = [
        _document(one, tools, strict, fingerprint) for one in validate_documents(given.documents, strict).documents
    ]
    return documents, graphs


def _document(document: Document, tools: IngestTools, options: IngestOptions, fingerprint: str) -> PreparedDocument:
    completed = document.model_copy(update={"chunks": tuple(chunks_of(document, tools.tokenizer, options))})
    return PreparedDocument(
        document=completed,
        content_hash=upsert_hash(completed, fingerprint),
        chunks=[as_given(prepare_chunk(chunk, document), _graph(chunk)) for chunk in completed.chunks or ()],
        replace=False,
        model=tools.embedder.fingerprint,
    )


def _graph(chunk: Chunk) -> ChunkGraph:
    return chunk.graph or ChunkGraph()


def _chunks(documents: Sequence[PreparedDocument]) -> list[PreparedChunk]:
    return [chunk for document in documents for chunk in document.chunks]


def _named(chunk: PreparedChunk) -> Iterator[tuple[str, Vector]]:
    """Vectors of entities that came with them, by key."""
    for entity in _graph(chunk.chunk).entities:
        if entity.embedding is not None:
            yield normalise_name(entity.name), entity.embedding
