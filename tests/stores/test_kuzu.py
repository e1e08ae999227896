"""Kùzu inside the process, through LlamaIndex's store."""

from pathlib import Path

import kuzu
from llama_index.graph_stores.kuzu import KuzuPropertyGraphStore

from tests.stores.contract import Hands, articles, check_graph


def test_contract(hands: Hands, tmp_path: Path) -> None:
    database = kuzu.Database(str(tmp_path / "graph"))
    check_graph(hands, lambda: KuzuPropertyGraphStore(database, use_vector_index=False))
    database.close()


def test_what_cypher_finds(hands: Hands, tmp_path: Path) -> None:
    database = kuzu.Database(str(tmp_path / "graph"))
    store = KuzuPropertyGraphStore(database, use_vector_index=False)
    hands.with_stores(graph=store).ingest(articles())
    rows = store.structured_query(
        "MATCH (c:Chunk)-[:MENTIONS]->(a:Entity)-[:LINKS]->(b:Entity) WHERE a.name = 'Mira Halden' "
        "RETURN DISTINCT c.id, b.name ORDER BY b.name"
    )
    assert [(row["c.id"], row["b.name"]) for row in rows] == [
        ("chunk:mira#0", "Corvane Bridge"),
        ("chunk:mira#0", "Tarn Institute"),
    ]
    database.close()
