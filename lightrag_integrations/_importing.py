"""An import: open the source, look whether its vectors fit, store batch after batch."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Literal, Protocol, TypeVar, get_args

from lightrag_integrations._session import Session
from lightrag_integrations.contributions import Usage
from lightrag_integrations.errors import InputError
from lightrag_integrations.ingest.accept import validate_documents
from lightrag_integrations.ingest.estimate import estimate
from lightrag_integrations.ingest.lexical import LexicalExtractor
from lightrag_integrations.ingest.pipeline import IngestTools, run_ingest
from lightrag_integrations.ingest.texts import entity_text, statement_text
from lightrag_integrations.migrate.opened import Account, Batch, Opened
from lightrag_integrations.migrate.report import ImportReport
from lightrag_integrations.migrate.rows import TableRows
from lightrag_integrations.migrate.sources import ImportSource, LightRAGDirectory, LightRAGWorkspace
from lightrag_integrations.migrate.stores import LightRAGStores
from lightrag_integrations.models import Document
from lightrag_integrations.observe import Observer
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.storage.postgres.foreign import ForeignTables

__all__ = ["ImportCall", "Ready", "run_import"]

T = TypeVar("T")
_SAMPLES = 5
_THEIRS = "name the model that they come from (embed_model=, on the command line --embed)"
_ANEW = "have them made anew (vectors='embed', on the command line --vectors embed)"
_SAME_MODEL = 0.9
"""Cosine of two vectors of one text by one model, in whatever precision and with metadata in whatever order."""


@dataclass(frozen=True)
class ImportCall:
    """What was asked for."""

    source: ImportSource
    vectors: str
    graph: str
    unfinished: str
    dry_run: bool

    def __post_init__(self) -> None:
        """Refuse what there is not.

        Raises:
            InputError: A word is none of those that may be said.
        """
        if not isinstance(self.source, get_args(ImportSource)):
            kinds = ", ".join(kind.__name__ for kind in get_args(ImportSource))
            raise InputError(f"source: got {type(self.source).__name__}; expected one of {kinds}")
        words = {"vectors": ("embed", "keep"), "graph": ("words", "model", "none"), "unfinished": ("skip", "ingest")}
        for name, known in words.items():
            if getattr(self, name) not in known:
                raise InputError(f"{name}: got {getattr(self, name)!r:.40}; expected one of {', '.join(known)}")

    def opened(self) -> Opened:
        """The source, to be read."""
        keep = self.vectors == "keep"
        if isinstance(self.source, LightRAGDirectory | LightRAGWorkspace):
            texts = self.unfinished == "ingest"
            return LightRAGStores(self.source, ForeignTables, vectors=keep, texts=texts)
        return TableRows(self.source, ForeignTables, vectors=keep)


@dataclass(frozen=True)
class Ready:
    """The handle that takes over."""

    open: Callable[[], Awaitable[None]]
    """Makes the index where there is none."""
    session: Callable[[], Awaitable[Session]]
    looking: Callable[[], AbstractAsyncContextManager[Session]]
    """A session that makes nothing."""
    options: IngestOptions
    observer: Observer


@dataclass
class _Counts:
    documents: int = 0
    unchanged: int = 0
    by_hand: int = 0
    chunks: int = 0
    kept: int = 0
    embedding_tokens: int = 0
    model_calls: int = 0
    errors: dict[str, str] = field(default_factory=dict)


async def run_import(call: ImportCall, ready: Ready) -> ImportReport:
    """See `LightRAGIndex.import_from`."""
    started = time.monotonic()
    counts = _Counts()
    async with _reading(call.opened()) as (opened, in_thread):
        account = await in_thread(opened.open)
        spent: Sequence[Usage] = ()
        if call.dry_run or call.vectors == "keep":
            async with ready.looking() as look:
                await look.embedders.refuse_other(look.store)
                if call.vectors == "keep":
                    spent = await _check_vectors(await in_thread(lambda: opened.samples(_SAMPLES)), look)
                if call.dry_run:
                    await _take_all(opened, counts, in_thread, call=call, ready=ready, session=look)
        if not call.dry_run:
            await ready.open()
            session = await ready.session()
            await session.store.record_usage(spent)
            await _take_all(opened, counts, in_thread, call=call, ready=ready, session=session)
            if session.mirrors is not None:
                await session.mirrors.after_change()
    return _report(account, counts, dry_run=call.dry_run, seconds=time.monotonic() - started)


class InThread(Protocol):
    """Calls a source in its own thread."""

    def __call__(self, fn: Callable[[], T], /) -> Awaitable[T]:
        """Await the result."""
        ...


@asynccontextmanager
async def _reading(opened: Opened) -> AsyncIterator[tuple[Opened, InThread]]:
    """The source, and a way to call it in a thread of its own, which ends with it."""
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, "lightrag-import")

    async def in_thread(fn: Callable[[], T], /) -> T:
        return await loop.run_in_executor(thread, fn)

    try:
        yield opened, in_thread
    finally:
        opened.end()
        closing = loop.run_in_executor(thread, opened.close)
        thread.shutdown(wait=False)
        await asyncio.shield(closing)


async def _check_vectors(samples: Sequence[tuple[str, Sequence[float]]], session: Session) -> Sequence[Usage]:
    """Make sure that the vectors to be kept are those of the handle's model; what that cost, for the ledger."""
    if not samples:
        raise InputError(f"vectors: the source has none to keep; {_ANEW}")
    meter = session.meter()
    embedder = session.metered_embedder(meter)
    with meter.attributed("", collect=True) as spent:
        made = await embedder.embed([text for text, _ in samples], kind="document")
    (_, first), own = samples[0], made[0]
    if len(first) != len(own):
        raise InputError(
            f"vectors: those of the source have {len(first)} numbers, {embedder.fingerprint!r} makes {len(own)}; "
            f"{_THEIRS}, or {_ANEW}"
        )
    near = median(_cosine(kept, anew) for (_, kept), anew in zip(samples, made, strict=True))
    if near < _SAME_MODEL:
        raise InputError(
            f"vectors: those of the source are not what {embedder.fingerprint!r} makes of the same texts (cosine "
            f"{near:.2f}); {_THEIRS}, or {_ANEW}"
        )
    return spent


