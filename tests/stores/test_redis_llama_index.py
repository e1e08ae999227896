"""A Redis server of our own, through LlamaIndex's key-value store."""

from pathlib import Path

from llama_index.storage.kvstore.redis import RedisKVStore

from tests.stores.contract import Hands, check_documents
from tests.stores.engines import redis_server


def test_contract(hands: Hands, tmp_path: Path) -> None:
    with redis_server(tmp_path) as url:
        check_documents(hands, lambda: RedisKVStore(redis_uri=url))
