"""The pipeline with the real store, the real client and the endpoint double, as a handle puts them together."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lightrag_integrations.calls.chat import MeteredChat
from lightrag_integrations.calls.embed import MeteredEmbedder
from lightrag_integrations.calls.meter import Meter
from lightrag_integrations.calls.retry import RetryPolicy
from lightrag_integrations.ingest.extract import ModelExtractor
from lightrag_integrations.ingest.lexical import LexicalExtractor
from lightrag_integrations.ingest.pipeline import IngestTools, run_ingest, run_retry
from lightrag_integrations.models import Document
from lightrag_integrations.observe import Event, Observer
from lightrag_integrations.options import ConnectOptions, IngestOptions
from lightrag_integrations.providers.offline import HashEmbedder
from lightrag_integrations.providers.openai import OpenAIChatModel, OpenAIEmbedder
from lightrag_integrations.reports import DocumentStatus, IngestReport
from lightrag_integrations.storage.postgres import open_store, schema_name
from lightrag_integrations.store import Store
from lightrag_integrations.text.tokens import default_tokenizer
from tests.doubles.fixtures import openai_server
from tests.doubles.openai_server import OpenAIServer

__all__ = ["openai_server"]


class Bench(Observer):
    """One index and one endpoint; `ingest` and `retry` as a handle calls them."""

    def __init__(self, store: Store, server: OpenAIServer, stack: AsyncExitStack, *, name: str, dsn: str) -> None:
        self.store = store
        self.server = server
        self.events: list[Event] = []
        self.concurrency = 8
        self.lexical = False
        self.extractor: Any = None
        self.around: Callable[[Any], Any] = lambda chat: chat
        """Put around the chat model, inside its limits."""
        self.call_timeout_s = 30.0
        self._stack = stack
        self.schema = schema_name(name)
        self._dsn = dsn
        self._cpu = stack.enter_context(ThreadPoolExecutor(1))

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def total(self, kind: str) -> int:
        return sum(event.count for event in self.events if event.kind == kind)

    async def ingest(self, documents: Sequence[Document], **options: Any) -> IngestReport:
        chosen = IngestOptions(**options)
        return await run_ingest(documents, self.tools(chosen), chosen)

    async def retry(self, document_ids: Sequence[str] | None = None, **options: Any) -> IngestReport:
        chosen = IngestOptions(**options)
        return await run_retry(document_ids, self.tools(chosen), chosen)

    async def run_cpu(self, fn: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._cpu, fn)

    def tools(self, options: IngestOptions) -> IngestTools:
        meter = Meter(sink=self.store.record_usage, token_budget=options.token_budget)
        limits: dict[str, Any] = {
            "semaphore": asyncio.Semaphore(self.concurrency),
            "retry": RetryPolicy(options.attempts, base_s=0.005),
            "meter": meter,
            "timeout_s": self.call_timeout_s,
        }
        if self.lexical:
            embedder = MeteredEmbedder(HashEmbedder(64), **limits)
            made_for: Any = None
        else:
            made = {"base_url": self.server.base_url, "api_key": "sk-secret"}
            chat, vectors = OpenAIChatModel("double", **made).connect(), OpenAIEmbedder("double", **made).connect()
            self._stack.push_async_callback(chat.aclose)
            self._stack.push_async_callback(vectors.aclose)
            embedder = MeteredEmbedder(vectors, batch=options.embed_batch, **limits)
            made_for = partial(ModelExtractor, MeteredChat(self.around(chat), kind="extract", **limits))
        return IngestTools(
            store=self.store,
            extractor=self._extractor(made_for, options),
            embedder=embedder,
            tokenizer=default_tokenizer(),
            observer=self,
            owner="bench",
            run_cpu=self.run_cpu,
            meter=meter,
            concurrency=self.concurrency,
            make_extractor=lambda other: self._extractor(made_for, other),
        )

    def _extractor(self, made_for: Any, options: IngestOptions) -> Any:
        return self.extractor or (LexicalExtractor() if self.lexical else made_for(options))

    async def states(self) -> dict[str, str]:
        rows: Sequence[DocumentStatus] = await self.store.statuses(status=None, document_ids=None, limit=None)
        return {row.id: row.status for row in rows}

    async def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Version and place of every row of every table: equal before and after means that nothing was written."""
        async with await psycopg.AsyncConnection.connect(self._dsn) as connection:
            cursor = await connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [self.schema]
            )
            found = {}
            for (table,) in await cursor.fetchall():
                query = sql.SQL("SELECT xmin::text, ctid::text FROM {}").format(sql.Identifier(self.schema, table))
                found[table] = sorted(await (await connection.execute(query)).fetchall())
            return found


@pytest.fixture
async def bench(dsn: str, openai_server: OpenAIServer) -> AsyncIterator[Bench]:
    name = f"ingest-{uuid.uuid4().hex[:12]}"
    async with AsyncExitStack() as stack:
        store = await open_store(name, ConnectOptions(dsn=dsn))
        stack.push_async_callback(store.aclose)
        stack.push_async_callback(store.drop)
        yield Bench(store, openai_server, stack, name=name, dsn=dsn)


@pytest.fixture
def articles() -> list[Document]:
    people = ["Ada Lovelace", "Charles Babbage", "Mary Somerville", "Grace Hopper", "Alan Turing", "Emmy Noether"]
    return [
        Document(
            id=f"a{number:02}",
            title=name,
            text=f"{name} met {people[number - 1]} in London. {name} wrote paper {number} for the Royal Society.",
            metadata={"year": 1830 + number},
            source=f"/articles/{number}",
        )
        for number, name in enumerate(people)
    ]
