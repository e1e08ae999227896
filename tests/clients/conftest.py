"""The double that speaks for all providers, and handles on fresh indexes."""

import uuid
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from lightrag_integrations import LightRAGIndex
from tests.doubles.provider_server import ProviderServer

collect_ignore_glob = ["test_*.py"] if find_spec("langchain_google_genai") is None else []


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as server:
        yield server


@pytest.fixture
def make_index(dsn: str) -> Iterator[Callable[..., LightRAGIndex]]:
    made: list[LightRAGIndex] = []

    def make(**settings: Any) -> LightRAGIndex:
        made.append(LightRAGIndex(f"clients-{uuid.uuid4().hex[:12]}", database=dsn, **settings))
        return made[-1]

    yield make
    for index in made:
        index.drop()
        index.close()
