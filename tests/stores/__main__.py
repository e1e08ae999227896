"""Try the contract on stores of your own: `python -m tests.stores --graph neo4j://neo4j:password@localhost:7687`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.stores.contract import DIMENSION, Hands, check_documents, check_graph, check_vectors, hands_on

CHECKS: dict[str, Callable[[Hands, Callable[[], Any]], None]] = {
    "vectors": check_vectors,
    "graph": check_graph,
    "documents": check_documents,
}
FORMS = """STORE is the address of a server, or MODULE:FUNCTION, where the function returns the store:
  --graph      neo4j://USER:PASSWORD@HOST:7687  memgraph://HOST:7687  falkor://HOST:6379
  --vectors    qdrant://HOST:6333  milvus://HOST:19530
  --documents  redis://HOST:6379  mongodb://HOST:27017
The integration's package has to be installed (pip install llama-index-graph-stores-neo4j, …). Use an empty database:
the check leaves others' data alone, but what has the same names as its own is changed."""


def main() -> int:
    """Run the checks asked for, a line for each."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.stores", description=__doc__, epilog=FORMS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    for role in CHECKS:
        parser.add_argument(f"--{role}", metavar="STORE")
    parser.add_argument("--database", metavar="DSN", help="PostgreSQL; by default the embedded one")
    told = vars(parser.parse_args())
    chosen = {role: told[role] for role in CHECKS if told[role]}
    if not chosen:
        parser.error("name a store: --vectors, --graph or --documents")
    with tempfile.TemporaryDirectory(prefix="lr", dir="/tmp") as home:
        Path(home).chmod(0o755)  # PostgreSQL does not run as root
        database = told["database"] or str(Path(home) / "db")
        return 0 if all([_fine(role, given, database) for role, given in chosen.items()]) else 1


def _fine(role: str, given: str, database: str) -> bool:
    shown = given.rpartition("@")[2]
    try:
        make = maker(given)
        with hands_on(database) as hands:
            CHECKS[role](hands, make)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        traceback.print_exc()
        print(f"{role}: {shown} does not keep the contract", flush=True)
        return False
    print(f"{role}: {shown} keeps the contract", flush=True)
    return True


def maker(given: str) -> Callable[[], Any]:
    """What makes the store.

    Args:
        given: An address, or MODULE:FUNCTION.
    """
    if "://" not in given:
        module, _, function = given.partition(":")
        sys.path.insert(0, str(Path.cwd()))
        made: Callable[[], Any] = getattr(import_module(module), function)
        return made
    scheme = urlsplit(given).scheme.partition("+")[0]
    if scheme not in SCHEMES:
        raise SystemExit(f"{scheme}://: expected one of {', '.join(SCHEMES)}, or MODULE:FUNCTION")
    return lambda: SCHEMES[scheme](given)


def _neo4j(url: str) -> Any:
    from llama_index.graph_stores.neo4j import Neo4jPropertyGraphStore

    user, password, bare = _login(url)
    return Neo4jPropertyGraphStore(username=user or "neo4j", password=password, url=bare, refresh_schema=False)


def _memgraph(url: str) -> Any:
    from llama_index.graph_stores.memgraph import MemgraphPropertyGraphStore

    user, password, bare = _login(url.replace("memgraph", "bolt", 1))
    return MemgraphPropertyGraphStore(username=user, password=password, url=bare, refresh_schema=False)


def _falkordb(url: str) -> Any:
    from llama_index.graph_stores.falkordb import FalkorDBPropertyGraphStore

    return FalkorDBPropertyGraphStore(url, refresh_schema=False)


def _qdrant(url: str) -> Any:
    from llama_index.vector_stores.qdrant import QdrantVectorStore
    from qdrant_client import QdrantClient

    return QdrantVectorStore("lightrag_contract", client=QdrantClient(url=url.replace("qdrant", "http", 1)))


def _milvus(url: str) -> Any:
    from llama_index.vector_stores.milvus import MilvusVectorStore

    return MilvusVectorStore(
        uri=url.replace("milvus", "http", 1), dim=DIMENSION, similarity_metric="COSINE",
        collection_name="lightrag_contract", consistency_level="Strong",
    )  # fmt: skip


def _redis(url: str) -> Any:
    from llama_index.storage.kvstore.redis import RedisKVStore

    return RedisKVStore(redis_uri=url)


def _mongodb(url: str) -> Any:
    from llama_index.storage.kvstore.mongodb import MongoDBKVStore

    return MongoDBKVStore.from_uri(url, db_name="lightrag_contract")


SCHEMES: dict[str, Callable[[str], Any]] = {
    "neo4j": _neo4j,
    "bolt": _neo4j,
    "memgraph": _memgraph,
    "falkor": _falkordb,
    "qdrant": _qdrant,
    "milvus": _milvus,
    "redis": _redis,
    "mongodb": _mongodb,
}


def _login(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return parts.username or "", parts.password or "", bare


if __name__ == "__main__":
    sys.exit(main())
