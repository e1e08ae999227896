"""Kill workers and servers at random moments, and see that nothing is lost, doubled, stuck or paid twice.

    python -m tests.faults.kills --number 200 --seed 1

Prints one line for each kill, then counts by phase; ends with status 1 if anything was found.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.endpoint import Endpoint
from tests.faults.processes import programs_of
from tests.faults.round import Clean, Outcome, Round, draw
from tests.integration.embedded.holding import sockets_of, vanished

_WEIGHTS = {
    "first start": 3, "schema": 1, "acceptance": 3, "extraction": 4, "commit": 4, "compaction": 3, "index build": 3,
}  # fmt: skip
_LATENCY_S = 0.04


class Run:
    """Rounds one after the other, most of them in one directory, first starts each in one of its own."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._rng = random.Random(seed)
        self._folder = folder
        self._number = 0
        self.outcomes: list[Outcome] = []

    def __enter__(self) -> "Run":
        self._endpoint = Endpoint(latency_s=_LATENCY_S).__enter__()
        self._clean_endpoint = Endpoint().__enter__()
        self._clean = Clean(self._clean_endpoint)
        return self

    def __exit__(self, *_: object) -> None:
        self._endpoint.__exit__()
        self._clean_endpoint.__exit__()

    def one(self, phase: str = "", **limits: Any) -> Outcome:
        """One round; the phase is drawn unless given. Limits: see `draw`."""
        self._number += 1
        phase = phase or self._rng.choices([*_WEIGHTS], [*_WEIGHTS.values()])[0]
        plan = draw(self._number, phase, self._rng, **limits)
        home = self._folder / (f"first-{self._number}" if phase == "first start" else "home")
        outcome = Round(plan, home, self._endpoint, self._rng).run(self._clean)
        outcome.problems += _left(home)
        self.outcomes.append(outcome)
        return outcome


def _left(home: Path) -> list[str]:
    """What must not be there once everybody has gone."""
    found = []
    if not vanished(sockets_of(home)):
        found.append(f"{sockets_of(home)} is left")
    until = time.monotonic() + 5
    while programs_of(home) and time.monotonic() < until:
        time.sleep(0.05)
    if programs_of(home):
        found.append(f"processes are left: {programs_of(home)}")
    return found


def line(outcome: Outcome) -> str:
    plan = outcome.plan
    struck = f"{outcome.how} in {outcome.phase}" if outcome.phase else "nobody"
    return (
        f"{plan.number}: meant {plan.victim} in {plan.phase} ({plan.at}, +{plan.after_s * 1000:.0f} ms), "
        f"{plan.workers} workers{', update' if plan.update else ''}: killed {struck}; in flight {outcome.waiting} + "
        f"{outcome.unwritten}, repeated {outcome.repeated}; ends {outcome.ends}"
        + (f"; mended by itself: {outcome.mended}" if outcome.mended else "")
        + "".join(f"\n  FOUND {problem}" for problem in outcome.problems)
    )


def summary(outcomes: list[Outcome]) -> str:
    struck = [outcome for outcome in outcomes if outcome.phase]
    counts = Counter((outcome.phase, outcome.plan.victim) for outcome in struck)
    rows = [f"  {phase:12} {victim:7} {count}" for (phase, victim), count in sorted(counts.items())]
    found = sum(bool(outcome.problems) for outcome in outcomes)
    repeated = sum(outcome.repeated for outcome in struck)
    return "\n".join(
        [
            f"{len(struck)} kills of {len(outcomes)} rounds, {found} with findings; {repeated} calls repeated, "
            f"{sum(outcome.waiting for outcome in struck)} unanswered and "
            f"{sum(outcome.unwritten for outcome in struck)} unwritten at the kills",
            *rows,
            f"  how: {dict(Counter(outcome.how for outcome in struck))}",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--number", type=int, default=200, help="kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so long")
    parser.add_argument("--phase", default="", choices=["", *_WEIGHTS])
    parser.add_argument("--victim", default="", choices=["", "worker", "server"])
    given = parser.parse_args()
    until = time.monotonic() + 60 * given.minutes
    with tempfile.TemporaryDirectory(prefix="lrk", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with Run(given.seed, Path(folder)) as run:
            while sum(bool(one.phase) for one in run.outcomes) < given.number and time.monotonic() < until:
                print(line(run.one(given.phase, victim=given.victim)), flush=True)
    print(summary(run.outcomes))
    return int(any(outcome.problems for outcome in run.outcomes))


if __name__ == "__main__":
    sys.exit(main())
