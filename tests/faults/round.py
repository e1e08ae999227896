"""One round: workers on one index, one kill at a chosen kind of moment, and what must hold afterwards."""

import multiprocessing
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from lightrag_integrations import LightRAGIndex
from tests.faults.corpus import Versions, documents
from tests.faults.endpoint import Endpoint
from tests.faults.marks import Seen
from tests.faults.processes import Target, choose, kill
from tests.faults.worker import Order, handle, small_tuning, work

_WIDTH_S = {
    "first start": 1.2, "schema": 0.08, "acceptance": 0.006, "extraction": 0.15, "commit": 0.03, "compaction": 0.012,
    "index build": 0.008,
}  # fmt: skip
"""How long after the beginning of a phase a kill may come."""
_LATEST = {"acceptance": 3, "extraction": 8, "commit": 2, "compaction": 2, "index build": 2}
"""At which beginning of a phase, at most, the kill is prepared."""
_PATIENCE_S = 60.0
_MENDED_S = 20.0
_ON_THE_WAY_S = 0.03
"""What a dead worker had sent already arrives within."""
_PRELOAD = ("tests.faults.worker", "openai.resources.chat", "httpcore", "httpcore2", "bpe_openai", "scipy.sparse")
"""Whatever of these is there, so that a worker is at work at once."""
_LOOK_S = 0.05
_BATCH = 3


@dataclass(frozen=True)
class Plan:
    """What is done in a round, drawn beforehand."""

    number: int
    phase: str
    victim: str
    """worker or server"""
    workers: int
    update: bool
    """The workers bring an older version of everything first."""
    at: int
    after_s: float


@dataclass
class Outcome:
    """What came of a round."""

    plan: Plan
    phase: str = ""
    """Where the kill struck; empty: nobody was left to be killed."""
    how: str = ""
    waiting: int = 0
    """Calls unanswered at the kill."""
    unwritten: int = 0
    """Calls answered, but not in the cache yet."""
    repeated: int = 0
    ends: list[str] = field(default_factory=list)
    """How the other workers ended."""
    mended: str = ""
    """What `verify` found first, and the handle's upkeep mended by itself."""
    problems: list[str] = field(default_factory=list)


def draw(number: int, phase: str, rng: random.Random, *, victim: str = "", workers: int = 4, latest: int = 99) -> Plan:
    """A victim is drawn unless given; at most so many workers, and the kill at most at such a beginning."""
    victim = victim or rng.choice(("worker", "server"))
    return Plan(
        number=number,
        phase=phase,
        victim=victim,
        workers=rng.randint(1, workers),
        update=phase in ("compaction", "acceptance") or rng.random() < 0.5,
        at=rng.randint(1, min(latest, _LATEST.get(phase, 1))),
        after_s=rng.uniform(0, _WIDTH_S[phase]) / (6 if (victim, phase) == ("server", "acceptance") else 1),
    )


