"""Live models against the double, with the limits of a handle."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.calls.chat import MeteredChat
from lightrag_integrations.calls.embed import MeteredEmbedder
from lightrag_integrations.calls.meter import Meter
from lightrag_integrations.calls.retry import RetryPolicy
from lightrag_integrations.prompts import fill, load
from lightrag_integrations.protocols import Message
from lightrag_integrations.providers.openai import OpenAIChatModel, OpenAIEmbedder
from tests.doubles.fixtures import openai_server
from tests.doubles.openai_server import OpenAIServer

__all__ = ["openai_server"]

TEXT = "Ada Lovelace met Charles Babbage in London. Charles Babbage designed the Analytical Engine."


def extraction_prompt(text: str = TEXT) -> list[Message]:
    instructions = fill(load("extract"), entity_types="person, location", language="the language of the text")
    return [Message("system", instructions), Message("user", fill(load("extract_input"), text=text))]


def ledger(index: LightRAGIndex) -> dict[str, tuple[int, int, int]]:
    """Calls, prompt and completion tokens by kind, what the cache answered left out."""

    async def read() -> Any:
        return await (await index._live.store()).ledger()

    lines = [line for line in index._live.run(read) if not line.cached]
    return {line.kind: (line.calls, line.prompt_tokens, line.completion_tokens) for line in lines}


def counted(server: OpenAIServer) -> dict[str, tuple[int, int, int]]:
    """The same by the server's own count."""
    return {
        "embed": (server.answered["embed"], server.embedding_tokens, 0),
        "extract": (server.answered["extract"], server.prompt_tokens, server.completion_tokens),
    }


@dataclass
class Models:
    """Makes models of one server under common limits; short waits, so that retries cost no time."""

    server: OpenAIServer
    stack: AsyncExitStack
    meter: Meter = field(default_factory=Meter)
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(4, base_s=0.005))
    semaphore: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))

    def chat(self, *, kind: str = "extract", call_timeout_s: float | None = None, **settings: object) -> MeteredChat:
        given = {"base_url": self.server.base_url, "api_key": "sk-secret", **settings}
        live = OpenAIChatModel("double", **given).connect()
        self.stack.push_async_callback(live.aclose)
        return MeteredChat(live, kind=kind, semaphore=self.semaphore, retry=self.retry, meter=self.meter,
                           timeout_s=call_timeout_s)  # fmt: skip

    def embedder(self, *, split: int = 128, call_timeout_s: float | None = None, **settings: object) -> MeteredEmbedder:
        given = {"base_url": self.server.base_url, "api_key": "sk-secret", **settings}
        live = OpenAIEmbedder("double", **given).connect()
        self.stack.push_async_callback(live.aclose)
        return MeteredEmbedder(live, semaphore=self.semaphore, retry=self.retry, meter=self.meter, batch=split,
                               timeout_s=call_timeout_s)  # fmt: skip


@pytest.fixture
async def models(openai_server: OpenAIServer) -> AsyncIterator[Models]:
    async with AsyncExitStack() as stack:
        yield Models(openai_server, stack)


@pytest.fixture
def prompt() -> Callable[..., list[Message]]:
    return extraction_prompt
