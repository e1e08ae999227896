"""Edits of names that most chunks speak of: no statement compares every row with every other."""

import psycopg
import pytest

from lightrag_integrations import Document
from lightrag_integrations.storage.postgres import edits
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.schema import Layout
from tests.integration.handle.conftest import MakeIndex

CHUNKS = 120
_QUADRATIC = ("Nested Loop", "Merge Join")


def test_a_hub_is_edited_by_hash_joins(make_index: MakeIndex, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    index = make_index()
    text = "Ada Lovelace met Charles Babbage in Town{}. London Bridge saw Ada Lovelace."
    index.ingest([Document(id=f"d{n}", text=text.format(n)) for n in range(CHUNKS)])
    dump = index.dump()
    schema, plain, plans = index.status().schema_name, edits.run, dict[str, list[str]]()

    async def explained(connection: Connection, layout: Layout, name: str, **params: object) -> list[tuple]:
        if name in (*edits._MENTIONS, *edits._FACTS, "wanted_pairs"):
            cursor = await connection.execute(b"EXPLAIN " + layout.statements[name], params)
            plans.setdefault(name, []).extend(row[0] for row in await cursor.fetchall())
        return await plain(connection, layout, name, **params)

    monkeypatch.setattr(edits, "run", explained)
    graph = index.graph
    steps = (
        lambda: graph.merge("Ada Lovelace", into="Charles Babbage"),
        lambda: graph.hide("London Bridge"),
        lambda: graph.unhide("London Bridge"),
        lambda: graph.unmerge("Ada Lovelace"),
    )
    with psycopg.connect(dsn, autocommit=True) as console:
        for step in (*steps, *steps):
            # What was emptied is filled and the other way round, and nobody has counted since.
            for table in ("aside_mention", "aside_fact"):
                console.execute(f'VACUUM (ANALYZE, TRUNCATE false) "{schema}".{table}')
            assert step()
    assert plans.keys() == {*edits._MENTIONS, *edits._FACTS, "wanted_pairs"}
    wrong = {name: lines for name, lines in plans.items() if any(word in line for word in _QUADRATIC for line in lines)}
    assert wrong == {}
    assert (index.dump(), index.verify()) == (dump, [])
