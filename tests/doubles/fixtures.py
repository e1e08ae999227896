"""Fixtures of the doubles; in a conftest: `from tests.doubles.fixtures import openai_server`."""

from collections.abc import Iterator

import pytest

from tests.doubles.openai_server import OpenAIServer


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    """A fresh OpenAI-compatible endpoint for one test."""
    with OpenAIServer() as server:
        yield server
