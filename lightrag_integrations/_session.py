"""The live parts of one handle: store, models, limits. Made and closed on the handle's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypedDict, TypeVar

from lightrag_integrations._embedders import Embedders, close_later
from lightrag_integrations._mirrors import OpenMirrors
from lightrag_integrations._settings import Settings
from lightrag_integrations._spans import call_spans
from lightrag_integrations.calls.chat import MeteredChat
from lightrag_integrations.calls.embed import MeteredEmbedder
from lightrag_integrations.calls.gate import Gate, Places
from lightrag_integrations.calls.ladder import RungMemory
from lightrag_integrations.calls.meter import Meter
from lightrag_integrations.calls.retry import OnRetry, RetryPolicy
from lightrag_integrations.counters import Counters
from lightrag_integrations.errors import ConfigurationError, ModelError
from lightrag_integrations.ingest.extract import ModelExtractor
from lightrag_integrations.ingest.lexical import LexicalExtractor
from lightrag_integrations.ingest.pipeline import IngestTools
from lightrag_integrations.ingest.reembed import ReembedTools
from lightrag_integrations.ingest.summarise import SummaryTools, summarise_documents
from lightrag_integrations.ingest.tools import Summariser
from lightrag_integrations.observe import Event, Observer
from lightrag_integrations.options import IngestOptions, SummaryOptions, choose
from lightrag_integrations.protocols import ChatModel, Embedder, Extractor, Reranker
from lightrag_integrations.providers.adopt import adopt_chat
from lightrag_integrations.providers.threads import ModelThreads
from lightrag_integrations.rerank.lexical import LexicalReranker
from lightrag_integrations.rerank.model import LLMReranker
from lightrag_integrations.retrieve.pipeline import RetrievalTools
from lightrag_integrations.storage.owners import new_owner
from lightrag_integrations.store import Store
from lightrag_integrations.text.tokens import default_tokenizer
from lightrag_integrations.watch import Watch

__all__ = ["Session"]

T = TypeVar("T")


class _Limits(TypedDict):
    semaphore: Places
    retry: RetryPolicy
    timeout_s: float
    on_retry: OnRetry | None


class Session:
    """Everything a handle holds while it is open. Made by `_opening.open_session`."""

    def __init__(self, settings: Settings, watch: Watch) -> None:
        """Set up limits and models; nothing here touches the network."""
        self.settings = settings
        self.watch = watch
        self.owner = new_owner()
        self._unreleased: dict[str, list[str]] = {}
        self.tokenizer = default_tokenizer()
        self.rungs = RungMemory()
        self.semaphore = asyncio.Semaphore(settings.max_concurrency)
        self.store: Store
        self.mirrors: OpenMirrors | None = None
        self.closing = AsyncExitStack()
        """Everything opened so far, in order."""
        # Model calls that block get their own threads, so that CPU work never queues behind a slow endpoint.
        self._models = ModelThreads(f"{settings.name:.20}-models")
        self.closing.callback(self._models.close)
        self._cpu = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"{settings.name:.20}-cpu")
        self.closing.callback(self._cpu.shutdown, wait=False, cancel_futures=True)
        self._chats: dict[int, tuple[Any, ChatModel]] = {}  # by id of the object given, which is kept alive
        self.embedders = Embedders(settings.embed_model, run_blocking=self.run_blocking, closing=self.closing)

    async def aclose(self) -> None:
        """Give back everything, the last opened first."""
        await self.closing.aclose()

    async def run_blocking(self, fn: Callable[[], T]) -> T:
        """Run a blocking model call in a thread, with the caller's context variables."""
        return await self._models.run(fn)

    async def run_cpu(self, fn: Callable[[], T]) -> T:
        """Run CPU work beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._cpu, fn)

    def meter(self, token_budget: int | None = None) -> Meter:
        """A fresh meter for one call, feeding the ledger."""
        return Meter(sink=self.store.record_usage, token_budget=token_budget, counters=self.watch.counters)

    def chat(
        self,
        task: str,
        meter: Meter,
        options: IngestOptions | None = None,
        *,
        observer: Observer | None = None,
        model: Any = None,
    ) -> ChatModel | None:
        """The model of a task behind this handle's limits, or None without one.

        Args:
            task: extract, decompose, keywords, answer, rerank or summarise.
            meter: Counts the calls.
            options: Attempts and time-out; the handle's by default.
            observer: Told of retries.
            model: In place of the task's.
        """
        choices = (model, getattr(self.settings.options.models, task), self.settings.llm)
        given = next((choice for choice in choices if choice is not None), None)
        if given is None:
            return None
        if id(given) not in self._chats:
            adopted = adopt_chat(given, run_blocking=self.run_blocking)
            close_later(self.closing, adopted, given)
            self._chats[id(given)] = given, adopted
        _, chat = self._chats[id(given)]
        spans = call_spans(self.watch.tracer, task, given=given, name=chat.name)
        return MeteredChat(chat, kind=task, meter=meter, spans=spans, **self._limits(options, observer))

    def metered_embedder(
        self,
        meter: Meter,
        options: IngestOptions | None = None,
        observer: Observer | None = None,
        *,
        embedder: Embedder | None = None,
    ) -> Embedder:
        """The handle's embedder (or another one) behind its limits, in batches, its answers checked."""
        batch = (options or self.settings.options.ingest).embed_batch
        live, limits = embedder or self.embedders.own, self._limits(options, observer)
        spans = call_spans(self.watch.tracer, "embed", given=self.embedders.given(live), name=live.fingerprint)
        return MeteredEmbedder(live, batch=batch, meter=meter, spans=spans, seen=self.embedders.seen, **limits)

    def extractor(self, meter: Meter, options: IngestOptions, observer: Observer | None = None) -> Extractor:
        """The extractor given, else the model's, else the lexical one."""
        if self.settings.extractor is not None:
            return self.settings.extractor  # type: ignore[no-any-return]
        chat = self.chat("extract", meter, options, observer=observer)
        return LexicalExtractor() if chat is None else ModelExtractor(chat, options, rungs=self.rungs)

    def reranker(self, meter: Meter, given: Reranker | None = None) -> Reranker:
        """The reranker given to the call or the handle, else `LexicalReranker`."""
        given = self.settings.reranker if given is None else given
        if isinstance(given, LLMReranker):
            chat = self.chat("rerank", meter, model=given.chat)
            if chat is None:
                raise ConfigurationError("LLMReranker has no model; give the handle `llm=`, or the reranker `chat=`")
            return given.bind(chat, self.rungs)
        return LexicalReranker() if given is None else given

    def llm_reranker(self, prompt: str | None) -> LLMReranker:
        """The handle's own where it is one, else one with the usual limits; with another prompt where one is given."""
        given = self.settings.reranker
        return (given if isinstance(given, LLMReranker) else LLMReranker()).asking(prompt)

    def ingest_tools(self, options: IngestOptions, observer: Observer) -> IngestTools:
        """What the ingestion pipeline works with."""
        meter = self.meter(options.token_budget)
        return IngestTools(
            store=self.store,
            extractor=self.extractor(meter, options, observer),
            embedder=self.metered_embedder(meter, options, observer),
            tokenizer=self.tokenizer,
            observer=observer,
            owner=self.owner,
            run_cpu=self.run_cpu,
            meter=meter,
            concurrency=self.settings.max_concurrency,
            make_extractor=lambda other: self.extractor(meter, other, observer),
            summarise=self._summariser(meter, observer),
            unreleased=self._unreleased,
            watch=self.watch,
        )

    def summary_tools(
        self, options: SummaryOptions | None = None, *, meter: Meter | None = None, observer: Observer | None = None
    ) -> SummaryTools:
        """What summaries of entities are made with.

        Args:
            options: In place of the handle's.
            meter: Of the ingestion that they end; None: a fresh one.
            observer: Told of retries.

        Raises:
            ConfigurationError: There is no model.
        """
        chosen = choose(options, self.settings.options.summaries, {})
        meter = meter or self.meter(chosen.token_budget)
        chat = self.chat("summarise", meter, observer=observer)
        if chat is None:
            raise ConfigurationError("summaries need a model; give the handle llm=, or TaskModels(summarise=...)")
        return SummaryTools(
            store=self.store,
            chat=chat,
            rungs=self.rungs,
            tokenizer=self.tokenizer,
            meter=meter,
            options=chosen,
            run_cpu=self.run_cpu,
            language=self.settings.options.ingest.language,
            concurrency=self.settings.max_concurrency,
        )

    def _summariser(self, meter: Meter, observer: Observer) -> Summariser | None:
        if not self.settings.options.summaries.automatic:
            return None
        tools = self.summary_tools(meter=meter, observer=observer)
        return lambda document_ids: summarise_documents(document_ids, tools)

    def reembed_tools(self, given: Any, observer: Observer, on_step: Callable[[int, int], None]) -> ReembedTools:
        """What a change of the embedding model works with."""
        options = self.settings.options.ingest
        meter = self.meter(options.token_budget)
        return ReembedTools(
            store=self.store,
            embedder=self.metered_embedder(meter, options, observer, embedder=self.embedders.adopt(given)),
            observer=observer,
            meter=meter,
            on_step=on_step,
            batch=options.embed_batch,
            workers=max(1, self.settings.max_concurrency // 2),
        )

    async def retrieval_tools(self, answering: Any = None) -> RetrievalTools:
        """What retrieval and answering (by this model where one is given) work with."""
        await self.embedders.tell_if_blind(self.settings.name, self.store)
        meter = self.meter()
        return RetrievalTools(
            store=self.store,
            embedder=self.metered_embedder(meter),
            tokenizer=self.tokenizer,
            rungs=self.rungs,
            keywords_chat=self.chat("keywords", meter),
            answer_chat=self.chat("answer", meter, model=answering),
            reranker=lambda: self.reranker(meter),
            llm_reranker=lambda prompt: self.reranker(meter, self.llm_reranker(prompt)),
            decompose_chat=self.chat("decompose", meter),
            outside=None if self.mirrors is None else self.mirrors.outside,
            embedder_of=lambda fingerprint: (
                self.metered_embedder(meter) if self.embedders.turn_to(fingerprint) else None
            ),
            watch=self.watch,
        )

    def _limits(self, options: IngestOptions | None, observer: Observer | None) -> _Limits:
        chosen = options or self.settings.options.ingest
        return _Limits(
            # Only what an ingestion asks for is kept.
            semaphore=self.semaphore if options is None else Gate(self.semaphore, self.store.reachable),
            retry=RetryPolicy(chosen.attempts),
            timeout_s=chosen.call_timeout_s,
            on_retry=partial(_retried, self.watch.counters, observer),
        )


def _retried(counters: Counters, observer: Observer | None, error: ModelError, attempt: int, wait_s: float) -> None:
    counters.retries += 1
    if observer is not None:
        observer.on_event(Event("retrying", detail=f"attempt {attempt} failed, next in {wait_s:.1f} s: {error}"))
