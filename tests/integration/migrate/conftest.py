"""Handles that are dropped after the test, and a directory that LightRAG wrote."""

import tarfile
from pathlib import Path

import pytest

from tests.doubles.fixtures import openai_server as openai_server
from tests.integration.handle.conftest import make_index as make_index

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The test's own copy."""
    home = tmp_path / "rag_storage"
    with tarfile.open(FIXTURES / "lightrag_1_5_7.tar.xz") as archive:
        archive.extractall(home, filter="data")
    return home
