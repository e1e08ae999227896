"""Ask every question under every setting, and make figures of what was found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lightrag_integrations.errors import InputError
from lightrag_integrations.evaluate.figures import measured
from lightrag_integrations.evaluate.questions import EvaluationQuestion
from lightrag_integrations.evaluate.report import Answered, EvaluationReport, Found, Measured
from lightrag_integrations.evaluate.settings import Plan, Setting
from lightrag_integrations.models import Hit, RetrievalResult
from lightrag_integrations.options import QueryOptions

__all__ = ["Kind", "Ports", "run_evaluation"]

Kind = Literal["document", "chunk"]
_UNKNOWN_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Ports:
    """What an evaluation asks of an index."""

    index: str
    embedding: str
    """The embedding model's name."""
    ask: Callable[[str, QueryOptions], Awaitable[RetrievalResult]]
    embed: Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]
    kinds: Callable[[Sequence[str]], Awaitable[Mapping[str, Kind]]]
    """What each id is, of those that the index holds."""
    compute: Callable[[Callable[[], tuple[Measured, ...]]], Awaitable[tuple[Measured, ...]]]
    """Runs the arithmetic beside the loop: thousands of questions take seconds."""
    on_step: Callable[[int, int], None]
    """Told (answered, of all)."""


async def run_evaluation(
    questions: Sequence[EvaluationQuestion], settings: Sequence[Setting], plan: Plan, ports: Ports
) -> EvaluationReport:
    """Measure.

    Args:
        questions: What to ask.
        settings: How to ask it.
        plan: ks, baseline, bootstrap, concurrency.
        ports: The index.

    Raises:
        InputError: The index holds the gold of no question, or there is no such baseline.
    """
    baseline = _baseline(plan.baseline, [setting.name for setting in settings])
    kinds = await ports.kinds(list(dict.fromkeys(gold for asked in questions for gold in asked.gold_ids)))
    unknown = {asked.id: tuple(gold for gold in asked.gold_ids if gold not in kinds) for asked in questions}
    unknown = {question_id: ids for question_id, ids in unknown.items() if ids}
    known = tuple(asked for asked in questions if asked.id not in unknown)
    if not known:
        some = ", ".join(sorted({gold for ids in unknown.values() for gold in ids})[:_UNKNOWN_SHOWN])
        raise InputError(
            f"questions: index {ports.index!r} lacks gold ids of every question ({some}, …); expected ids of its "
            "documents or chunks: compare them with index.documents.list() or 'lightrag status --documents'"
        )
    vectors, embedding_ms = await _embed(known, settings, ports)
    answers = await _ask_all(known, vectors, settings, kinds=kinds, plan=plan, ports=ports)
    by_setting = {setting.name: (setting, [row[number] for row in answers]) for number, setting in enumerate(settings)}
    return EvaluationReport(
        index=ports.index,
        embedding=ports.embedding,
        questions=known,
        unknown=unknown,
        ks=plan.ks,
        baseline=baseline,
        seed=plan.seed,
        resamples=plan.resamples,
        concurrency=plan.concurrency,
        embedding_ms=embedding_ms,
        results=await ports.compute(lambda: measured(by_setting, baseline, plan)),
    )


def _baseline(given: str | None, names: Sequence[str]) -> str:
    if given is None:
        return "mix" if "mix" in names else names[0]
    if given not in names:
        raise InputError(f"baseline: got {given!r}; expected one of what is compared: {', '.join(names)}")
    return given


async def _embed(
    questions: Sequence[EvaluationQuestion], settings: Sequence[Setting], ports: Ports
) -> tuple[Sequence[tuple[float, ...] | None], float | None]:
    if all(setting.options.mode == "keyword" for setting in settings):
        return [None] * len(questions), None
    begun = time.perf_counter()
    vectors = await ports.embed([asked.question for asked in questions])
    each = 1000 * (time.perf_counter() - begun) / len(questions)
    return [tuple(vector) for vector in vectors], each


async def _ask_all(
    questions: Sequence[EvaluationQuestion],
    vectors: Sequence[tuple[float, ...] | None],
    settings: Sequence[Setting],
    *,
    kinds: Mapping[str, Kind],
    plan: Plan,
    ports: Ports,
) -> list[list[Answered]]:
    """For each question its answers in the order of the settings."""

    async def one(asked: EvaluationQuestion, vector: tuple[float, ...] | None, setting: Setting) -> Answered:
        options = setting.options.model_copy(update={"k": plan.ks[-1], "query_embedding": vector})
        begun = time.perf_counter()
        result = await ports.ask(asked.question, options)
        return _answered(asked, result.hits, kinds, time.perf_counter() - begun)

    for setting in settings:
        await one(questions[0], vectors[0], setting)  # opens connections, warms caches, and is not counted
    free = asyncio.Semaphore(plan.concurrency)
    done = 0

    async def under_each(number: int) -> list[Answered]:
        nonlocal done
        answers: dict[int, Answered] = {}
        async with free:
            # The settings take turns at going first, as the first to ask a question finds the database's caches cold.
            for turn in range(len(settings)):
                place = (number + turn) % len(settings)
                answers[place] = await one(questions[number], vectors[number], settings[place])
                done += 1
                ports.on_step(done, len(questions) * len(settings))
        return [answers[place] for place in range(len(settings))]

    tasks = [asyncio.create_task(under_each(number)) for number in range(len(questions))]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:  # after a failure: nothing goes on asking
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _answered(asked: EvaluationQuestion, hits: Sequence[Hit], kinds: Mapping[str, Kind], seconds: float) -> Answered:
    places = {
        "document": _first_places(hit.document_id for hit in hits),
        "chunk": _first_places(hit.chunk_id for hit in hits),
    }
    return Answered(
        id=asked.id,
        ranks={gold: places[kinds[gold]].get(gold) for gold in asked.gold_ids},
        found=tuple(Found(chunk_id=hit.chunk_id, document_id=hit.document_id, title=hit.title) for hit in hits),
        latency_ms=1000 * seconds,
    )


def _first_places(ids: Iterable[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, found in enumerate(ids, start=1):
        places.setdefault(found, place)
    return places
