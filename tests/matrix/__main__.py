"""Make environments, run their tests, and print a line for each."""

import argparse
import re
import shutil
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from tests.matrix.environments import ENVIRONMENTS, MAIN, Environment
from tests.matrix.uv import Failed, Made, build_wheel, make, run

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".matrix"
TREE = ("tests", "cookbooks", "README.md", "pyproject.toml", "LICENSE")
SHOWN = ("langchain-core", "llama-index-core", "openai", "pydantic", "pgvector", "psycopg", "numpy")
TAIL = 60


def main() -> int:
    """Run the environments named, or those of CI."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("--keep", action="store_true", help="keep the environments under .matrix")
    told = parser.parse_args()
    if unknown := set(told.names) - {each.name for each in ENVIRONMENTS}:
        parser.error(
            f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(each.name for each in ENVIRONMENTS)}"
        )
    if told.list:
        for each in ENVIRONMENTS:
            print(f"{each.name:10} {'CI' if each.in_ci else '  '}  {each.about}")
        return 0
    chosen = [each for each in ENVIRONMENTS if (each.name in told.names if told.names else each.in_ci)]
    shutil.rmtree(HOME, ignore_errors=True)
    fine = [tell_main(), *try_all(chosen)]
    if not told.keep:
        shutil.rmtree(HOME, ignore_errors=True)
    return 0 if all(fine) else 1


def tell_main() -> bool:
    """The line of the environment that runs this."""
    versions = {each.name.lower(): each.version for each in metadata.distributions()}
    wrong = missed(MAIN, versions)
    told = f"FAILED  {wrong}" if wrong else "in use"
    print(f"{MAIN.name:10} {told}; {shown(versions)}", flush=True)
    return not wrong


def try_all(environments: Iterable[Environment]) -> list[bool]:
    """Make and test all, two at a time; one that fails does not stop the others."""
    tree = HOME / "tree"
    tree.mkdir(parents=True)
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree / name)
    try:
        wheel = build_wheel(ROOT, HOME / "dist", HOME / "build.log")
    except Failed as error:
        print(f"the wheel  FAILED  {error}\n{tail(HOME / 'build.log')}", flush=True)
        return [False]
    # Two beside each other import and compile less than one with two workers would, and one may wait for the network.
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda each: try_one(each, tree=tree, wheel=wheel), environments))


def try_one(environment: Environment, *, tree: Path, wheel: Path) -> bool:
    """Make one environment and run its tests."""
    home = HOME / environment.name
    home.mkdir()
    log = home / "log.txt"
    began = time.monotonic()
    versions: dict[str, str] = {}
    try:
        made = make(environment, root=ROOT, home=home, wheel=wheel, log=log)
        versions = made.versions
        if wrong := missed(environment, versions):
            raise Failed(wrong)
        ready = time.monotonic()
        test(environment, made, tree=tree, log=log)
    except Failed as error:
        print(f"{environment.name:10} FAILED  {error}; {shown(versions)}\n{tail(log)}", flush=True)
        return False
    times = f"made in {ready - began:.0f} s, tested in {time.monotonic() - ready:.0f} s"
    said = f"{tail(log)}\n" if environment.module else ""
    print(f"{said}{environment.name:10} ok  {closing(log)}, {times}; {shown(versions)}", flush=True)
    return True


def test(environment: Environment, made: Made, *, tree: Path, log: Path) -> None:
    """Run pytest, or the environment's program, where the sources of the package are out of sight."""
    if environment.module:
        run(log, str(made.python), "-m", environment.module, cwd=tree, timeout_s=3600)
        return
    left_out = (f"--deselect={each}" if "::" in each else f"--ignore={each}" for each in environment.without)
    warnings = (part for each in environment.warnings for part in ("-W", each))
    pytest = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *left_out, *warnings)
    run(log, str(made.python), *pytest, *environment.tests, cwd=tree)


def missed(environment: Environment, versions: dict[str, str]) -> str:
    """What was expected of the versions and is not so."""
    got = [f"{name}=={version}" for name, version in versions.items()]
    wrong = [each for each in environment.expects if not any(one.startswith(each) for one in got)]
    return f"expected {', '.join(wrong)}" if wrong else ""


def shown(versions: dict[str, str]) -> str:
    """The versions that matter."""
    return ", ".join(f"{name} {versions[name]}" for name in SHOWN if name in versions)


def closing(log: Path) -> str:
    """How many tests passed, from pytest's last line."""
    found = re.findall(r"^=*\s*(\d+ passed[^=\n]*?)(?: in [\d.]+s.*)?=*$", log.read_text("utf-8"), re.MULTILINE)
    return str(found[-1]) if found else "no count"


def tail(log: Path) -> str:
    """The end of a log."""
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-TAIL:]) if log.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
