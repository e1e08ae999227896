"""LlamaIndex's `PGVectorStore` with hybrid search and an HNSW index, which it makes with the table."""

from typing import Any

from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode
from llama_index.vector_stores.postgres import PGVectorStore

from tests.benchmarks.speed.peer_work import Known, Task, asked, spending, tell

BATCH = 2048
"""As many as `VectorStoreIndex` hands over at once."""


def main() -> None:
    task = Task.read()
    known = Known(task)
    store = PGVectorStore(
        connection_string=task.url("postgresql+psycopg2"),
        async_connection_string=task.url("postgresql+asyncpg"),
        table_name="chunks",
        schema_name="public",
        embed_dim=known.dimension,
        hybrid_search=True,
        use_jsonb=True,
        hnsw_kwargs={"hnsw_m": 16, "hnsw_ef_construction": 64, "hnsw_ef_search": 40},
    )
    _add(store, known, known.questions[:50])
    store.clear()
    with spending(task.server) as spent:
        for begin in range(0, len(known.chunks), BATCH):
            _add(store, known, known.chunks[begin : begin + BATCH])

    def search(question: dict[str, Any], mode: VectorStoreQueryMode) -> int:
        query = VectorStoreQuery(
            query_embedding=known.vector(question["text"]),
            query_str=question["text"],
            similarity_top_k=task.k,
            sparse_top_k=task.k,
            mode=mode,
        )
        return len(store.query(query).ids or ())

    tell(
        ingest=spent.figures,
        vector=asked(lambda question: search(question, VectorStoreQueryMode.DEFAULT), known.questions, task=task),
        hybrid=asked(lambda question: search(question, VectorStoreQueryMode.HYBRID), known.questions, task=task),
    )


def _add(store: PGVectorStore, known: Known, rows: list[dict[str, Any]]) -> None:
    nodes = [
        TextNode(id_=row["id"], text=row["text"], metadata=row.get("metadata", {}), embedding=known.vector(row["text"]))
        for row in rows
    ]
    store.add(nodes)


if __name__ == "__main__":
    main()
