"""What lies beneath: indexes, older snapshots, emptied columns, vectors without a direction, and damage."""

import numpy as np
import psycopg

from lightrag_integrations import HashEmbedder
from lightrag_integrations.storage.postgres import Tuning
from tests.conftest import MakeStore
from tests.integration.handle.conftest import MakeIndex
from tests.integration.reembed.making import Words, answers, documents, settings, stored_vectors
from tests.integration.storage.making import chunk, document, put


def vectors(count: int, dimension: int) -> list[list[float]]:
    return np.random.default_rng(count + dimension).normal(size=(count, dimension)).tolist()  # type: ignore[no-any-return]


async def test_indexes_of_both_models_and_older_snapshots(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=Tuning(hnsw_rows=20, exact_rows=0, idle_s=60))
    await store.check_embedding("old", 4)
    old, new = vectors(40, 4), vectors(40, 6)
    await put(store, document("d", *(chunk(f"c{n}", "x", embedding=row) for n, row in enumerate(old))))
    await store.compact()
    assert (await store.status()).vector_indexes["chunk"] == "ready"
    await store.begin_filling("new", 6)
    rows = await store.unfilled("chunk", after=-1, limit=100)
    filled = {row.id: new[n] for n, row in enumerate(rows)}
    filled[rows[7].id] = [0.0] * 6
    assert await store.fill("chunk", dict(list(filled.items())[:30]), model="new") == 30
    assert not await store.switch("new", ("chunk",), last=None, limit=1)
    assert await store.fill("chunk", filled, model="new") == 10 + 1  # the one without a direction is told again
    await store.index_filled()
    assert await store.verify() == []
    async with store.snapshot() as before:
        await before.corpus()
        assert await store.switch("new", ("chunk", "entity", "fact"), last=None, limit=1)
        await store.compact()
        assert [row for row, _ in await before.nearest_chunks(old[3], 1)] == [rows[3].id]
    async with store.snapshot() as after:
        assert [row for row, _ in await after.nearest_chunks(new[3], 1)] == [rows[3].id]
        assert len(await after.nearest_chunks(new[3], 50)) == 39
        await after._rows("use_index", candidates="30")  # type: ignore[attr-defined]
        statement = after._layout.statements["indexed_chunks"]  # type: ignore[attr-defined]
        params = {"vector": await after._question(new[0]), "visible": None, "flags": None, "limit": 5}  # type: ignore[attr-defined]
        explained = await after._connection.execute(b"EXPLAIN " + statement, {**params, "candidates": 30})  # type: ignore[attr-defined]
        assert any("Index Scan using chunk_by_embedding2" in line for (line,) in await explained.fetchall())
    status = await store.status()
    assert status.vector_indexes["chunk"] == "ready" and status.reembedding is None
    await store.compact()
    with psycopg.connect(dsn) as connection:
        meta = dict(connection.execute(f"SELECT key, value FROM {status.schema_name}.meta").fetchall())
        assert meta["column"] == "embedding2" and not {"emptying", "filling"} & meta.keys()
        found = connection.execute(
            f"SELECT (SELECT count(embedding) FROM {status.schema_name}.chunk), "
            f"to_regclass('{status.schema_name}.chunk_by_embedding') IS NULL, "
            f"(SELECT count(*) FROM {status.schema_name}.blank)"
        ).fetchone()
        assert found == (0, True, 0)
        connection.execute(f"UPDATE {status.schema_name}.chunk SET embedding = '[1,0,0,0]' WHERE chunk_id = 'c1'")
    assert [line.partition(";")[0] for line in await store.verify()] == ["vectors of a model that is not in use: 1"]
    assert (await store.repair()).left == ()
    await store.compact()
    assert await store.verify() == []


def test_there_and_back_and_words_only(make_index: MakeIndex, dsn: str) -> None:
    old = Words("old", 64)
    index = make_index(**settings(old))
    index.ingest(documents(5))
    first, found = stored_vectors(index, dsn), answers(index)
    index.reembed(HashEmbedder(32))
    only = stored_vectors(index, dsn)
    assert {name.split()[0] for name, one in only.items() if one != "none"} == {"chunk"}
    assert index.ingest(documents(5)).unchanged == 5 and index.verify() == []
    index.reembed(old)
    assert stored_vectors(index, dsn) == first and answers(index) == found
    index.ingest(documents(1, first=20))
    assert index.retrieve("Which ship was built at Larvik?", k=6).hits and index.verify() == []


def test_what_edits_do_not_show_is_there_when_they_are_taken_back(make_index: MakeIndex, dsn: str) -> None:
    index, clean = (make_index(**settings(Words(make, size))) for make, size in (("old", 64), ("new", 96)))
    for one in (index, clean):
        one.ingest(documents(8))
    index.graph.hide(relations=[("Nansen", "Oslo"), ("Archer", "Larvik")])
    index.graph.merge("Sverdrup", into="Ross")
    edited = index.dump()
    report = index.reembed(Words("new", 96))
    assert report.rounds == 1 and index.dump() == edited and index.verify() == []
    index.graph.unhide(relations=[("Nansen", "Oslo"), ("Archer", "Larvik")])
    index.graph.unmerge("Sverdrup")
    assert index.dump() == clean.dump() and index.verify() == []
    assert stored_vectors(index, dsn) == stored_vectors(clean, dsn)
    assert answers(index) == answers(clean)


def test_an_empty_index_takes_the_model(make_index: MakeIndex) -> None:
    index = make_index(**settings(Words("old", 64)))
    assert index.reembed(Words("new", 96)).rounds == 0
    index.ingest(documents(1))
    assert (index.status().embedding, index.status().dimension) == ("new/96", 96)
    index.documents.delete(["d0"])
    index.reembed(Words("last", 32))
    assert index.status().dimension == 32 and index.verify() == []
    assert index.ingest(documents(2)).documents == 2
