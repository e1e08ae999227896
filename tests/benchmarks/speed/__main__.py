"""Everything about speed, as one table and one line of JSON.

    python -m tests.benchmarks.speed [PART ...] [--scale 1.0] [--list]

Each part makes what it needs, compares within one run, and is a module here: its docstring says what it does. All of
them take half an hour on two cores that do nothing else. PART: one or more names of `--list`; all by default.
"""

import argparse
import importlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.speed.rows import Part, Row, Setting, json_line, machine, table

PARTS: tuple[str, ...] = ("latency", "bulk", "upkeep", "ingestion", "peers", "start", "tenants")
"""In the order in which they run."""


def main() -> None:
    """Measure the parts asked for and print what came out."""
    options = _arguments()
    if options.list:
        for name in PARTS:
            print(f"{name:12}{(_part(name).__doc__ or '').strip().splitlines()[0]}")
        return
    rows: list[Row] = []
    try:
        for name in options.parts or PARTS:
            rows += _measured(name, options.scale)
    finally:  # a part that fails takes nothing along
        print(f"{machine()}\n\n{table(rows)}\n")
        print(json_line(rows))


def _measured(name: str, scale: float) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="lightrag-speed-") as scratch:
        for row in _part(name).measure(Setting(scratch=Path(scratch), scale=scale)):
            print(f"{row.part}: {row.what}: {row.value:.4g} {row.unit} {row.target} {row.note}", file=sys.stderr)
            yield row


def _part(name: str) -> Part:
    module: Part = importlib.import_module(f"{__package__}.{name}")
    return module


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    unknown = sorted({*options.parts} - {*PARTS})
    if unknown:
        parser.error(f"got {', '.join(unknown)}; parts are {', '.join(PARTS)}")
    return options


if __name__ == "__main__":
    main()
