"""What a handle did so far, in figures: the answer of `LightRAGIndex.stats`. All frozen."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from lightrag_integrations.models import Frozen

__all__ = ["IndexStats", "Ingested", "ModelUse", "PoolStats", "Timings"]


class Timings(Frozen):
    """How often something was done and how long it took."""

    count: int = 0
    """Ended, failed ones included."""
    errors: int = 0
    seconds: float = 0.0
    """In all."""
    p50_s: float = 0.0
    """To within a tenth, as p95: both are read from buckets."""
    p95_s: float = 0.0
    max_s: float = 0.0


class ModelUse(Frozen):
    """What one model was asked for one task."""

    task: str
    """extract, decompose, keywords, answer, rerank, summarise or embed."""
    model: str
    calls: int = 0
    """Answered."""
    cached: int = 0
    """Not asked, as the cache had the answer."""
    prompt_tokens: int = 0
    """Estimated where the endpoint tells none."""
    completion_tokens: int = 0


class Ingested(Frozen):
    """What became of documents, as it happened: a call that failed in the middle counts with what it had stored."""

    documents: int = 0
    chunks: int = 0
    mentions: int = 0
    facts: int = 0
    unchanged: int = 0
    failed: int = 0
    superseded: int = 0


class PoolStats(Frozen):
    """The handle's connections to PostgreSQL."""

    max_size: int
    size: int = 0
    """Open, or being opened."""
    in_use: int = 0
    waiting: int = 0
    """Requests for one that wait."""


class IndexStats(Frozen):
    """What one handle did since it was made, and what it does now. Counts of other handles are theirs."""

    index: str
    seconds: float = 0.0
    """Since the handle was made."""
    retrieves: dict[str, Timings] = Field(default_factory=dict)
    """By mode, those for answers included."""
    answers: Timings = Timings()
    """Streamed ones from the first to the last piece."""
    ingests: Timings = Timings()
    """Calls to `ingest` and `retry`."""
    calls: dict[str, Timings] = Field(default_factory=dict)
    """Calls to models by task, each try by itself; waiting for a place is not counted, nor what a stream takes after
    its first piece."""
    models: tuple[ModelUse, ...] = ()
    """Calls and tokens by task and model, as in the ledger."""
    retries: int = 0
    """Calls to models that were tried again."""
    ingested: Ingested = Ingested()
    calls_in_flight: int = 0
    documents_in_work: int = 0
    """Being split, extracted or embedded."""
    pool: PoolStats | None = None
    """None: not open."""

    def flat(self) -> dict[str, float]:
        """Figures by Prometheus names with labels: `lightrag_retrieve_seconds_count{index="docs",mode="mix"}`."""
        own = {"index": self.index}
        found = dict(_gauges(self, own))
        for mode, timing in self.retrieves.items():
            found.update(_summary("retrieve", timing, {**own, "mode": mode}))
        found.update(_summary("answer", self.answers, own))
        found.update(_summary("ingest", self.ingests, own))
        for task, timing in self.calls.items():
            found.update(_summary("model_call", timing, {**own, "task": task}))
        for use in self.models:
            labels = {**own, "task": use.task, "model": use.model}
            found[_key("model_answers_total", labels)] = use.calls
            found[_key("model_cached_total", labels)] = use.cached
            for kind, tokens in (("input", use.prompt_tokens), ("output", use.completion_tokens)):
                found[_key("model_tokens_total", {**labels, "type": kind})] = tokens
        return found


def _gauges(stats: IndexStats, own: dict[str, str]) -> Iterator[tuple[str, float]]:
    yield _key("handle_seconds", own), stats.seconds
    yield _key("model_retries_total", own), stats.retries
    yield _key("model_calls_in_flight", own), stats.calls_in_flight
    yield _key("documents_in_work", own), stats.documents_in_work
    for name, value in stats.ingested:
        yield _key("ingested_total", {**own, "kind": name}), value
    for name, value in stats.pool or ():
        yield _key(f"pool_{name}", own), value


def _summary(name: str, timing: Timings, labels: dict[str, str]) -> Iterator[tuple[str, float]]:
    yield _key(f"{name}_seconds_count", labels), timing.count
    yield _key(f"{name}_seconds_sum", labels), timing.seconds
    yield _key(f"{name}_seconds", {**labels, "quantile": "0.5"}), timing.p50_s
    yield _key(f"{name}_seconds", {**labels, "quantile": "0.95"}), timing.p95_s
    yield _key(f"{name}_errors_total", labels), timing.errors


def _key(name: str, labels: dict[str, str]) -> str:
    shown = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"lightrag_{name}{{{shown}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
