"""The list of environments names what there is."""

from pathlib import Path

import pytest

from tests.matrix.environments import ENVIRONMENTS, Environment

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: each.name)
def test_paths_are_there(environment: Environment) -> None:
    assert (environment.tests or environment.module) and environment.expects
    assert not environment.module or (ROOT / environment.module.replace(".", "/")).with_suffix(".py").exists()
    for each in (*environment.tests, *environment.without):
        path, _, name = each.partition("::")
        assert (ROOT / path).exists(), each
        assert not name or f"def {name}" in (ROOT / path).read_text("utf-8"), each
