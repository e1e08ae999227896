"""The order of ingestion: accept → plan → (split → extract → validate → embed) → commit → summarise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from lightrag_integrations.errors import InputError
from lightrag_integrations.ingest.accept import Checked, Earlier, refusal, validate_documents
from lightrag_integrations.ingest.call import Call, Job, new_call
from lightrag_integrations.ingest.commit import Committer
from lightrag_integrations.ingest.enrich import run_enrich
from lightrag_integrations.ingest.fit import Fit, expected_fit
from lightrag_integrations.ingest.identity import options_fingerprint
from lightrag_integrations.ingest.lease import Leases
from lightrag_integrations.ingest.manner import Lines
from lightrag_integrations.ingest.plan import accepted_jobs, given_before
from lightrag_integrations.ingest.queue import EmbedQueue
from lightrag_integrations.ingest.retry import claimed_jobs
from lightrag_integrations.ingest.tasks import first_error, is_fatal, settle
from lightrag_integrations.ingest.tools import IngestTools
from lightrag_integrations.ingest.window import Window
from lightrag_integrations.models import Document
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.reports import IngestReport

__all__ = ["IngestTools", "run_enrich", "run_ingest", "run_retry"]

_WINDOW_PER_CALL = 16
_WINDOW_CHARACTERS = 4_000_000


async def run_ingest(
    documents: Sequence[Document], tools: IngestTools, options: IngestOptions, *, earlier: Earlier | None = None
) -> IngestReport:
    """Store documents: split, extracted, embedded, committed whole or not at all.

    Args:
        documents: Any number; checked together before anything is written.
        tools: Store, models, helpers.
        options: How.
        earlier: What came in earlier portions of the same call; these documents are added to it.

    Returns:
        What was done; documents that failed are in it with their reasons.

    Raises:
        InputError: Something given was refused; nothing was written.
        StorageError: The database failed; documents not yet committed stay pending.
    """
    with tools.watch.ingest(len(documents)) as work:
        report = await _ingested(documents, tools, options, earlier=earlier)
        work.stored(report)
        return report


async def _ingested(
    documents: Sequence[Document], tools: IngestTools, options: IngestOptions, *, earlier: Earlier | None
) -> IngestReport:
    fit = await expected_fit(documents, tools, options)
    checked = await tools.run_cpu(
        lambda: validate_documents(documents, options, any_dimension=fit is not None, earlier=earlier)
    )
    call = new_call(tools, options, options_fingerprint(tools, options))
    if fit is not None:
        await _refuse_misfits(checked, fit, call)
    call.tally.given([document.id for document in checked.documents])
    for name, reason in checked.refused.items():
        call.tally.failed(name, reason)
    call.tally.unchanged(checked.repeated, "repeated in this call")
    async with Leases(call) as leases:
        documents = checked.documents
        while documents:
            again: list[Document] = []
            await _worked_on(accepted_jobs(documents, call, leases, again=again), call, leases)
            documents = again
    return await _finished(call)


async def _refuse_misfits(checked: Checked, fit: Fit, call: Call) -> None:
    """Documents with vectors that can't be stored; those known as they are may come again after a change of model."""
    problems = {document.id: fit.problem_of(document) for document in checked.documents}
    bad = [document for document in checked.documents if problems[document.id]]
    same = await given_before(bad, call) if bad else frozenset[str]()
    refused = {one.id: problems[one.id] for one in bad if one.id not in same}
    lines = [f"document {name!r:.80}: {problem}" for name, problem in refused.items()]
    if lines and call.options.on_invalid == "raise":
        raise InputError(refusal(lines, fit.advice), tuple(lines))
    checked.refused.update(refused)
    checked.documents = [document for document in checked.documents if document.id not in refused]


async def run_retry(document_ids: Sequence[str] | None, tools: IngestTools, options: IngestOptions) -> IngestReport:
    """Finish documents that failed or were left behind; extractions made already are not paid again.

    Args:
        document_ids: Only these; None: all.
        tools: Store, models, helpers.
        options: How; what decides on the content is as it was when the document was accepted.

    Returns:
        What was done.

    Raises:
        StorageError: The database failed.
    """
    call = new_call(tools, options, options_fingerprint(tools, options))
    with tools.watch.ingest() as work:
        async with Leases(call) as leases:
            await _work(claimed_jobs(document_ids, call, leases), call, leases)
        report = await _finished(call)
        work.stored(report)
        return report


async def _worked_on(jobs: AsyncIterator[Job], call: Call, leases: Leases) -> None:
    """Accept all documents, however long the work on them takes, while the first are worked on."""
    accepted: asyncio.Queue[Job | None] = asyncio.Queue()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_read(jobs, accepted))
            await _work(_each(accepted), call, leases)
    except BaseExceptionGroup as errors:
        raise first_error(errors) from errors


async def _read(jobs: AsyncIterator[Job], accepted: asyncio.Queue[Job | None]) -> None:
    async for job in jobs:
        accepted.put_nowait(job)
    accepted.put_nowait(None)


async def _each(accepted: asyncio.Queue[Job | None]) -> AsyncIterator[Job]:
    while (job := await accepted.get()) is not None:
        yield job


async def _work(jobs: AsyncIterator[Job], call: Call, leases: Leases) -> None:
    """Work on many documents side by side and commit them as they are done; ends with no task left behind."""
    window = Window(documents=_WINDOW_PER_CALL * call.tools.concurrency, size=_WINDOW_CHARACTERS)
    committer = Committer(call, idle=lambda: window.empty, on_done=leases.end)
    try:
        async with (
            EmbedQueue(call.tools.embedder, batch=call.options.embed_batch) as queue,
            Lines(call, queue) as lines,
            asyncio.TaskGroup() as group,
        ):
            keeping = group.create_task(leases.keep())
            committing = group.create_task(committer.run())
            async with asyncio.TaskGroup() as documents:
                async for job in jobs:
                    await window.enter(job.size)
                    documents.create_task(_one(job, call, lines=lines, window=window, committer=committer))
                await window.down_to(call.tools.concurrency)
                committer.hurry()
            committer.close()
            await committing
            keeping.cancel()
    except BaseExceptionGroup as errors:
        raise first_error(errors) from errors


async def _finished(call: Call) -> IngestReport:
    """Summaries come last, when every document is in its place: none can fail one."""
    if call.tools.summarise is not None:
        with call.tools.watch.step("summarise"):
            call.tally.summarised(await call.tools.summarise(call.tally.stored_ids))
    return call.tally.report()


async def _one(job: Job, call: Call, *, lines: Lines, window: Window, committer: Committer) -> None:
    """One document; whatever goes wrong with it is its own failure, unless the database is gone."""
    with call.tools.watch.counters.document():
        outcome = await settle(lines.prepare(job))
    if isinstance(outcome, BaseException) and is_fatal(outcome):
        raise outcome
    if isinstance(outcome, BaseException):
        await committer.fail(job.document.id, outcome)
    else:
        await committer.put(outcome)
    # Only now: what waits for its transaction takes memory too.
    window.leave(job.size)
    committer.nudge()
