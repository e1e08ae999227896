"""What status tells: states, lags, the backlog of upkeep, sizes."""

import random

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.contributions import PendingDocument
from lightrag_integrations.models import Document
from lightrag_integrations.storage.postgres import Tuning
from tests.conftest import MakeStore
from tests.integration.health.content import change, fill
from tests.integration.storage.making import chunk, document, put

LARGE = Tuning(hnsw_rows=20, idle_s=3600)


async def test_states_and_lags(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    empty = await store.status()
    assert (empty.documents, empty.waiting_s, empty.segments, empty.idle) == (0, None, 0, 0)
    await fill(store)
    await store.accept([PendingDocument(Document(id="b", text="newer"), "h")], owner="gone", lease_s=0.0)
    await store.delete_chunks(["a2"])
    change(dsn, empty.schema_name, "UPDATE {s}.pending SET accepted_at = now() - interval '1 hour' WHERE NOT failed")
    status = await store.status()
    listed = await store.statuses(status=None, document_ids=None, limit=None)
    for state in ("processed", "pending", "processing", "failed"):
        assert getattr(status, state) == sum(one.status == state for one in listed) == 1, state
    assert (status.documents, status.chunks, status.entities, status.relations, status.facts) == (2, 2, 3, 2, 3)
    assert status.waiting_s is not None and 3600 <= status.waiting_s < 3900
    assert (status.segments, status.deleted_chunks, status.idle, status.estimated) == (1, 1, 0, False)
    assert set(status.vector_indexes.values()) == {"not needed"}
    assert status.size_bytes == sum(status.sizes.values()) and status.sizes["vector indexes"] == 0
    assert all(status.sizes[group] > 8000 for group in ("text", "graph", "postings", "pending", "cache", "ledger"))
    again = [PendingDocument(Document(id="b", text="newest"), "h")]
    await store.accept(again, owner="other", lease_s=60)
    waits = (await store.status()).waiting_s
    assert waits is not None and waits >= 3600, "a newer version waits as long as the first"


async def test_the_backlog_of_vector_indexes(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=LARGE)
    rng = random.Random(1)
    await store.check_embedding("m", 4)
    made = [chunk(f"c{n}", "x", document_id="d", embedding=[rng.gauss(0, 1) for _ in range(4)]) for n in range(30)]
    await put(store, document("d", *made))
    assert (await store.status()).vector_indexes == {"chunk": "missing", "entity": "not needed", "fact": "not needed"}
    await store.compact()
    status = await store.status()
    assert status.vector_indexes["chunk"] == "ready" and status.sizes["vector indexes"] > 8000
    change(dsn, status.schema_name, "UPDATE pg_index SET indisvalid = false "
           "WHERE indexrelid = '{s}.chunk_by_embedding'::regclass")  # fmt: skip
    assert (await store.status()).vector_indexes["chunk"] == "invalid"
    (line,) = (await store.repair()).mended
    assert line.startswith("the half built vector index chunk_by_embedding, removed")
    assert (await store.status()).vector_indexes["chunk"] == "ready"


async def test_large_indexes_are_estimated(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    await fill(store)
    schema = (await store.status()).schema_name
    change(dsn, schema, "UPDATE pg_class SET reltuples = 150000 WHERE oid IN "
           "('{s}.entity'::regclass, '{s}.mention'::regclass)")  # fmt: skip
    status = await store.status()
    assert (status.estimated, status.entities, status.relations) == (True, 150_000, 0)
    assert (status.documents, status.chunks, status.idle) == (2, 3, 0)


async def test_a_handle_tells_and_repairs(dsn: str) -> None:
    async with LightRAGIndex("health of a handle", database=dsn) as index:
        await index.aingest([Document(id="fram", text="The Fram was launched at Larvik in 1892.")])
        schema = (await index.astatus()).schema_name
        change(dsn, schema, "UPDATE {s}.chunk SET length = length + 1")
        (problem,) = await index.averify()
        assert problem == "chunks whose length is not their number of words: 1 (fram#0); repair() mends this"
        report = await index.arepair()
        assert report.mended == ("chunks whose length or place in the order was set right: 1 (fram#0)",)
        assert report.left == () and await index.averify() == []
        await index.adrop()
