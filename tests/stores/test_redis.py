"""A Redis server of our own, through both frameworks' stores of documents."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_community.storage import RedisStore
from llama_index.storage.kvstore.redis import RedisKVStore

from tests.stores.contract import Hands, check_documents
from tests.stores.engines import redis_server


@pytest.fixture
def client() -> Iterator[Any]:
    # The length of a socket's name is limited.
    with tempfile.TemporaryDirectory(prefix="lr", dir="/tmp") as folder, redis_server(Path(folder)) as client:
        yield client


def test_langchain(hands: Hands, client: Any) -> None:
    check_documents(hands, lambda: RedisStore(client=client, namespace="documents"))


def test_llama_index(hands: Hands, client: Any) -> None:
    check_documents(hands, lambda: RedisKVStore(redis_client=client))
