"""Wrong usage, wrong settings and a missing database: exit codes, clear words, no secrets."""

import json
import os
import signal
import subprocess
import termios
import time
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from lightrag_integrations.cli import main
from tests.integration.cli.running import PROGRAM, Cli, clean_environment

UNREACHABLE = "postgresql://someone:hunter2secret@127.0.0.1:1/none"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("query",),
        ("query", "x", "--mode", "sideways"),
        ("query", "x", "--k", "0"),
        ("query", "x", "--k", "many"),
        ("query", "x", "--filter", "{"),
        ("query", "x", "--filter", "[1]"),
        ("ingest",),
        ("delete",),
        ("status", "--unknown"),
    ],
)
def test_wrong_usage_is_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    done = cli(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert "lightrag" in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("x", "--filter", '{"a": {"$near": 1}}'), 2, "$near"),
        ((" ",), 2, "expected a question"),
        (("x", "--answer"), 3, "llm"),
    ],
)
def test_questions_refused(cli: Cli, arguments: tuple[str, ...], code: int, reason: str) -> None:
    done = cli("query", *arguments)
    assert (done.code, done.out) == (code, "")
    assert reason in done.err


def test_an_unknown_index_is_3_and_is_not_made(cli: Cli, name: str, notes: Path) -> None:
    assert cli("ingest", "notes/fram.txt").code == 0
    for command in (
        ("query", "Fram"), ("status",), ("graph", "Fram"), ("export", "graph.json"), ("repair",), ("delete", "x"),
        ("ingest", "--retry"),
    ):  # fmt: skip
        done = cli(*command, "--index", f"{name} typo")
        assert (done.code, done.out) == (3, ""), command
        assert f"has no index '{name} typo'; it holds " in done.err
    assert not (notes.parent / "graph.json").exists()
    told = cli("indexes", "--json").json["indexes"]
    assert name in told and f"{name} typo" not in told


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("query", "--help"), ("doctor", "--help"), ("ingest", "-h"), ("demo", "-h")],
)
def test_help_is_0(cli: Cli, arguments: tuple[str, ...]) -> None:
    done = cli(*arguments)
    assert (done.code, done.err) == (0, "")
    assert "lightrag" in done.out


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (("status", "--database", "absent"), {}, "there is none at 'absent'"),
        (("status", "--database", "mysql://host/db"), {}, "expected postgresql://"),
        (("query", "x", "--llm", "m"), {}, "OPENAI_API_KEY"),
        (("query", "x", "--llm", "m", "--base-url", "nowhere"), {}, "base_url must look like"),
        (("query", "x", "--embed", "m", "--base-url", "http://me:hunter2secret@host/v1"), {}, "OPENAI_API_KEY"),
        (("status", "--database", UNREACHABLE), {}, "LIGHTRAG_DATABASE"),
        (("demo", "--database", UNREACHABLE), {}, "LIGHTRAG_DATABASE"),
        (("status", "--database", "postgresql://host/db?password=hunter2secret"), {}, "pgpass"),
        (("status", "--database", "host=h password=hunter2secret"), {}, "pgpass"),
    ],
)
def test_wrong_settings_are_3(cli: Cli, arguments: tuple[str, ...], environment: dict[str, str], reason: str) -> None:
    done = cli(*arguments, **environment)
    assert (done.code, done.out) == (3, "")
    assert reason in done.err
    assert "hunter2secret" not in done.err
    assert "Traceback" not in done.err


def test_a_database_that_does_not_answer_is_4(cli: Cli) -> None:
    done = cli("status", "--json", LIGHTRAG_DATABASE=UNREACHABLE)
    assert done.code == 4
    assert done.json["error"] == "ConnectionFailed"
    assert "hunter2secret" not in done.out + done.err


def test_a_model_that_does_not_answer_is_5(cli: Cli, notes: Path) -> None:
    assert cli("ingest", "notes").code == 0
    gone = ("--llm", "m", "--base-url", "http://127.0.0.1:1/v1")
    done = cli("query", "Who?", "--answer", *gone, "--json")
    assert done.code == 5
    assert done.json["error"] == "ModelError"


def test_doctor_reports_a_database_that_fails(cli: Cli) -> None:
    done = cli("doctor", "--json", LIGHTRAG_DATABASE=UNREACHABLE)
    assert done.code == 1
    assert [check["name"] for check in done.json["checks"] if check["ok"] is False] == ["database"]
    assert "hunter2secret" not in done.out + done.err


def test_the_reader_of_a_pipe_may_leave(cli: Cli, dsn: str, notes: Path, tmp_path: Path) -> None:
    assert cli("ingest", "notes").code == 0
    environment = clean_environment(LIGHTRAG_DATABASE=dsn, LIGHTRAG_INDEX="cli-pipe")
    process = subprocess.Popen(
        [*PROGRAM, "doctor"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) == 141


def test_interrupting_ends_cleanly(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "much.jsonl").write_text(
        "".join(json.dumps({"text": f"Person {n} met Person {n + 1} in Larvik. " * 40}) + "\n" for n in range(3000))
    )
    environment = clean_environment(LIGHTRAG_DATABASE=dsn, LIGHTRAG_INDEX="cli-interrupted")
    shown, terminal = os.openpty()  # progress bars are for terminals only
    termios.tcsetwinsize(terminal, (24, 100))
    process = subprocess.Popen(
        [*PROGRAM, "ingest", "much.jsonl"], cwd=tmp_path, env=environment,
        stdout=subprocess.DEVNULL, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    err = ""
    while "chunks" not in err:
        err += os.read(shown, 400).decode(errors="replace")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    with suppress(OSError):  # how a terminal says that nobody writes to it any more
        while piece := os.read(shown, 4000):
            err += piece.decode(errors="replace")
    os.close(shown)
    assert process.wait(60) == 130
    assert "interrupted" in err
    assert "Traceback" not in err


def test_the_installed_script_is_this_program() -> None:
    (script,) = entry_points(group="console_scripts", name="lightrag")
    assert script.load() is main
