"""A FalkorDB server of our own, through LlamaIndex's store."""

from pathlib import Path

from llama_index.graph_stores.falkordb import FalkorDBPropertyGraphStore

from tests.stores.contract import Hands, articles, check_graph
from tests.stores.engines import falkordb_server


def test_contract_and_what_cypher_finds(hands: Hands, tmp_path: Path) -> None:
    with falkordb_server(tmp_path) as url:
        store = FalkorDBPropertyGraphStore(url.replace("redis://", "falkor://"), refresh_schema=False)
        check_graph(hands, lambda: store)
        hands.with_stores(graph=store).ingest(articles())
        rows = store.structured_query(
            "MATCH (c:Chunk)-[:MENTIONS]->(a {name: 'Mira Halden'})-[r:RELATED]->(b) "
            "RETURN DISTINCT c.id AS chunk, b.name AS name, r.triplet_source_id AS source, r.description AS said "
            "ORDER BY b.name"
        )
        assert [(row["chunk"], row["name"], row["source"]) for row in rows] == [
            ("chunk:mira#0", "Corvane Bridge", "chunk:mira#0"),
            ("chunk:mira#0", "Tarn Institute", "chunk:mira#0"),
        ]
        assert rows[0]["said"] == "Mira Halden designed the Corvane Bridge."
        (found,) = store.get_llama_nodes(["chunk:mira#0"])
        assert found.ref_doc_id == "mira" and found.get_content().startswith("Mira Halden designed")
        store._driver.connection.close()
