"""Ours: as a LangChain vector store without a graph, with a graph made from the words, or with one made by a model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from langchain_core.documents import Document as LangChainDocument

from lightrag_integrations import (
    Chunk,
    ConnectOptions,
    Document,
    IndexOptions,
    IngestOptions,
    LightRAGIndex,
    OpenAIChatModel,
    OpenAIEmbedder,
)
from lightrag_integrations.langchain import LightRAGVectorStore
from tests.benchmarks.speed.peer_work import Known, Task, asked, spending, tell


class _Embedder:
    """The vectors made beforehand; of names and facts, which only ours embeds, one drawn by the text."""

    fingerprint = "made-beforehand"

    def __init__(self, known: Known) -> None:
        self._known = known

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        return [self._known.vector(text) if self._known.knows(text) else self._drawn(text) for text in texts]

    def _drawn(self, text: str) -> list[float]:
        seed = int.from_bytes(text.encode()[-8:], "big")
        return np.random.default_rng(seed).standard_normal(self._known.dimension, np.float32).tolist()


def main() -> None:
    task = Task.read()
    {"store": _store, "words": _words, "model": _model}[task.settings["kind"]](task)


def _store(task: Task) -> None:
    known = Known(task)
    with _index(task, "warm", embed_model=_Embedder(known)) as index:
        _add(LightRAGVectorStore(index=index), known.chunks[:50])
    store = LightRAGVectorStore(index=_index(task, "peers", embed_model=_Embedder(known)))
    store.index.status()
    with spending(task.server) as spent:
        _add(store, known.chunks)
        store.index.compact()  # waits for the HNSW index, which would else be built beside the questions

    def vector(question: dict[str, Any]) -> int:
        return len(store.similarity_search(question["text"], k=task.k))

    mix = store.as_retriever(search_type="mix", search_kwargs={"k": task.k})
    tell(
        ingest=spent.figures,
        vector=asked(vector, known.questions, task=task),
        hybrid=asked(lambda question: len(mix.invoke(question["text"])), known.questions, task=task),
    )
    store.index.close()


def _add(store: LightRAGVectorStore, rows: list[dict[str, Any]]) -> None:
    documents = [LangChainDocument(page_content=row["text"], metadata=row["metadata"]) for row in rows]
    store.add_documents(documents, ids=[row["id"] for row in rows])


def _words(task: Task) -> None:
    known = Known(task)
    with _index(task, "warm", embed_model=_Embedder(known)) as index:
        index.ingest([_whole(row) for row in known.chunks[:50]]).raise_if_failed()
    with _index(task, "peers", embed_model=_Embedder(known)) as index:
        index.status()
        with spending(task.server) as spent:
            index.ingest([_whole(row) for row in known.chunks]).raise_if_failed()
            index.compact()
        tell(ingest=spent.figures, mix=asked(lambda row: _hits(index, row, task.k), known.questions, task=task))


def _whole(row: dict[str, Any]) -> Document:
    chunk = Chunk(id=row["id"], document_id=row["id"], text=row["text"], end=len(row["text"]))
    return Document(id=row["id"], text=row["text"], chunks=(chunk,), metadata=row["metadata"])


def _model(task: Task) -> None:
    with _modelled(task, "slow") as index:
        index.ingest([Document(**row) for row in task.rows("warm.jsonl")]).raise_if_failed()
        with spending(task.server) as spent:
            index.ingest([Document(**row) for row in task.rows("documents.jsonl")]).raise_if_failed()
        told: dict[str, Any] = {"ingest": spent.figures, "done": index.status().processed}
    if task.settings["ask"]:
        with _modelled(task, "fast") as index:
            told["mix"] = asked(lambda row: _hits(index, row, task.k), task.rows("questions.jsonl"), task=task)
    tell(**told)


def _modelled(task: Task, speed: str) -> LightRAGIndex:
    told = {"base_url": task.settings[speed], "api_key": "none"}
    return _index(
        task, "peers", llm=OpenAIChatModel("stand-in", **told), embed_model=OpenAIEmbedder("stand-in", **told)
    )


def _hits(index: LightRAGIndex, question: dict[str, Any], k: int) -> int:
    return len(index.retrieve(question["text"], k=k).hits)


def _index(task: Task, name: str, **models: Any) -> LightRAGIndex:
    return LightRAGIndex(
        name,
        database=ConnectOptions(dsn=task.url("postgresql"), prepare=True),  # as for the server that we start
        max_concurrency=16,
        options=IndexOptions(ingest=IngestOptions(chunk_tokens=1200)),
        **models,
    )


if __name__ == "__main__":
    main()
