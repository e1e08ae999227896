"""Wheels, resolutions and environments, by uv."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from tests.matrix.environments import TOOLS, Environment


class Failed(Exception):
    """A command went wrong; says what it said."""


def run(log: Path, *command: str, cwd: Path | None = None, timeout_s: float = 900) -> None:
    """Run a command with its output in a log."""
    with log.open("a", encoding="utf-8") as out:
        try:
            done = subprocess.run(
                command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"{Path(command[0]).name} {command[1]} took more than {timeout_s:g} s") from None
    if done.returncode:
        raise Failed(f"{Path(command[0]).name} {command[1]} ended with {done.returncode}")


def uv(log: Path, *command: str, cwd: Path | None = None) -> None:
    """Run uv."""
    run(log, find_uv_bin(), *command, cwd=cwd)


def build_wheel(root: Path, into: Path, log: Path) -> Path:
    """The package as it would be published."""
    uv(log, "build", "--wheel", "--out-dir", str(into), str(root))
    (wheel,) = into.glob("*.whl")
    return wheel


@dataclass(frozen=True)
class Made:
    """An environment that was made."""

    python: Path
    versions: dict[str, str]


def make(environment: Environment, *, root: Path, home: Path, wheel: Path, log: Path) -> Made:
    """A fresh environment with the wheel and all it needs.

    The package's own requirements are resolved first, so that no tool of the tests can raise a lowest version.
    """
    lock = home / "lock.txt"
    own = [str(root / "pyproject.toml"), *(f"--extra={extra}" for extra in environment.extras)]
    own.append(_asked(home / "beside.in", environment.beside))
    if environment.lowest:
        _resolve(log, *own, "--resolution=lowest-direct", f"--output-file={home / 'own.txt'}")
        own = [str(home / "own.txt")]
    _resolve(log, *own, _asked(home / "requires.in", (*environment.requires, *TOOLS)), f"--output-file={lock}")
    uv(log, "venv", "--clear", f"--python={sys.executable}", str(home / "venv"))
    python = home / "venv" / "bin" / "python"
    uv(log, "pip", "install", f"--python={python}", "--no-deps", "-r", str(lock), str(wheel))
    if environment.alone:
        uv(log, "pip", "install", f"--python={python}", "--no-deps", *environment.alone)
    lines = (line.partition("==") for line in lock.read_text("utf-8").splitlines())
    return Made(python, {name: version for name, sign, version in lines if sign})


def _asked(path: Path, requirements: tuple[str, ...]) -> str:
    path.write_text("\n".join(requirements) + "\n", "utf-8")
    return str(path)


def _resolve(log: Path, *arguments: str) -> None:
    uv(log, "pip", "compile", "--no-header", "--no-annotate", f"--python={sys.executable}", *arguments)
