"""What every part of the speed benchmark gives: rows of one table, with the target beside the figure."""

import json
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["Part", "Row", "Setting", "json_line", "machine", "table"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a part is told."""

    scratch: Path
    """A directory of its own, removed after the run; databases go here."""
    scale: float = 1.0
    """Share of the full amount of data, for a quick look; targets are only meant for 1."""

    def of(self, amount: int) -> int:
        """So many of them, at this scale."""
        return max(1, round(amount * self.scale))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure."""

    part: str
    what: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""
    """How it came about: absolute figures behind a ratio, the peer's version."""

    @property
    def target(self) -> str:
        """As the table shows it."""
        if self.at_most is not None:
            return f"≤ {self.at_most:,g}"
        return "" if self.at_least is None else f"≥ {self.at_least:,g}"

    @property
    def met(self) -> str:
        """Whether it is reached; empty where there is no target."""
        if self.at_most is None and self.at_least is None:
            return ""
        low, high = self.at_least, self.at_most
        return "yes" if (low is None or self.value >= low) and (high is None or self.value <= high) else "no"


class Part(Protocol):
    """A module of this package: its name is the part's."""

    def measure(self, setting: Setting) -> Iterator[Row]:
        """Yield each figure as soon as it is known."""
        ...


def table(rows: Iterable[Row]) -> str:
    """A Markdown table."""
    lines = ["| part | what | measured | target | met | |", "|---|---|---:|---:|---|---|"]
    lines += [
        f"| {row.part} | {row.what} | {_shown(row.value)} {row.unit} | {row.target} | {row.met} | {row.note} |"
        for row in rows
    ]
    return "\n".join(lines)


def json_line(rows: Sequence[Row]) -> str:
    """All of it, for programs."""
    return json.dumps({"machine": machine(), "rows": [asdict(row) for row in rows]})


def machine() -> str:
    """What it ran on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