async def _take_all(
    opened: Opened, counts: _Counts, in_thread: InThread, *, call: ImportCall, ready: Ready, session: Session
) -> None:
    batches = opened.batches()
    while (batch := await in_thread(lambda: next(batches, None))) is not None:
        await _take(batch, counts, call=call, ready=ready, session=session)
    if call.dry_run and counts.documents:
        counts.embedding_tokens += await in_thread(lambda: _name_tokens(opened, session))


async def _take(batch: Batch, counts: _Counts, *, call: ImportCall, ready: Ready, session: Session) -> None:
    options, tools = _manner(batch, call.graph, ready=ready, session=session)
    chunks = [chunk for document in batch.documents for chunk in document.chunks or ()]
    if call.dry_run:
        counts.errors.update((await tools.run_cpu(lambda: validate_documents(batch.documents, options))).refused)
        expected = await estimate(batch.documents, tools, options)
        counts.documents += expected.documents
        counts.unchanged += expected.unchanged
        counts.chunks += max(len(chunks), expected.chunks)
        counts.model_calls += expected.model_calls
        counts.embedding_tokens += expected.embedding_tokens
        if expected.documents and not _lexical(tools):
            counts.embedding_tokens += await tools.run_cpu(lambda: _fact_tokens(batch.documents, session))
    else:
        report = await run_ingest(batch.documents, tools, options)
        counts.documents += report.documents
        counts.unchanged += report.unchanged
        counts.chunks += len(chunks) or report.chunks
        counts.model_calls += (
            report.model_calls - report.cached if batch.kind == "bare" and call.graph == "model" else 0
        )
        counts.embedding_tokens += report.embedding_tokens
        counts.errors.update(report.errors)
    counts.by_hand += len(batch.documents) if batch.kind == "by hand" else 0
    counts.kept += sum(chunk.embedding is not None for chunk in chunks)


def _manner(batch: Batch, graph: str, *, ready: Ready, session: Session) -> tuple[IngestOptions, IngestTools]:
    """Options and tools for a batch: a chat model only where one is asked for."""
    existing: Literal["replace", "upsert_chunks"] = "upsert_chunks" if batch.kind == "by hand" else "replace"
    fields = {"on_existing": existing, "on_invalid": "skip", "extract": batch.kind != "bare" or graph != "none"}
    options = ready.options.model_copy(update=fields)
    tools = session.ingest_tools(options, ready.observer)
    if batch.kind != "bare" or graph != "model":
        tools = replace(tools, extractor=LexicalExtractor(), make_extractor=None, summarise=None)
    return options, tools


def _lexical(tools: IngestTools) -> bool:
    return bool(getattr(tools.embedder, "lexical", False))


def _fact_tokens(documents: Sequence[Document], session: Session) -> int:
    relations = (
        relation
        for document in documents for chunk in document.chunks or () if chunk.graph is not None
        for relation in chunk.graph.relations
    )  # fmt: skip
    texts = (statement_text(one.description, one.source, one.keywords, one.target) for one in relations)
    return sum(session.tokenizer.count(text) for text in texts)


def _name_tokens(opened: Opened, session: Session) -> int:
    if getattr(session.embedders.own, "lexical", False):
        return 0
    return sum(session.tokenizer.count(entity_text(key)) for key in opened.names())


def _cosine(first: Sequence[float], second: Sequence[float]) -> float:
    lengths = math.hypot(*first) * math.hypot(*second)
    return sum(a * b for a, b in zip(first, second, strict=True)) / lengths if lengths else 0.0


def _report(account: Account, counts: _Counts, *, dry_run: bool, seconds: float) -> ImportReport:
    return ImportReport(
        source=account.source,
        dry_run=dry_run,
        found=account.found,
        documents=counts.documents,
        unchanged=counts.unchanged,
        failed=len(counts.errors),
        by_hand=counts.by_hand,
        chunks=counts.chunks,
        entities=account.entities,
        relations=account.relations,
        own_words=account.own_words,
        vectors_kept=counts.kept,
        embedding_tokens=counts.embedding_tokens,
        model_calls=counts.model_calls,
        left_out=account.left_out,
        changed=account.changed,
        unfinished=account.unfinished,
        errors=counts.errors,
        seconds=seconds,
    )
