"""Metadata that comes back from PostgreSQL otherwise than Python wrote it."""

import json
from typing import Any

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

from lightrag_integrations.ingest.check import plain_json, same_json
from lightrag_integrations.models import Chunk, Document
from tests.integration.ingest.conftest import Bench

NUMBERS = {"t": 1763715000123456789.0, "x": 1e23, "y": -1.5e300, "z": 5e-324, "n": -0.0, "big": 2**1000, "s": 0.1}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**1023), 2**1023),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
)


def test_plain_json_is_what_comes_back(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:

        @settings(max_examples=200, deadline=None, database=None)
        @given(st.lists(st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), min_size=8, max_size=40))
        def comes_back(values: list[Any]) -> None:
            plain = plain_json(values)
            row = connection.execute("SELECT %s::jsonb", [json.dumps(plain)]).fetchone()
            assert row is not None
            assert same_json(plain, row[0])

        comes_back()


async def test_large_numbers_in_metadata_are_stored_once(bench: Bench) -> None:
    bench.lexical = True
    plain = Document(id="plain", text="Alice met Bob.", metadata=NUMBERS)
    chunk = Chunk(id="n", document_id="nodes", text="hello", metadata=NUMBERS, embedding=(1.0,) * 64)
    nodes = Document(id="nodes", metadata=NUMBERS, chunks=(chunk,))
    for options in ({}, {"on_existing": "upsert_chunks"}):
        first = await bench.ingest([plain, nodes], **options)
        assert first.documents == (2 if not options else 1)
        before = await bench.rows()
        again = await bench.ingest([plain, nodes], **options)
        assert (again.documents, again.unchanged) == (0, 2)
        assert await bench.rows() == before
