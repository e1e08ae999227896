"""Handles on one index, and of the engines those that are installed: the others' files are not collected."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.stores.contract import Hands, hands_on

ENGINES = {
    "test_faiss.py": "faiss",
    "test_qdrant.py": "qdrant_client",
    "test_milvus.py": "milvus_lite",
    "test_kuzu.py": "kuzu",
    "test_redis.py": "redis",
}
collect_ignore = [file for file, module in ENGINES.items() if find_spec(module) is None]


@pytest.fixture
def hands(dsn: str) -> Iterator[Hands]:
    with hands_on(dsn) as hands:
        yield hands
