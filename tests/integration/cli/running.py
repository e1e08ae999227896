"""Runs `lightrag` as a real process, cut off from the settings of whoever runs the tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightrag_integrations import cli


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Outcome]
PROGRAM = (sys.executable, "-m", "lightrag_integrations.cli")
SCRIPT = str(Path(cli.__file__).with_name("__main__.py"))


def clean_environment(**more: str) -> dict[str, str]:
    ours = ("LIGHTRAG_", "OPENAI_", "PG", "PYTHONDONTWRITEBYTECODE")  # compiling takes longer than what is run
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONWARNINGS": "error", **more}


def run_cli(*arguments: str, cwd: Path, **environment: str) -> Outcome:
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=cwd,
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
