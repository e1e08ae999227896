"""What a live handle does, on its own loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

from lightrag_integrations._crossing import Crossing, again, failed
from lightrag_integrations._looking import looking
from lightrag_integrations._settings import described
from lightrag_integrations.calls.chat import end_stream
from lightrag_integrations.errors import InputError
from lightrag_integrations.evaluate.questions import EvaluationQuestion
from lightrag_integrations.evaluate.report import EvaluationReport
from lightrag_integrations.evaluate.run import Kind, Ports, run_evaluation
from lightrag_integrations.evaluate.settings import Plan, settings_of
from lightrag_integrations.given import checked
from lightrag_integrations.ingest.accept import Earlier
from lightrag_integrations.ingest.contributed import run_contribute
from lightrag_integrations.ingest.estimate import Estimate, estimate
from lightrag_integrations.ingest.pipeline import IngestTools, run_enrich, run_ingest, run_retry
from lightrag_integrations.ingest.reembed import run_reembed
from lightrag_integrations.ingest.summarise import estimate_summaries, summarise_all
from lightrag_integrations.models import Answer, Chunk, Document, Hit, RetrievalResult
from lightrag_integrations.observe import Observer
from lightrag_integrations.options import AnswerOptions, IngestOptions, QueryOptions, SummaryOptions, choose
from lightrag_integrations.progress import counting
from lightrag_integrations.protocols import Reranker
from lightrag_integrations.reports import IndexStatus, IngestReport, ReembedReport, SummaryEstimate, SummaryReport
from lightrag_integrations.retrieve.answer import run_answer, run_stream
from lightrag_integrations.retrieve.pipeline import run_retrieve
from lightrag_integrations.rework import Contributed, Reworked
from lightrag_integrations.stats import IndexStats

__all__ = ["Live"]


class Live(Crossing):
    """What a handle's finaliser may hold without holding the handle. Coroutines here run on the portal's loop."""

    async def _tools(self) -> IngestTools:
        return (await self.session()).ingest_tools(self.settings.options.ingest, Observer())

    # What callers give is read before it comes here: their iterables may take their time, or ask this very handle.

    async def ingest(
        self,
        documents: Sequence[Document],
        options: IngestOptions,
        observer: Observer,
        *,
        earlier: Earlier | None = None,
    ) -> IngestReport:
        """See `LightRAGIndex.ingest`, and `run_ingest` for `earlier`."""
        session = await self.session()
        report = await run_ingest(documents, session.ingest_tools(options, observer), options, earlier=earlier)
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
        options = self.settings.options.ingest
        async with looking(self) as session:
            return await estimate(documents, session.ingest_tools(options, Observer()), options)

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
        for hit in hits:
            checked(hit, Hit, name="hits")
        session = await self.session()
        chosen = session.reranker(session.meter(), reranker)
        return list(await chosen.rerank(query, hits, top_n=top_n))

    async def evaluate(self, asked: Sequence[EvaluationQuestion], plan: Plan) -> EvaluationReport:
        """See `LightRAGIndex.evaluate`."""
        settings = settings_of(plan.modes, choose(plan.options, self.settings.options.query, {}))
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
        live = opening is not None and opening.done() and not failed(opening) and not self._portal.forked
        return self.watch.counters.read(self.settings.name, opening.result().store.pool() if opening and live else None)

    async def status(self) -> IndexStatus:
        """See `LightRAGIndex.status`."""
        return await again((await self.store()).status)

    async def verify(self) -> list[str]:
        """See `LightRAGIndex.verify`."""
        session = await self.session()
        found = await again(session.store.verify)
        return [*found, *await again(lambda: session.embedders.contradictions(session.store))]

    async def dump(self) -> str:
        """See `LightRAGIndex.dump`."""
        return await again((await self.store()).dump)

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


def _texts(given: Sequence[str]) -> list[str]:
    """A list of texts; a lone string is one text, not a sequence of characters."""
    texts: list[object] = [*given] if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    bad = [type(text).__name__ for text in texts if not isinstance(text, str)]
    if bad:
        raise InputError(f"texts: got {bad[0]}; expected a text or a list of texts")
    return [text for text in texts if isinstance(text, str)]
