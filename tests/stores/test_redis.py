"""A Redis server of our own, through LangChain's store of bytes."""

from pathlib import Path

from langchain_community.storage import RedisStore

from tests.stores.contract import Hands, check_documents
from tests.stores.engines import redis_server


def test_contract(hands: Hands, tmp_path: Path) -> None:
    with redis_server(tmp_path) as url:
        check_documents(hands, lambda: RedisStore(redis_url=url, namespace="documents"))
