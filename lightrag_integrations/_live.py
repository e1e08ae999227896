"""One live handle: its portal, its session, and what runs on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import replace
from typing import Any, Literal, TypeVar

from lightrag_integrations._portal import Portal
from lightrag_integrations._session import Session, open_session
from lightrag_integrations._settings import Settings, described
from lightrag_integrations.calls.chat import end_stream
from lightrag_integrations.errors import ConnectionLost, InputError
from lightrag_integrations.evaluate.questions import EvaluationQuestion
from lightrag_integrations.evaluate.report import EvaluationReport
from lightrag_integrations.evaluate.run import Kind, Ports, run_evaluation
from lightrag_integrations.evaluate.settings import Plan, settings_of
from lightrag_integrations.filters import Filter
from lightrag_integrations.ingest.contributed import run_contribute
from lightrag_integrations.ingest.estimate import Estimate, estimate
from lightrag_integrations.ingest.pipeline import IngestTools, run_enrich, run_ingest, run_retry
from lightrag_integrations.ingest.reembed import run_reembed
from lightrag_integrations.ingest.summarise import estimate_summaries, summarise_all
from lightrag_integrations.models import Answer, Chunk, Document, Hit, RetrievalResult
from lightrag_integrations.observe import Observer
from lightrag_integrations.options import AnswerOptions, IngestOptions, QueryOptions, SummaryOptions
from lightrag_integrations.progress import counting
from lightrag_integrations.protocols import Reranker
from lightrag_integrations.reader import Reader
from lightrag_integrations.reports import IndexStatus, IngestReport, ReembedReport, SummaryEstimate, SummaryReport
from lightrag_integrations.retrieve.answer import run_answer, run_stream
from lightrag_integrations.retrieve.pipeline import run_retrieve
from lightrag_integrations.rework import Contributed, Reworked
from lightrag_integrations.stats import IndexStats
from lightrag_integrations.store import Store
from lightrag_integrations.watch import Watch

__all__ = ["Live"]

T = TypeVar("T")
_ENDING_S = 5.0


class Live:
    """What a handle's finaliser may hold without holding the handle. Coroutines here run on the portal's loop."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing."""
        self.settings = settings
        self.watch = Watch(settings.name, settings.telemetry)
        self._portal = Portal(f"lightrag-{settings.name:.20}")
        self._opening: asyncio.Task[Session] | None = None
        self._inherited: list[object] = []

    # --- crossing over --------------------------------------------------------------------------------------------

    def run(self, make: Callable[[], Coroutine[Any, Any, T]], *, ending_s: float = 0.0) -> T:
        """Run on the handle's loop and wait."""
        return self._portal.run(make, ending_s=ending_s)

    async def arun(self, make: Callable[[], Coroutine[Any, Any, T]], *, ending_s: float = 0.0) -> T:
        """Run on the handle's loop and await."""
        return await self._portal.arun(make, ending_s=ending_s)

    def work(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Like `run`, for what holds leases: interrupted, it has given them back before the interruption goes on."""
        return self.run(make, ending_s=_ENDING_S)

    async def awork(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Like `work`."""
        return await self.arun(make, ending_s=_ENDING_S)

    def read(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Like `run`, for what only reads: begun again when the server went away meanwhile."""
        return self.run(lambda: _again(make))

    async def aread(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Like `read`."""
        return await self.arun(lambda: _again(make))

    def iterate(self, make: Callable[[], AsyncIterator[T]]) -> Iterator[T]:
        """Iterate what the handle's loop yields."""
        return self._portal.iterate(make)

    def aiterate(self, make: Callable[[], AsyncIterator[T]]) -> AsyncGenerator[T]:
        """Iterate what the handle's loop yields, from another loop."""
        return self._portal.aiterate(make)

    def close(self) -> None:
        """Close everything; idempotent."""
        self._portal.stop(self._cleanup, drain_s=self.settings.options.close_timeout_s)

    async def aclose(self) -> None:
        """Close everything without blocking the caller's loop."""
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    # --- session --------------------------------------------------------------------------------------------------

    async def session(self) -> Session:
        """The session, opened at the first call; callers at the same time share one opening."""
        opening = self._own_opening()
        if opening is None or (opening.done() and _failed(opening)):
            self._opening = opening = asyncio.create_task(open_session(self.settings, self.watch), context=Context())
        return await asyncio.shield(opening)

    async def store(self) -> Store:
        """The open store."""
        return (await self.session()).store

    @asynccontextmanager
    async def reading(self, where: Filter | None = None) -> AsyncIterator[Reader]:
        """A snapshot of the open store."""
        async with (await self.store()).snapshot(where) as reader:
            yield reader

    async def ready(self) -> None:
        """Open, and make sure the database answers."""
        session = await self.session()
        await session.embedders.refuse_other(session.store)

    async def _tools(self) -> IngestTools:
        return (await self.session()).ingest_tools(self.settings.options.ingest, Observer())

    def _own_opening(self) -> asyncio.Task[Session] | None:
        """The opening on this loop; a parent's, after a fork, is put aside: never waited for or closed from here."""
        if self._opening is not None and self._opening.get_loop() is not asyncio.get_running_loop():
            self._inherited.append(self._opening)
            self._opening = None
        return self._opening

    async def _cleanup(self) -> None:
        opening = self._own_opening()
        if opening is None:
            return
        await asyncio.wait([opening])
        if not _failed(opening):
            await opening.result().aclose()

    # --- what a handle does ---------------------------------------------------------------------------------------

    # What callers give is read before it comes here: their iterables may take their time, or ask this very handle.

    async def ingest(self, documents: Sequence[Document], options: IngestOptions, observer: Observer) -> IngestReport:
        """See `LightRAGIndex.ingest`."""
        session = await self.session()
        report = await run_ingest(documents, session.ingest_tools(options, observer), options)
        return report if session.mirrors is None else await session.mirrors.after_ingest(report)

    async def contribute(self, given: Contributed) -> Reworked:
        """See `Contributing.contribute`."""
        return await run_contribute(given, await self._tools(), self.settings.options.ingest)

    async def retry(self, document_ids: Sequence[str] | None, observer: Observer) -> IngestReport:
        """See `Documents.retry`."""
        options = self.settings.options.ingest
        session = await self.session()
        report = await run_retry(document_ids, session.ingest_tools(options, observer), options)
        return report if session.mirrors is None else await session.mirrors.after_ingest(report)

    async def reembed(self, model: Any, observer: Observer, on_step: Callable[[int, int], None]) -> ReembedReport:
        """See `LightRAGIndex.reembed`."""
        session = await self.session()
        with self.watch.step("reembed"):
            report = await run_reembed(session.reembed_tools(model, observer, on_step))
        session.embedders.own = session.embedders.adopt(model)
        self.settings = replace(self.settings, embed_model=model)
        return report if session.mirrors is None else await session.mirrors.after(report)

    async def estimate(self, documents: Sequence[Document]) -> Estimate:
        """See `Documents.estimate`."""
        return await estimate(documents, await self._tools(), self.settings.options.ingest)

    async def enrich(self, chunks: Sequence[Chunk], *, extract: bool, embed: bool) -> list[Chunk]:
        """See `LightRAGIndex.enrich`."""
        tools, options = await self._tools(), self.settings.options.ingest
        with self.watch.step("enrich"):
            return await run_enrich(chunks, tools, options, extract=extract, embed=embed)

    async def embed(self, texts: Sequence[str], kind: Literal["document", "query"]) -> list[list[float]]:
        """See `LightRAGIndex.embed`."""
        checked = _texts(texts)
        session = await self.session()
        vectors = await session.metered_embedder(session.meter()).embed(checked, kind=kind)
        return [[float(value) for value in vector] for vector in vectors]

    async def retrieve(self, query: str, options: QueryOptions) -> RetrievalResult:
        """See `LightRAGIndex.retrieve`."""
        return await run_retrieve(query, await (await self.session()).retrieval_tools(), options)

    async def answer(self, question: str, query: QueryOptions, options: AnswerOptions) -> Answer:
        """See `LightRAGIndex.answer`."""
        return await run_answer(question, await (await self.session()).retrieval_tools(options.llm), query, options)

    async def stream(self, question: str, query: QueryOptions, options: AnswerOptions) -> AsyncIterator[str]:
        """See `LightRAGIndex.stream_answer`."""
        pieces = run_stream(question, await (await self.session()).retrieval_tools(options.llm), query, options)
        try:
            async for piece in pieces:
                yield piece
        finally:
            await end_stream(pieces)

    async def rerank(self, query: str, hits: Sequence[Hit], top_n: int | None, reranker: Reranker | None) -> list[Hit]:
        """See `LightRAGIndex.rerank`."""
        session = await self.session()
        chosen = session.reranker(session.meter(), reranker)
        return list(await chosen.rerank(query, hits, top_n=top_n))

    async def evaluate(self, asked: Sequence[EvaluationQuestion], plan: Plan) -> EvaluationReport:
        """See `LightRAGIndex.evaluate`."""
        settings = settings_of(plan.modes, plan.options or self.settings.options.query)
        session = await self.session()
        with counting("question", show_progress=plan.show_progress) as step:
            ports = Ports(
                index=self.settings.name,
                embedding=self.describe()["embed_model"],
                ask=self.retrieve,
                embed=lambda texts: self.embed(texts, "query"),
                kinds=self._kinds,
                compute=session.run_cpu,
                on_step=step,
            )
            with self.watch.step("evaluate"):
                return await run_evaluation(asked, settings, plan, ports)

    async def _kinds(self, ids: Sequence[str]) -> dict[str, Kind]:
        """What each id is, of those that the index holds; an id of both is the document's."""
        async with self.reading() as reader:
            kinds: dict[str, Kind] = {row.chunk_id: "chunk" for row in await reader.find_chunks(ids)}
        return {**kinds, **dict.fromkeys(await (await self.store()).stored(ids), "document")}

    async def summarise(self, entities: Sequence[int] | None, options: SummaryOptions | None) -> SummaryReport:
        """See `Summarising.summarise`."""
        tools = (await self.session()).summary_tools(options)
        with self.watch.step("summarise"):
            return await summarise_all(entities, tools)

    async def estimate_summaries(
        self, entities: Sequence[int] | None, options: SummaryOptions | None
    ) -> SummaryEstimate:
        """See `Summarising.estimate_summaries`."""
        return await estimate_summaries(entities, (await self.session()).summary_tools(options))

    def stats(self) -> IndexStats:
        """See `LightRAGIndex.stats`."""
        opening = self._opening
        live = opening is not None and opening.done() and not _failed(opening) and not self._portal.forked
        return self.watch.counters.read(self.settings.name, opening.result().store.pool() if opening and live else None)

    async def status(self) -> IndexStatus:
        """See `LightRAGIndex.status`."""
        return await _again((await self.store()).status)

    async def verify(self) -> list[str]:
        """See `LightRAGIndex.verify`."""
        return list(await _again((await self.store()).verify))

    async def dump(self) -> str:
        """See `LightRAGIndex.dump`."""
        return await _again((await self.store()).dump)

    async def compact(self, forget: bool) -> None:
        """See `LightRAGIndex.compact`."""
        await (await self.store()).compact(forget=forget)

    async def drop(self) -> None:
        """See `LightRAGIndex.drop`."""
        session = await self.session()
        if session.mirrors is not None:
            await session.mirrors.before_drop()
        await session.store.drop()

    def describe(self) -> dict[str, str]:
        """See `LightRAGIndex.describe`."""
        return described(self.settings)


async def _again(read: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What only reads may be begun anew; the next connection finds the server back, or says why not."""
    try:
        return await read()
    except ConnectionLost:
        return await read()


def _texts(given: Sequence[str]) -> list[str]:
    """A list of texts; a lone string is one text, not a sequence of characters."""
    texts: list[object] = [*given] if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    bad = [type(text).__name__ for text in texts if not isinstance(text, str)]
    if bad:
        raise InputError(f"texts: got {bad[0]}; expected a text or a list of texts")
    return [text for text in texts if isinstance(text, str)]


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.cancelled() or task.exception() is not None
