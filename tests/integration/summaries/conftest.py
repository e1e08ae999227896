"""Handles with the double as their model."""

from collections.abc import Iterator

import pytest

from tests.doubles.fixtures import openai_server
from tests.doubles.openai_server import OpenAIServer
from tests.integration.summaries.making import MakeIndex, making

__all__ = ["openai_server"]


@pytest.fixture
def make_index(dsn: str, openai_server: OpenAIServer) -> Iterator[MakeIndex]:
    with making(dsn, openai_server) as make:
        yield make
