"""Endpoints and servers that fail: no document is lost, none hangs, a retry pays only for what is missing."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from lightrag_integrations.contributions import PendingDocument
from lightrag_integrations.errors import StorageError
from lightrag_integrations.ingest.call import new_call
from lightrag_integrations.ingest.obtain import Extractions
from lightrag_integrations.ingest.split import prepare_chunk
from lightrag_integrations.models import Chunk, Document, Extraction
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.protocols import ChatReply
from tests.integration.ingest.conftest import Bench

HANG_GUARD_S = 120


def many(count: int) -> list[Document]:
    return [
        Document(id=f"d{number:03}", title=f"Report {number}", text=f"Ada Lovelace saw Machine {number} in London.")
        for number in range(count)
    ]


FAULTS: list[dict[str, Any]] = [
    {"trouble": "status", "status": 429, "retry_after": 0, "rate": 0.3},
    {"trouble": "status", "status": 500, "rate": 0.3},
    {"trouble": "status", "status": 503, "rate": 0.3},
    {"trouble": "malformed", "rate": 0.5},
    {"trouble": "truncated", "rate": 0.3},
    {"trouble": "prose", "rate": 0.2},
    {"trouble": "empty", "rate": 0.2},
    {"trouble": "reset", "rate": 0.2},
    {"trouble": "no_usage"},
    {"trouble": "unsupported", "format": "json_schema"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['trouble']}-{fault.get('status', '')}")
async def test_no_document_is_lost_to_a_faulty_endpoint(bench: Bench, fault: dict[str, Any]) -> None:
    bench.server.fault(kind="extract", **fault)
    documents = many(24)
    async with asyncio.timeout(HANG_GUARD_S):
        report = await bench.ingest(documents, attempts=8)
        assert report.documents + report.failed == 24
        bench.server.clear()
        again = await bench.retry()
    assert again.failed == 0
    assert again.documents == report.failed
    assert bench.server.calls["extract"] == report.failed
    assert await bench.states() == dict.fromkeys([document.id for document in documents], "processed")


@pytest.mark.parametrize("trouble", ["status", "short", "nan", "reset"])
async def test_a_faulty_embedding_endpoint(bench: Bench, trouble: Any) -> None:
    bench.server.fault(trouble, kind="embed", rate=0.4, status=503)
    async with asyncio.timeout(HANG_GUARD_S):
        report = await bench.ingest(many(24), attempts=6, embed_batch=8)
        bench.server.clear()
        again = await bench.retry()
    assert (again.documents, again.failed, again.model_calls) == (report.failed, 0, 0)
    assert set((await bench.states()).values()) == {"processed"}


async def test_slow_calls_run_into_the_time_limit_and_are_tried_again(bench: Bench) -> None:
    bench.call_timeout_s = 0.3
    bench.server.fault("slow", kind="extract", seconds=5.0, first=3)
    async with asyncio.timeout(HANG_GUARD_S):
        report = await bench.ingest(many(6))
    assert (report.documents, report.failed) == (6, 0)


async def test_one_bad_chunk_fails_its_document_only_and_is_all_a_retry_pays(bench: Bench) -> None:
    chunks = tuple(Chunk(id=f"c{n}", document_id="big", text=f"Ada Lovelace saw Machine {n}.") for n in range(10))
    fault = bench.server.fault("status", status=400, kind="extract", match="Machine 7.")
    report = await bench.ingest([Document(id="big", chunks=chunks), Document(id="other", text="Ada saw London.")])
    assert fault.hits >= 1
    assert (report.documents, report.failed) == (1, 1)
    assert "1 of 10 chunks" in report.errors["big"]
    assert "c7" in report.errors["big"]
    assert await bench.states() == {"big": "failed", "other": "processed"}
    (status,) = await bench.store.statuses(status="failed", document_ids=None, limit=None)
    assert status.error == report.errors["big"]
    bench.server.clear()
    again = await bench.retry(["big"])
    assert (again.documents, again.cached, again.model_calls) == (1, 9, 1)
    assert bench.server.calls["extract"] == 1


async def test_a_wrong_key_fails_every_document_at_once(bench: Bench) -> None:
    bench.server.fault("status", status=401, message="bad key")
    report = await bench.ingest(many(10))
    assert (report.documents, report.failed) == (0, 10)
    assert bench.server.calls["extract"] == 10
    assert all("bad key" in reason or "401" in reason for reason in report.errors.values())
    assert all("sk-secret" not in reason for reason in report.errors.values())


async def test_over_budget_documents_fail_with_that_reason_and_can_be_retried(bench: Bench) -> None:
    bench.concurrency = 1
    first = await bench.ingest(many(1))
    each = first.prompt_tokens + first.completion_tokens
    report = await bench.ingest(many(12)[1:], token_budget=4 * each)
    assert 0 < report.documents < 11
    assert report.documents + report.failed == 11
    assert report.prompt_tokens + report.completion_tokens <= 5 * each
    assert all(reason.startswith("BudgetExceeded") for reason in report.errors.values())
    assert (await bench.retry()).failed == 0
    assert bench.server.answered["extract"] == 12


async def test_any_exception_of_a_users_extractor_is_its_documents_failure(bench: Bench) -> None:
    class Odd:
        fingerprint = "odd"

        async def extract(self, chunk: Chunk) -> Extraction:
            number = int(chunk.text.rsplit(" ", 3)[1])
            if number % 3 == 0:
                raise ZeroDivisionError("by zero")
            return Extraction()

    bench.extractor = Odd()
    report = await bench.ingest(many(9))
    assert (report.documents, report.failed) == (6, 3)
    assert all("ZeroDivisionError" in reason for reason in report.errors.values())


async def test_cancelling_leaves_no_task_and_a_retry_finishes(bench: Bench) -> None:
    bench.server.latency_s = 0.05
    await bench.states()  # the pool starts tasks of its own at its first connection
    before = asyncio.all_tasks()
    running = asyncio.create_task(bench.ingest(many(60), commit_documents=4))
    async with asyncio.timeout(HANG_GUARD_S):
        while bench.server.answered["extract"] < 20:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not asyncio.all_tasks() - before
        answered = bench.server.answered["extract"]
        bench.server.latency_s = 0.0
        again = await bench.retry()
    assert again.failed == 0
    assert set((await bench.states()).values()) == {"processed"}
    assert len(await bench.states()) == 60
    # What was answered before the end was kept, but for the calls in flight.
    assert bench.server.answered["extract"] - answered <= 60 - answered + bench.concurrency


class Told:
    """A chat model that tells of each answer as soon as it has it."""

    def __init__(self, chat: Any, tell: Callable[[], object]) -> None:
        self.name, self.formats = chat.name, chat.formats
        self._chat, self._tell = chat, tell

    async def chat(self, *args: Any, **named: Any) -> ChatReply:
        reply: ChatReply = await self._chat.chat(*args, **named)
        self._tell()
        return reply


async def test_what_is_answered_when_the_call_is_cancelled_is_not_paid_again(bench: Bench) -> None:
    running: asyncio.Task[Any]

    async def cancel(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()

    cancelling: list[asyncio.Task[None]] = []
    async with asyncio.timeout(HANG_GUARD_S):
        for turns, document in enumerate(many(16)):
            bench.around = lambda chat, turns=turns: Told(
                chat, lambda: cancelling.append(asyncio.create_task(cancel(turns)))
            )
            running = asyncio.create_task(bench.ingest([document]))
            with pytest.raises(asyncio.CancelledError):
                await running
            await cancelling.pop()
            assert bench.server.answered["extract"] == turns + 1
            bench.around = lambda chat: chat
            again = await bench.retry()
            assert (again.documents, again.failed, again.model_calls) == (1, 0, 0), f"cancelled after {turns} turns"
    paid = [usage for usage in await bench.store.ledger() if usage.kind == "extract" and not usage.cached]
    assert sum(usage.calls for usage in paid) == 16


async def test_nothing_more_is_asked_when_a_call_is_cancelled_while_its_answer_is_read(bench: Bench) -> None:
    bench.server.fault("empty", kind="extract")
    bench.around = lambda chat: Told(chat, lambda: asked.cancel())
    tools = bench.tools(IngestOptions())
    chunk = prepare_chunk(Chunk(id="c", document_id="d", text="Ada met Bob."), Document())
    async with asyncio.timeout(HANG_GUARD_S):
        async with Extractions(tools.extractor, tools, new_call(tools, IngestOptions(), "").tally) as extractions:
            asked = asyncio.create_task(extractions.of("d", [chunk]))
            with pytest.raises(asyncio.CancelledError):
                await asked
    assert bench.server.calls["extract"] == 1
    (paid,) = [usage for usage in await bench.store.ledger() if usage.kind == "extract"]
    assert paid.calls == 1


@pytest.mark.parametrize("taking", ["accept", "claim", "claim of an upsert"])
async def test_documents_taken_as_the_call_is_cancelled_are_given_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, taking: str
) -> None:
    running: asyncio.Task[Any]
    method = taking.split()[0]
    take = getattr(bench.store, method)

    async def cancelled(*args: Any, **named: Any) -> Any:
        await take(*args, **named)
        running.cancel()
        await asyncio.Event().wait()

    chunks = (Chunk(id="c", document_id="d", text="Ada met Bob."),)
    upserting: dict[str, Any] = {"on_existing": "upsert_chunks"}
    if taking != "accept":
        bench.server.fault("status", status=500, kind="extract")
        assert (await bench.ingest([Document(id="d", chunks=chunks)], attempts=1, **upserting)).failed == 1
        bench.server.clear()
    monkeypatch.setattr(bench.store, method, cancelled)
    work = bench.retry() if taking == "claim" else bench.ingest([Document(id="d", chunks=chunks)], **upserting)
    running = asyncio.create_task(work)
    with pytest.raises(asyncio.CancelledError):
        await running
    monkeypatch.undo()
    assert (await bench.states())["d"] in ("pending", "failed")
    again = await bench.retry()
    assert (again.documents, again.failed) == (1, 0)


async def test_a_server_that_drops_its_connections_loses_nothing(bench: Bench, dsn: str) -> None:
    bench.server.latency_s = 0.02
    running = asyncio.create_task(bench.ingest(many(60)))
    async with asyncio.timeout(HANG_GUARD_S):
        while bench.server.answered["extract"] < 20:
            await asyncio.sleep(0.01)
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND query LIKE %s AND backend_type = 'client backend'",
                [f"%{bench.schema}%"],
            )
        (outcome,) = await asyncio.gather(running, return_exceptions=True)
        assert not isinstance(outcome, BaseException) or isinstance(outcome, StorageError)
        again = await bench.retry()
    assert again.failed == 0
    assert await bench.states() == dict.fromkeys([document.id for document in many(60)], "processed")


async def test_a_row_that_no_transaction_takes_fails_alone_at_every_retry(bench: Bench) -> None:
    bench.lexical = True
    bad = Chunk(id="x", document_id="bad", text="Bob", position=2**40)
    rows = [Document(id="bad", text="Bob", chunks=(bad,)), Document(id="ok", text="Alice")]
    accepted = [PendingDocument(one, "hash") for one in rows]
    assert await bench.store.accept(accepted, owner="gone", lease_s=0.01) == {"bad", "ok"}
    await asyncio.sleep(0.05)
    for stored in (1, 0):
        report = await bench.retry()
        assert (report.documents, set(report.errors)) == (stored, {"bad"})
        assert "1099511627776" in report.errors["bad"]
    assert await bench.states() == {"bad": "failed", "ok": "processed"}


async def test_a_retry_works_as_the_call_that_failed_was_told_to(bench: Bench) -> None:
    text = "Ada Lovelace met Charles Babbage in London. " * 12
    manners: dict[str, dict[str, Any]] = {
        "small": {"chunk_tokens": 32, "extract": False},
        "typed": {"entity_types": ("poet",), "max_entities": 2},
        "nodes": {"extract": False, "on_existing": "upsert_chunks"},
        "plain": {},
    }
    given = {name: Document(id=name, text=f"{name}. {text}") for name in manners}
    given["nodes"] = Document(id="nodes", chunks=(Chunk(id="n", document_id="nodes", text=text),))
    bench.server.fault("status", kind="embed", status=400)
    for name, options in manners.items():
        assert (await bench.ingest([given[name]], **options)).failed == 1
    bench.server.clear()
    report = await bench.retry(attempts=2)
    assert (report.documents, report.failed) == (4, 0)
    for name, options in manners.items():
        assert (await bench.ingest([given[name]], **options)).unchanged == 1, name
    statuses = await bench.store.statuses(status=None, document_ids=["small", "plain"], limit=None)
    assert {one.id: one.chunks > 3 for one in statuses} == {"small": True, "plain": False}
    facts = (await bench.store.status()).facts
    await bench.store.delete(["typed", "plain"])
    assert facts > (await bench.store.status()).facts == 0
