"""What an embedding endpoint can do wrong, through the real client."""

import asyncio
import math

import pytest

from lightrag_integrations.errors import ModelError

TEXTS = [f"Text number {number} about Paris" for number in range(10)]


def cosine(first, second) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True)) / math.hypot(*first) / math.hypot(*second)


async def test_vectors_come_in_the_order_of_the_texts(models) -> None:
    models.server.fault("unordered")
    embedder = models.embedder(split=3)
    together = await embedder.embed(TEXTS, kind="document")
    assert [len(vector) for vector in together] == [models.server.dimension] * 10
    for text, vector in zip(TEXTS, together, strict=True):
        [alone] = await embedder.embed([text], kind="document")
        assert cosine(alone, vector) == pytest.approx(1.0)


async def test_batches_run_side_by_side_within_the_limit(models) -> None:
    models.server.latency_s = 0.05
    await models.embedder(split=1).embed(TEXTS, kind="document")
    assert models.server.calls["embed"] == 10
    assert models.server.max_in_flight == 4
    assert (models.meter.embedding_calls, models.meter.embedding_tokens) == (10, models.server.embedding_tokens)
    assert models.meter.model_calls == 0


async def test_no_texts_no_call(models) -> None:
    assert await models.embedder().embed([], kind="document") == []
    assert models.server.calls["embed"] == 0


async def test_the_endpoint_s_own_batch_limit(models) -> None:
    assert len(await models.embedder(batch=4).embed(TEXTS, kind="document")) == 10
    assert [len(request.body["input"]) for request in models.server.requests] == [4, 4, 2]


async def test_dimensions_and_prefixes_are_sent(models) -> None:
    embedder = models.embedder(dimensions=8, query_prefix="query: ", document_prefix="passage: ")
    assert len((await embedder.embed(["x"], kind="query"))[0]) == 8
    await embedder.embed(["y"], kind="document")
    assert [request.body["input"] for request in models.server.requests] == [["query: x"], ["passage: y"]]


async def test_an_empty_text_is_sent_as_a_blank(models) -> None:
    assert len(await models.embedder().embed(["", "x"], kind="document")) == 2


async def test_passing_errors_cost_only_their_batch(models) -> None:
    models.server.fault("status", status=500, match="number 4", first=1)
    assert len(await models.embedder(split=2).embed(TEXTS, kind="document")) == 10
    assert models.server.calls["embed"] == 6


async def test_a_lasting_error_ends_the_other_batches(models) -> None:
    models.server.fault("status", status=401, match="number 0")
    models.server.fault("slow", match="number 9")
    with pytest.raises(ModelError, match="check the api_key"):
        await asyncio.wait_for(models.embedder(split=2).embed(TEXTS, kind="document"), 20)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("short", "answered 9 vectors for 10 texts; lower embed_batch"),
        ("nan", "something else than finite numbers at position"),
        ("wrong_size", "65 dimensions at position 9; expected 64|64 dimensions at position 1; expected 65"),
    ],
)
async def test_wrong_vectors_are_refused(models, trouble: str, said: str) -> None:
    models.server.fault(trouble)
    models.retry.attempts = 1
    with pytest.raises(ModelError, match=said):
        await models.embedder().embed(TEXTS, kind="document")


async def test_a_passing_fit_of_nan_is_retried(models) -> None:
    models.server.fault("nan", first=1)
    vectors = await models.embedder().embed(TEXTS, kind="document")
    assert all(math.isfinite(number) for vector in vectors for number in vector)


async def test_another_dimension_than_before_is_refused(models) -> None:
    embedder = models.embedder()
    await embedder.embed(["x"], kind="document")
    models.server.dimension = 32
    with pytest.raises(ModelError, match="vector of 32 dimensions at position 0; expected 64 as before"):
        await embedder.embed(["y"], kind="document")


async def test_a_slow_endpoint_is_given_up(models) -> None:
    models.server.fault("slow")
    models.retry.attempts = 1
    with pytest.raises(ModelError, match=r"did not answer 1 texts within 0\.1 s") as caught:
        await models.embedder(call_timeout_s=0.1).embed(["x"], kind="query")
    assert caught.value.retryable


@pytest.mark.parametrize("body", ['{"data": null}', '{"error": {"message": "loading"}}', '"hello"', '{"data": []}'])
async def test_a_good_status_with_a_bad_body(models, body: str) -> None:
    models.server.fault("body", message=body, first=1)
    models.retry.attempts = 1
    with pytest.raises(ModelError):
        await models.embedder().embed(["x"], kind="query")
    assert await models.embedder().embed(["x"], kind="query")


async def test_the_first_question_after_a_fault_of_the_connection(models) -> None:
    models.server.fault("reset", first=1)
    assert len(await models.embedder().embed(["x"], kind="query")) == 1


async def test_an_endpoint_that_takes_few_texts_at_once_is_asked_in_calls_that_each_count(models) -> None:
    models.server.fault("status", status=503, match="number 9", first=1)
    assert len(await models.embedder(batch=3).embed(TEXTS, kind="document")) == 10
    assert (models.server.calls["embed"], models.server.answered["embed"]) == (5, 4)
    assert (models.meter.embedding_calls, models.meter.embedding_tokens) == (4, models.server.embedding_tokens)
