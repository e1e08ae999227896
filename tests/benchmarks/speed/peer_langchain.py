"""langchain-postgres: `PGVectorStore` with its column for hybrid search, a GIN and an HNSW index, as its page says."""

import uuid
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_postgres import PGEngine, PGVectorStore
from langchain_postgres.v2.hybrid_search_config import HybridSearchConfig, reciprocal_rank_fusion
from langchain_postgres.v2.indexes import HNSWIndex

from tests.benchmarks.speed.peer_work import Known, Task, asked, spending, tell


class _Embeddings(Embeddings):
    def __init__(self, known: Known) -> None:
        self._known = known

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self._known.vector(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self._known.vector(text)


def main() -> None:
    task = Task.read()
    known = Known(task)
    engine = PGEngine.from_connection_string(task.url("postgresql+psycopg"))
    engine.init_vectorstore_table("chunks", known.dimension, hybrid_search_config=_hybrid(task.k))
    store = PGVectorStore.create_sync(engine, _Embeddings(known), "chunks", hybrid_search_config=_hybrid(task.k))
    _add(store, known.chunks[:50])
    with spending(task.server) as spent:
        _add(store, known.chunks)
        store.apply_hybrid_search_index()
        store.apply_vector_index(HNSWIndex())

    def vector(question: dict[str, Any]) -> int:
        return len(store.similarity_search(question["text"], k=task.k, hybrid_search_config=None))

    def hybrid(question: dict[str, Any]) -> int:
        # The configuration keeps the words of the first question that it sees, so each gets one of its own.
        told = _hybrid(task.k, question["text"])
        return len(store.similarity_search(question["text"], k=task.k, hybrid_search_config=told))

    tell(
        ingest=spent.figures,
        vector=asked(vector, known.questions, task=task),
        hybrid=asked(hybrid, known.questions, task=task),
    )


def _add(store: PGVectorStore, chunks: list[dict[str, Any]]) -> None:
    documents = [Document(page_content=row["text"], metadata=row["metadata"]) for row in chunks]
    store.add_documents(documents, ids=[str(uuid.UUID(row["id"])) for row in chunks])


def _hybrid(k: int, words: str = "") -> HybridSearchConfig:
    return HybridSearchConfig(
        tsv_column="words", fts_query=words, fusion_function=reciprocal_rank_fusion, primary_top_k=k, secondary_top_k=k
    )


if __name__ == "__main__":
    main()
