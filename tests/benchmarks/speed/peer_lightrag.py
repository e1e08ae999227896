"""LightRAG on its PostgreSQL stores: ingestion with a model, and retrieval in mode mix without an answer.

`default`: settings and clients as they come. `tuned`: no second extraction pass, as many calls at once as ours, larger
batches, and one client for all calls. Questions ask for as many chunks as everybody's, and for the 40 entities and 40
relations that LightRAG takes by itself.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Any

import bpe_openai
import numpy as np
from lightrag import LightRAG, QueryParam
from lightrag.llm.openai import openai_complete_if_cache, openai_embed
from lightrag.utils import EmbeddingFunc, Tokenizer
from openai import AsyncOpenAI

from tests.benchmarks.speed.peer_work import Task, spending, summed, tell

_MODEL = "stand-in"
_STORES = {
    "kv_storage": "PGKVStorage",
    "vector_storage": "PGVectorStorage",
    "graph_storage": "PGTableGraphStorage",
    "doc_status_storage": "PGDocStatusStorage",
}


class _Tokens:
    """The same tables as ours: tiktoken would download its own."""

    def __init__(self) -> None:
        self._table = bpe_openai.get_encoding("o200k_base")

    def __deepcopy__(self, _: object) -> "_Tokens":
        return self

    def encode(self, content: str) -> list[int]:
        return self._table.encode_ordinary(content)

    def decode(self, tokens: list[int]) -> str:
        return self._table.decode(tokens)


class _Own:
    """LightRAG's own functions, which make a client for each call."""

    def __init__(self) -> None:
        self.base_url = ""

    def __deepcopy__(self, _: object) -> "_Own":
        return self  # LightRAG copies its configuration

    async def complete(
        self, prompt: str, system_prompt: str | None = None, history_messages: Any = None, **more: Any
    ) -> Any:
        return await openai_complete_if_cache(
            _MODEL,
            prompt,
            system_prompt=system_prompt,
            history_messages=history_messages,
            base_url=self.base_url,
            api_key="none",
            **more,
        )

    async def embed(self, texts: list[str], **_: object) -> np.ndarray:
        return await openai_embed.func(texts, model=_MODEL, base_url=self.base_url, api_key="none")


class _Shared(_Own):
    """The leanest functions that do the same: one client, which keeps its connections."""

    def __init__(self) -> None:
        super().__init__()
        self._clients: dict[str, AsyncOpenAI] = {}

    async def complete(
        self, prompt: str, system_prompt: str | None = None, history_messages: Any = None, **more: Any
    ) -> Any:
        messages = [{"role": "system", "content": system_prompt}] if system_prompt else []
        messages += [*(history_messages or ()), {"role": "user", "content": prompt}]
        kept = {name: more[name] for name in ("response_format",) if more.get(name) is not None}
        answer = await self._client().chat.completions.create(model=_MODEL, messages=messages, **kept)
        return answer.choices[0].message.content

    async def embed(self, texts: list[str], **_: object) -> np.ndarray:
        told = await self._client().embeddings.create(model=_MODEL, input=texts)
        return np.array([one.embedding for one in told.data], np.float32)

    def _client(self) -> AsyncOpenAI:
        if self.base_url not in self._clients:
            self._clients[self.base_url] = AsyncOpenAI(base_url=self.base_url, api_key="none")
        return self._clients[self.base_url]


_TUNED: Mapping[str, Any] = {
    "entity_extract_max_gleaning": 0,
    "llm_model_max_async": 16,
    "embedding_func_max_async": 16,
    "embedding_batch_num": 100,
    "max_parallel_insert": 16,
}


async def main() -> None:
    task = Task.read()
    names = {"HOST": task.host, "PORT": task.port, "USER": task.user, "PASSWORD": task.password,
             "DATABASE": task.database, "WORKSPACE": "bench"}  # fmt: skip
    os.environ.update({f"POSTGRES_{name}": value for name, value in names.items()})
    tuned = task.settings["tuned"]
    calls = _Shared() if tuned else _Own()
    calls.base_url = task.settings["slow"]
    rag = LightRAG(
        working_dir=str(task.folder / "lightrag"),
        llm_model_func=calls.complete,
        llm_model_name=_MODEL,
        embedding_func=EmbeddingFunc(embedding_dim=task.settings["dimension"], func=calls.embed, model_name=_MODEL),
        tokenizer=Tokenizer("o200k", _Tokens()),
        **_STORES,
        **(_TUNED if tuned else {}),
    )
    await rag.initialize_storages()
    await _insert(rag, task.rows("warm.jsonl"))
    with spending(task.server) as spent:
        await _insert(rag, task.rows("documents.jsonl"))
    done = (await rag.doc_status.get_status_counts())["processed"]
    calls.base_url = task.settings["fast"]
    told: dict[str, Any] = {"ingest": spent.figures, "done": done}
    if task.settings["ask"]:
        told["mix"] = await _ask(rag, task)
    await rag.finalize_storages()
    tell(**told)


async def _insert(rag: LightRAG, documents: list[dict[str, Any]]) -> None:
    await rag.ainsert([row["text"] for row in documents], file_paths=[row["id"] for row in documents])


async def _ask(rag: LightRAG, task: Task) -> dict[str, float]:
    await _each(rag, task, "warm_questions.jsonl")
    with spending(task.server) as spent:
        walls, found = await _each(rag, task, "questions.jsonl")
    return summed(walls, spent, found)


async def _each(rag: LightRAG, task: Task, name: str) -> tuple[list[float], list[int]]:
    walls, found = [], []
    for question in task.rows(name):
        began = time.perf_counter()
        told = await rag.aquery_data(question["text"], QueryParam(mode="mix", chunk_top_k=task.k, enable_rerank=False))
        walls.append(time.perf_counter() - began)
        found.append(len(told["data"]["chunks"]))
    return walls, found


if __name__ == "__main__":
    asyncio.run(main())
