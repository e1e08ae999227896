import asyncio
from collections.abc import Sequence

import pytest

from lightrag_integrations.errors import ModelError
from lightrag_integrations.ingest import queue as queues
from lightrag_integrations.ingest.queue import EmbedQueue
from tests.unit.ingest.parts import LengthEmbedder


async def test_batches_fill_across_callers_and_equal_texts_are_sent_once() -> None:
    embedder = LengthEmbedder()
    async with EmbedQueue(embedder, batch=4) as queue:
        wanted = [[f"text {number}", "shared"] for number in range(7)]
        answers = await asyncio.gather(*(queue.vectors(texts) for texts in wanted))
        again = await queue.vectors(["shared"])
    assert sorted(embedder.texts) == sorted({text for texts in wanted for text in texts})
    assert [len(batch) for batch in embedder.batches] == [4, 4]
    for texts, vectors in zip(wanted, answers, strict=True):
        assert {text: list(vector) for text, vector in vectors.items()} == {text: [len(text)] * 3 for text in texts}
    assert list(again["shared"]) == [6.0] * 3


async def test_a_batch_waits_until_all_who_are_coming_have_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "_PATIENCE_S", 60.0)
    embedder = LengthEmbedder()

    async def document(queue: EmbedQueue, number: int) -> None:
        with queue.coming():
            await asyncio.sleep(number / 50)
            if number == 7:
                raise ValueError("never asks")
            await queue.vectors([f"text {number}"])

    async with EmbedQueue(embedder, batch=64) as queue:
        await asyncio.gather(*(document(queue, number) for number in range(8)), return_exceptions=True)
        assert [len(batch) for batch in embedder.batches] == [7]
        monkeypatch.setattr(queue, "_patience_s", 0.01)
        with queue.coming():  # takes its time, and asks nothing
            await document(queue, 8)
    assert [len(batch) for batch in embedder.batches] == [7, 1]


async def test_a_bad_text_fails_only_those_who_asked_for_it() -> None:
    embedder = LengthEmbedder(poison="bad")
    async with EmbedQueue(embedder, batch=8) as queue:
        await queue.vectors(["works"])
        wanted = [[f"good {number}"] for number in range(7)] + [["a bad one", "fine"]]
        answers = await asyncio.gather(*(queue.vectors(texts) for texts in wanted), return_exceptions=True)
    assert [isinstance(answer, RuntimeError) for answer in answers] == [False] * 7 + [True]


async def test_an_endpoint_that_never_worked_is_not_asked_for_every_text() -> None:
    embedder = LengthEmbedder(poison="text")
    async with EmbedQueue(embedder, batch=64) as queue:
        with pytest.raises(RuntimeError):
            await queue.vectors(f"text {number}" for number in range(64))
    assert len(embedder.batches) == 7


async def test_errors_worth_a_retry_are_not_split() -> None:
    class Down(LengthEmbedder):
        async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
            self.batches.append(list(texts))
            raise ModelError("server error", retryable=True)

    embedder = Down()
    async with EmbedQueue(embedder, batch=16) as queue:
        with pytest.raises(ModelError, match="server error"):
            await queue.vectors(f"text {number}" for number in range(16))
    assert len(embedder.batches) == 1


async def test_a_wrong_number_of_vectors_is_an_error() -> None:
    class Long(LengthEmbedder):
        async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
            return [[1.0]] * 3

    async with EmbedQueue(Long(), batch=16) as queue:
        with pytest.raises(ModelError, match="3 vectors for 1 texts"):
            await queue.vectors(["a", "b"])


async def test_leaving_cancels_what_is_under_way() -> None:
    class Hanging(LengthEmbedder):
        async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
            await asyncio.Event().wait()
            return []

    before = asyncio.all_tasks()
    async with EmbedQueue(Hanging(), batch=2) as queue:
        waiting = asyncio.create_task(queue.vectors(["a", "b", "c"]))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert asyncio.all_tasks() == before
