"""The process whose forks run programs may die before it answers: its users are told of that, not of what they got."""

import signal
from pathlib import Path

import pytest

from tests.forks import Forks


@pytest.mark.parametrize(("modules", "end"), [(["no_such_module"], "exit code 1"), ([], "exit code -9")])
def test_a_server_of_forks_that_is_gone_says_how_it_ended(tmp_path: Path, modules: list[str], end: str) -> None:
    program = tmp_path / "program.py"
    program.write_text("print('here')")
    forks = Forks(*modules)
    try:
        if not modules:
            assert forks.run(str(program), cwd=tmp_path).out == "here\n"
            forks._process.send_signal(signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(RuntimeError, match=f"has ended, {end}, before it told how program.py did"):
                forks.run(str(program), cwd=tmp_path)
    finally:
        forks.close()
