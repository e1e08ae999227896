"""Every statement that looks at a filter knows both of its forms; one that knows the ids only is given these."""

import pytest
from psycopg import AsyncConnection

from lightrag_integrations.filters import parse_filter
from lightrag_integrations.storage.postgres import reads
from lightrag_integrations.storage.postgres.sql import STATEMENTS, Statements
from lightrag_integrations.storage.postgres.wire import int4_array
from tests.conftest import MakeStore
from tests.integration.storage.making import chunk, document, put

BY_IDS = b"%(visible)s::int[] IS NULL OR"
BY_FLAGS = b"get_bit(%(flags)s"


def test_both_forms_or_ids_alone() -> None:
    statements = Statements("s", "v")
    ready = {name: statements[name] for name in STATEMENTS}
    looking = {name: text for name, text in ready.items() if b"%(visible)s" in text and b"%(flags)s" in text}
    assert len(looking) >= 15
    for name, text in looking.items():
        assert text.count(BY_IDS) == text.count(BY_FLAGS) > 0, name


async def test_a_statement_without_flags_is_given_ids(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "_FEW", 1)
    store = await make_store()
    await put(store, document("d", *(chunk(f"c{n}", "x", position=n, metadata={"n": n}) for n in range(9))))
    async with store.snapshot(parse_filter({"n": {"$gte": 5}})) as reader:
        assert isinstance(reader, reads.Reads) and isinstance(reader._connection, AsyncConnection)
        visible = await reader._visible_ids()
        assert visible is not None and len(visible) == 4
        assert reader._sight("chunks")["visible"] == int4_array(visible)
        assert reader._sight("all_chunks")["visible"] is None
        assert reader._sight("all_chunks")["flags"]
        assert [row.chunk_id for row in await reader.all_chunks()] == ["c5", "c6", "c7", "c8"]