class Round:
    """Runs one plan. `clean` gives the dump of a clean build of given versions."""

    def __init__(self, plan: Plan, home: Path, endpoint: Endpoint, rng: random.Random) -> None:
        self._plan = plan
        self._home = home
        self._endpoint = endpoint
        self._rng = rng
        self._index = f"round {plan.number}"
        self._outcome = Outcome(plan)
        shares = [[f"doc-{worker * 100 + n}" for n in range(rng.choice((3, 6)))] for worker in range(plan.workers)]
        versions = (0, 1) if plan.update else (1,)
        self._batches = [
            [dict.fromkeys(part, version) for version in versions for part in _parts(share)] for share in shares
        ]
        self._given = {name: 1 for share in shares for name in share}

    def run(self, clean: "Clean") -> Outcome:
        endpoint, outcome = self._endpoint, self._outcome
        endpoint.clear()
        seen = self._kill()
        with small_tuning(), self._handle() as index:
            if outcome.phase:
                self._check(index, seen, clean)
            index.drop()
        outcome.repeated = endpoint.repeated()
        if outcome.phase and outcome.repeated > outcome.waiting + outcome.unwritten:
            outcome.problems.append(
                f"{outcome.repeated} of {endpoint.calls['extract']} calls repeated, {outcome.waiting} + "
                f"{outcome.unwritten} were in flight"
            )
        return outcome

    def _handle(self) -> LightRAGIndex:
        return handle(self._home, self._index, base_url=self._endpoint.base_url, key="checker")

    def _kill(self) -> list[Seen]:
        """Start the workers, kill, and wait for those who are left."""
        orders = [
            Order(
                name=f"worker-{number}", home=self._home, index=self._index, base_url=self._endpoint.base_url,
                marks=self._home.parent / f"marks-{self._plan.number}-{number}", batches=batches,
            )
            for number, batches in enumerate(self._batches)
        ]  # fmt: skip
        seen = [Seen([order.marks]) for order in orders]
        with _working(orders) as processes:
            victim, server = self._wait_for(seen, processes)
            self._strike(seen, processes[victim], victim, server=server)
            until = time.monotonic() + _PATIENCE_S
            for process in processes:
                process.join(max(0.0, until - time.monotonic()))
            late = [order.name for order, process in zip(orders, processes, strict=True) if process.is_alive()]
            if late:
                self._outcome.problems.append(f"{', '.join(late)} still run {_PATIENCE_S:g} s after the kill")
        for one in seen:
            one.look()
        self._note_ends(seen, [process.exitcode for process in processes])
        for order in orders:
            order.marks.unlink(missing_ok=True)
        return seen

    def _wait_for(self, seen: list[Seen], processes: list[ForkServerProcess]) -> tuple[int, Target]:
        """Wait for the moment; whose moment it is, and what of the server there is to be killed.

        The server's processes are looked for beforehand: a look takes longer than an acceptance.
        """
        until, looked, server = time.monotonic() + _PATIENCE_S, 0.0, Target("", [])
        while time.monotonic() < until and any(process.is_alive() for process in processes):
            for number, one in enumerate(seen):
                one.look()
                if one.begun[self._plan.phase] >= self._plan.at:
                    time.sleep(self._plan.after_s)
                    return number, server
            if self._plan.victim == "server" and time.monotonic() > looked + _LOOK_S:
                server, looked = choose(self._home, self._rng), time.monotonic()
            time.sleep(0.0005)
        return 0, server

    def _strike(self, seen: list[Seen], process: ForkServerProcess, victim: int, *, server: Target) -> None:
        outcome, everybody = self._outcome, self._plan.victim == "server"
        struck = {number: one for number, one in enumerate(seen) if everybody or number == victim}
        names = [f"worker-{number}" for number in struck]
        if everybody:
            target = server if server.pids else choose(self._home, self._rng)
        else:
            target = Target("worker", [process.pid]) if process.pid and process.is_alive() else Target("", [])
        waiting = sum(self._endpoint.waiting_of(name) for name in names)
        outcome.how = target.how if kill(target.pids) else ""
        if not everybody:
            process.join()
            time.sleep(_ON_THE_WAY_S)
        calls = sum(self._endpoint.by_worker[name] for name in names)
        for one in struck.values():
            one.look()
        if outcome.how:
            outcome.waiting = waiting
            outcome.unwritten = max(0, calls - waiting - sum(one.done["cached"] for one in struck.values()))
            phases = [one.phase() for one in struck.values()]
            outcome.phase = self._plan.phase if self._plan.phase in phases else _foremost(phases)

    def _note_ends(self, seen: list[Seen], codes: list[int | None]) -> None:
        for one, code in zip(seen, codes, strict=True):
            last = one.said[-1] if one.said else ["nothing"]
            self._outcome.ends.append("killed" if code == -9 else " ".join(last)[:200])
            failures = [words for words in one.said if words[0] == "ingested" and words[2:]]
            self._outcome.problems += [f"a document failed: {words[2:]}"[:300] for words in failures]
            if code not in (0, 3, -9):
                self._outcome.problems.append(f"a worker ended with status {code}: {last}")
            if code == 3:
                self._outcome.problems.append(f"a worker failed as the {self._plan.victim} was killed: {last}")

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def _check(self, index: LightRAGIndex, seen: list[Seen], clean: "Clean") -> None:
        outcome = self._outcome
        self._settled(index)
        known = {status.id: _version(index, status.id) for status in index.documents.list()}
        for name, version in self._accepted(seen).items():
            if known.get(name, -1) < version:
                outcome.problems.append(f"{name} was accepted in version {version}, and is in {known.get(name)}")
        self._compare(index, known, clean, "after retry")
        index.ingest(documents(self._given))
        self._compare(index, self._given, clean, "after all was given again")
        if len(index.documents.list()) != len(self._given):
            outcome.problems.append(f"{len(index.documents.list())} documents; {len(self._given)} were given")

    def _settled(self, index: LightRAGIndex) -> None:
        """What anybody does after a restart: retry. Leases run out meanwhile."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            index.documents.retry()
            unfinished = [status for status in index.documents.list() if status.status != "processed"]
            if not unfinished:
                return
            time.sleep(0.1)
        self._outcome.problems.append(f"unfinished {_PATIENCE_S:g} s after the restart: {unfinished}")

    def _accepted(self, seen: list[Seen]) -> dict[str, int]:
        found: dict[str, int] = {}
        for one, batches in zip(seen, self._batches, strict=True):
            for batch in batches[: one.done["acceptance"]]:
                found.update(batch)
        return found

    def _compare(self, index: LightRAGIndex, versions: Versions, clean: "Clean", when: str) -> None:
        until = time.monotonic() + _MENDED_S
        while (wrong := index.verify()) and time.monotonic() < until:
            self._outcome.mended = "; ".join(wrong)
            time.sleep(0.1)
        if wrong:
            self._outcome.problems.append(f"{when}: {wrong}")
        if index.dump() != clean.dump(versions, self._home):
            self._outcome.problems.append(f"{when}: the dump differs from that of a clean build")


class Clean:
    """Dumps of clean builds, each made once, with an endpoint of its own."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._dumps: dict[frozenset[tuple[str, int]], str] = {}

    def dump(self, versions: Mapping[str, int], home: Path) -> str:
        key = frozenset(versions.items())
        if key not in self._dumps:
            with handle(home, "clean", base_url=self._endpoint.base_url, key="clean") as index:
                index.ingest(documents(versions))
                self._dumps[key] = index.dump()
                index.drop()
        return self._dumps[key]


@contextmanager
def _working(orders: list[Order]) -> Iterator[list[ForkServerProcess]]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_PRELOAD])
    processes = [context.Process(target=work, args=(order,), name=order.name) for order in orders]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join()


def _version(index: LightRAGIndex, document_id: str) -> int:
    found = index.documents.chunks(filter={"number": int(document_id.rpartition("-")[2])})
    return max((hit.metadata["version"] for hit in found), default=-1)


def _foremost(phases: list[str]) -> str:
    return next((phase for phase in _WIDTH_S if phase in phases), "between")


def _parts(names: list[str]) -> list[list[str]]:
    return [names[start : start + _BATCH] for start in range(0, len(names), _BATCH)]
