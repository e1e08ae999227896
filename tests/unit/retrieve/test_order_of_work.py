"""When what happens: vectors before the snapshot, one snapshot, reranking after it, and no call that is not needed."""

from collections.abc import Sequence
from typing import Any

import pytest

from lightrag_integrations.calls.ladder import RungMemory
from lightrag_integrations.errors import ConfigurationError, InputError
from lightrag_integrations.models import Document, Hit, RetrievalResult
from lightrag_integrations.options import AnswerOptions, QueryOptions
from lightrag_integrations.retrieve.answer import run_answer, run_stream
from lightrag_integrations.retrieve.pipeline import run_retrieve
from lightrag_integrations.retrieve.tools import RetrievalTools
from lightrag_integrations.text.tokens import default_tokenizer
from tests.unit.retrieve.making import prepared
from tests.unit.retrieve.memory_store import MemoryStore

DOCUMENTS = tuple(
    Document(id=f"d{n}", title=f"Harbour {n}", text=f"Pilots of Harbour {n} sail to Larvik.", metadata={"n": n})
    for n in range(6)
)


class Watched:
    """Store, embedder and reranker that write down what they are asked, and how many snapshots are open then."""

    fingerprint = "watched"
    lexical = True

    def __init__(self) -> None:
        self.store = MemoryStore(*map(prepared, DOCUMENTS))
        self.log: list[tuple[str, int, Any]] = []

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        self.log.append(("embed", self.store.open, list(texts)))
        return [[1.0, 0.0] for _ in texts]

    async def rerank(self, query: str, hits: Sequence[Hit], *, top_n: int | None = None) -> list[Hit]:
        self.log.append(("rerank", self.store.open, len(hits)))
        return list(reversed(hits))[:top_n]

    async def retrieve(self, query: str, **options: Any) -> RetrievalResult:
        return await run_retrieve(query, self.tools(), QueryOptions(**options))

    def tools(self) -> RetrievalTools:
        return RetrievalTools(
            store=self.store,  # type: ignore[arg-type]
            embedder=self,
            tokenizer=default_tokenizer(),
            rungs=RungMemory(),
            keywords_chat=None,
            answer_chat=None,
            reranker=lambda: self,
        )


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.mark.parametrize("mode", ["vector", "naive", "local", "global", "hybrid", "graph", "mix"])
async def test_the_question_is_embedded_once_before_the_only_snapshot(watched: Watched, mode: str) -> None:
    await watched.retrieve("pilots?", mode=mode, k=2, explain=True, context=True)
    assert watched.log == [("embed", 0, ["pilots?"])]
    assert (watched.store.taken, watched.store.open) == (1, 0)


async def test_keyword_needs_no_vector(watched: Watched) -> None:
    assert (await watched.retrieve("pilots", mode="keyword")).hits
    assert watched.log == []


async def test_a_vector_of_the_callers_is_not_made_again(watched: Watched) -> None:
    await watched.retrieve("pilots", query_embedding=(0.0, 1.0))
    assert watched.log == []


async def test_keywords_are_embedded_in_the_same_call(watched: Watched) -> None:
    await watched.retrieve(
        "pilots", mode="hybrid", low_level_keywords=("Larvik", "pilots"), high_level_keywords=("sea",)
    )
    assert watched.log == [("embed", 0, ["pilots", "Larvik, pilots", "sea"])]


@pytest.mark.parametrize(("k", "candidates", "given"), [(2, 4, 4), (5, 3, 5), (9, 30, 6)])
async def test_reranking_reads_candidates_after_the_snapshot(
    watched: Watched, k: int, candidates: int, given: int
) -> None:
    plain = await watched.retrieve("pilots", k=given)
    result = await watched.retrieve("pilots", k=k, rerank=True, rerank_candidates=candidates)
    assert watched.log[-1] == ("rerank", 0, given)
    assert [hit.chunk_id for hit in result.hits] == [hit.chunk_id for hit in reversed(plain.hits)][:k]


async def test_bypass_reads_nothing(watched: Watched) -> None:
    assert await watched.retrieve("pilots", mode="bypass") == RetrievalResult(query="pilots", mode="bypass")
    assert (watched.log, watched.store.taken) == ([], 0)


@pytest.mark.parametrize("query", ["", "  \n", "\x00", "\x00 \x00"])
async def test_nothing_asked(watched: Watched, query: str) -> None:
    with pytest.raises(InputError, match="expected a question"):
        await watched.retrieve(query)
    assert (watched.log, watched.store.taken) == ([], 0)


async def test_what_cannot_be_stored_is_left_out_of_the_question(watched: Watched) -> None:
    result = await watched.retrieve("pilots\x00 of\ud800 Larvik", mode="keyword")
    assert len(result.hits) == 6
    assert result.query.encode("utf-8") and "\x00" not in result.query


async def test_a_wrong_filter_is_refused_before_anything_is_asked(watched: Watched) -> None:
    with pytest.raises(InputError, match="unknown operator"):
        await watched.retrieve("pilots", filter={"n": {"$near": 3}})
    assert (watched.log, watched.store.taken) == ([], 0)


async def test_without_a_model_nothing_is_searched_for_an_answer(watched: Watched) -> None:
    with pytest.raises(ConfigurationError, match="llm="):
        await run_answer("pilots", watched.tools(), QueryOptions(), AnswerOptions())
    with pytest.raises(ConfigurationError, match="llm="):
        await anext(run_stream("pilots", watched.tools(), QueryOptions(), AnswerOptions()))
    with pytest.raises(ConfigurationError, match="keywords=True"):
        await watched.retrieve("pilots", mode="local", keywords=True)
    assert (watched.log, watched.store.taken) == ([], 0)
