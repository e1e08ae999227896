"""The line: what happens to one document between accept and commit, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import Any, TypeVar

from lightrag_integrations.breath import step_aside
from lightrag_integrations.contributions import PreparedChunk, PreparedDocument
from lightrag_integrations.errors import InputError
from lightrag_integrations.ingest.call import Call, Job
from lightrag_integrations.ingest.contribute import as_given, from_extraction, from_words, is_lexical
from lightrag_integrations.ingest.embed import Embeddings
from lightrag_integrations.ingest.extract import ModelExtractor
from lightrag_integrations.ingest.identity import document_hash, upsert_hash
from lightrag_integrations.ingest.lexical import LexicalExtractor
from lightrag_integrations.ingest.obtain import Extractions
from lightrag_integrations.ingest.queue import EmbedQueue
from lightrag_integrations.ingest.split import chunks_of, prepare_chunk
from lightrag_integrations.models import Chunk, Document, Extraction

__all__ = ["Line"]

T = TypeVar("T")

_AHEAD = 3
"""For each call allowed at once, so many documents are split and looked up: the next call waits for neither."""
_SMALL = 8_000
"""Characters that are worked on where we are: a thread would take longer to change to than to do it."""
_SLICE = 128
"""Chunks worked on in one go, so that a long document lets short ones pass."""
Made = tuple[PreparedChunk, int]
"""A chunk, and how many records found in it were dropped."""


class Line:
    """Split, extract, validate, embed. An asynchronous context manager, for what is to be finished at the end."""

    def __init__(self, call: Call, queue: EmbedQueue) -> None:
        """Set up the steps."""
        self._call = call
        self._tools = call.tools
        self._options = call.options
        extractor = call.tools.extractor if call.options.extract else None
        self._lexical = isinstance(extractor, LexicalExtractor)
        # Extractors given by the user are trusted: what they name need not occur in the words of the chunk.
        self._grounded = call.options.grounded and isinstance(extractor, ModelExtractor)
        self._extractions = None if extractor is None else Extractions(extractor, call.tools, call.tally)
        self._embeddings = Embeddings(call.tools, queue, making=call.options.embed)
        # No model, no turn to be ready for.
        few: AbstractAsyncContextManager[Any] = asyncio.Semaphore(_AHEAD * call.tools.concurrency)
        self._ahead = nullcontext() if self._lexical else few
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Line:
        """Nothing to open."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Let paid answers reach the cache."""
        if self._extractions is not None:
            await self._extractions.__aexit__(*error)

    async def prepare(self, job: Job) -> PreparedDocument:
        """Everything derived from one document, ready to be stored."""
        document = job.document
        async with self._ahead:
            chunks, dropped = await self._split(job)
            self._call.tally.split(document.id, len(chunks))
            if self._lexical:
                given = sum(chunk.chunk.graph is not None for chunk in chunks)
                self._call.tally.dropped(dropped)
                self._call.tally.extracted(document.id, len(chunks) - given, "lexical")
                self._call.tally.extracted(document.id, given, "given")
            else:
                chunks = await self._contribute(document.id, chunks)
        chunks, names = await self._embeddings.of(document.id, chunks, stored=job.stored)
        self._call.tally.embedded(document.id, sum(chunk.embedding is not None for chunk in chunks))
        return PreparedDocument(
            document=document,
            content_hash=_hash(job, self._call.fingerprint),
            chunks=chunks,
            replace=job.pending.replace,
            entity_embeddings=names,
            model=self._tools.embedder.fingerprint,
        )

    async def _split(self, job: Job) -> tuple[list[PreparedChunk], int]:
        """The chunks, and where no model is asked what is found in them, with the number of records dropped."""
        document = job.document
        chunks, made = await self._run(job.size, partial(self._begun, document))
        if not chunks and job.pending.replace:
            raise InputError("no chunk: the text holds nothing but white space")
        for start in range(_SLICE, len(chunks), _SLICE):
            part = chunks[start : start + _SLICE]
            made += await self._run(_size(part), partial(self._prepared, part, document))
        return [chunk for chunk, _ in made], sum(dropped for _, dropped in made)

    def _begun(self, document: Document) -> tuple[list[Chunk], list[Made]]:
        """All chunks, and the first of them prepared: small documents cross to the thread only once."""
        chunks = chunks_of(document, self._tools.tokenizer, self._options)
        return chunks, self._prepared(chunks[:_SLICE], document)

    def _prepared(self, chunks: Sequence[Chunk], document: Document) -> list[Made]:
        prepared = (prepare_chunk(chunk, document) for chunk in chunks)
        return [self._told(chunk) if self._lexical else (chunk, 0) for chunk in prepared]

    def _told(self, chunk: PreparedChunk) -> Made:
        given = chunk.chunk
        return self._contributed(chunk, given.extraction) if given.graph is None else (as_given(chunk, given.graph), 0)

    async def _contribute(self, document_id: str, chunks: Sequence[PreparedChunk]) -> list[PreparedChunk]:
        """With mentions and facts: what the caller says of a chunk's graph, else what is found in it."""
        silent = [chunk for chunk in chunks if chunk.chunk.graph is None]
        found = iter(await self._find(document_id, silent) if silent else ())
        if len(silent) < len(chunks):
            self._call.tally.extracted(document_id, len(chunks) - len(silent), "given")
        return [next(found) if chunk.chunk.graph is None else as_given(chunk, chunk.chunk.graph) for chunk in chunks]

    async def _find(self, document_id: str, chunks: Sequence[PreparedChunk]) -> list[PreparedChunk]:
        if self._extractions is None:
            self._call.tally.extracted(document_id, len(chunks), "nothing to extract")
            return list(chunks)
        extractions = await self._extractions.of(document_id, chunks)
        found: list[PreparedChunk] = []
        for start in range(0, len(chunks), _SLICE):
            end = start + _SLICE
            part = list(zip(chunks[start:end], extractions[start:end], strict=True))
            size = _size([chunk.chunk for chunk, _ in part])
            made = await self._run(size, partial(self._contributed_all, part))
            found += [chunk for chunk, _ in made]
            self._call.tally.dropped(sum(dropped for _, dropped in made))
        return found

    async def _run(self, size: int, fn: Callable[[], T]) -> T:
        """Run pure work; a small piece here, one at a time, so that answers and calls go between."""
        if size > _SMALL or self._lexical:
            return await self._tools.run_cpu(fn)
        async with self._turn:
            await step_aside()
            return fn()

    def _contributed_all(self, part: Sequence[tuple[PreparedChunk, Extraction]]) -> list[Made]:
        return [self._contributed(chunk, extraction) for chunk, extraction in part]

    def _contributed(self, chunk: PreparedChunk, extraction: Extraction | None) -> Made:
        if extraction is None or (self._lexical and is_lexical(chunk.chunk, extraction)):
            return from_words(chunk, self._options), 0
        grounded = self._grounded and chunk.chunk.extraction is None
        return from_extraction(chunk, extraction, self._options, grounded=grounded)


def _hash(job: Job, fingerprint: str) -> str:
    """Made anew, as a retry may work with other options than those the document was accepted with."""
    made = document_hash if job.pending.replace else upsert_hash
    return made(job.document, fingerprint)


def _size(chunks: Sequence[Chunk]) -> int:
    return sum(len(chunk.text) for chunk in chunks)
