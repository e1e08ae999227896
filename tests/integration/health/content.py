"""A small index in which everything occurs that can be damaged, and the means to damage it."""

import psycopg
from psycopg import sql

from lightrag_integrations.contributions import PendingDocument, PreparedDocument
from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.store import Store
from tests.integration.storage.making import chunk, document, put

__all__ = ["change", "contents", "fill", "rows"]


def contents() -> list[PreparedDocument]:
    """Two documents, three chunks, three entities, two relations, vectors everywhere but in one chunk."""
    facts = [("Ada", "Babbage", 1.0), ("Babbage", "Engine", 0.5)]
    first = chunk("a1", "red green red", title="Ada", names=["Ada", "Babbage", "Engine"], facts=facts,
                  embedding=[3.0, 4.0])  # fmt: skip
    second = chunk("a2", "blue", names=["Engine", "Solo"], document_id="a", position=1)
    third = chunk("b1", "green 中文", names=["Ada", "Babbage"], facts=[("Babbage", "Ada", 2.0)], embedding=[1.0, 0.0])
    vectors = {"ada": [1.0, 0.0], "babbage": [0.0, 1.0], "engine": [1.0, 1.0]}
    return [
        document("a", first, second, title="Ada", metadata={"n": 1}, entity_embeddings=vectors),
        document("b", third, source="s"),
    ]


async def fill(store: Store) -> None:
    """Store the documents; two more wait, of which one has failed."""
    await store.check_embedding("m", 2)
    await put(store, *contents())
    await store.delete(["nothing"])
    waiting = Document(id="w", chunks=(Chunk(id="w1", document_id="w", text="x"),))
    await store.accept([PendingDocument(waiting, "h")], owner="worker", lease_s=3600)
    await store.accept([PendingDocument(Document(id="f", text="y"), "h")], owner="worker", lease_s=60)
    await store.fail({"f": "no reason"}, owner="worker")


def change(dsn: str, schema: str, statements: str) -> None:
    """Damage by SQL, past the foreign keys."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(sql.SQL(statements).format(s=sql.Identifier(schema)))


def rows(dsn: str, schema: str, query: str) -> list[tuple]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(sql.SQL(query).format(s=sql.Identifier(schema))).fetchall()
