"""Every Python block of the README, in order, as one program; and its command lines."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lightrag_integrations.evaluate.questions import read_questions
from tests.docs.snippets import README, blocks
from tests.doubles.openai_server import OpenAIServer
from tests.forks import Forks
from tests.integration.cli.running import SCRIPT, clean_environment
from tests.integration.migrate.making import lay_out_directory

# Blocks share one namespace; a traceback names the README's line.
PROGRAM = """
import json, sys
namespace = {"__name__": "readme"}
for code, line in json.load(open(sys.argv[1], encoding="utf-8")):
    exec(compile("\\n" * (line - 1) + code, "README.md", "exec"), namespace)
"""


def test_python_blocks_run_in_order(tmp_path: Path) -> None:
    parts = [(block.code, block.line) for block in blocks(README, "python")]
    assert len(parts) >= 6
    lay_out_directory(tmp_path / "rag_storage")
    (tmp_path / "blocks.json").write_text(json.dumps(parts), "utf-8")
    with OpenAIServer() as server:
        server.script("Who designed the Fram", "Colin Archer did [1].")
        environment = clean_environment(OPENAI_API_KEY="key", OPENAI_BASE_URL=server.base_url, PYTHONWARNINGS="default")
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "blocks.json"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "3 stored, 0 unchanged, 0 failed" in done.stdout
    assert "At the mouth of the Lågen [1]." in done.stdout
    assert "Colin Archer did [1]." in done.stdout


def test_the_questions_shown_are_read() -> None:
    (block,) = blocks(README, "json")
    questions = read_questions([json.loads(line) for line in block.code.splitlines()])
    assert [question.id for question in questions] == ["q1", "q2", "q3"]


def command_lines() -> list[str]:
    lines = [line for block in blocks(README, "sh") for line in block.code.splitlines()]
    return [line for line in lines if line.startswith("lightrag ")]


def test_command_lines_run_in_order(dsn: str, forks: Forks, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "fram.txt").write_text("The Fram was designed by Colin Archer.")
    (notes / "ships.csv").write_text("id,text,year\nbeagle,HMS Beagle sailed round the world.,1820\n")
    lay_out_directory(tmp_path / "rag_storage")
    (tmp_path / "questions.jsonl").write_text('{"question": "Who designed the Fram?", "gold_ids": ["notes/fram.txt"]}')
    commands = [shlex.split(line)[1:] for line in command_lines()]
    assert {command[0] for command in commands} == {
        "ingest", "query", "evaluate", "status", "repair", "graph", "export", "import-graph", "import", "delete",
            "doctor", "reembed", "indexes",
    }  # fmt: skip
    with OpenAIServer() as server:
        environment = {
            "LIGHTRAG_DATABASE": dsn,
            "OPENAI_API_KEY": "key",
            "OPENAI_BASE_URL": server.base_url,
        }
        for command in commands:
            done = forks.run(SCRIPT, *command, cwd=tmp_path, **environment)
            assert done.code == 0, (command, done)


@pytest.mark.parametrize("block", ["sh"])
def test_the_two_commands_are_there_to_copy(block: str) -> None:
    start = 'python3 -m venv .venv && .venv/bin/pip install ".[all'
    commands = [entry.code.strip() for entry in blocks(README, block) if entry.code.startswith("python3 -m venv")]
    assert commands == [
        f'{start}]" && .venv/bin/lightrag demo',
        f'{start},test]" && .venv/bin/python -m pytest -n 2',
    ]
