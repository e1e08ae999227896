"""Each invariant broken by SQL: verify says exactly that, repair mends it from the truth, or says what to do."""

import re

import pytest

from lightrag_integrations.storage.postgres import Tuning
from lightrag_integrations.store import Store
from tests.conftest import MakeStore
from tests.integration.health.content import change, fill
from tests.integration.storage.making import chunk, document, put

A1 = "(SELECT id FROM {s}.chunk WHERE chunk_id = 'a1')"
ADA = "(SELECT id FROM {s}.entity WHERE key = 'ada')"
BOTH = "(SELECT relation FROM {s}.fact WHERE description = 'Babbage Engine')"

MENDED = {
    "mention of no chunk": (
        f"INSERT INTO {{s}}.mention VALUES ({ADA}, 999, 0, false, 'X', '', '')",
        r"entities mentioned by chunks that are gone: 1 \(ada\)",
    ),
    "mention of no entity": (
        "DELETE FROM {s}.entity WHERE key = 'solo'",
        r"documents that mention entities which are gone: 1 \(a\)",
    ),
    "fact of no chunk": (
        "INSERT INTO {s}.fact (relation, chunk, ordinal, source, target, tie, weight, cooccurrence, span_start, "
        "span_end, keywords, description) SELECT relation, 999, 0, source, target, 0, 1, false, 0, 0, '[]', 'lost' "
        "FROM {s}.fact LIMIT 1",
        r"facts told by chunks that are gone: 1 \(lost \(",
    ),
    "fact of no relation": (
        "DELETE FROM {s}.relation WHERE id = " + BOTH, r"chunks with facts whose relation is gone: 1 \(a1\)",
    ),
    "relation of another fact": (
        f"UPDATE {{s}}.fact SET relation = {BOTH} WHERE description = 'Ada Babbage'",
        r"facts that belong to a relation between other entities: 1 \(a1\)",
    ),
    "end of a fact": (
        "UPDATE {s}.fact SET target = source WHERE description = 'Babbage Engine'",
        r"facts that belong to a relation between other entities: 1 \(a1\)",
    ),
    "relation of no entity": (
        "INSERT INTO {s}.relation (low, high) VALUES (998, 999)",
        r"relations between entities that are gone: 1 \(998-999\)",
    ),
    "order of mentions": (
        "UPDATE {s}.mention SET tie = 5 WHERE surface = 'Engine'",
        r"ordered by another number than they are: 2 \(a1, a2\)",
    ),
    "order of a fact": (
        "UPDATE {s}.fact SET tie = 5 WHERE description = 'Babbage Ada'",
        r"ordered by another number than they are: 1 \(b1\)",
    ),
    "length of a chunk": (
        "UPDATE {s}.chunk SET length = 99 WHERE chunk_id = 'a2'", r"length is not their number of words: 1 \(a2\)",
    ),
    "postings gone": (
        "DELETE FROM {s}.postings WHERE term IN (SELECT min(term) FROM {s}.postings)",
        r"words are not those of the keyword index: \d \(",
    ),
    "postings twice": (
        "INSERT INTO {s}.postings SELECT segment, term, 7, n, chunks, tfs, lengths FROM {s}.postings ORDER BY term "
        "LIMIT 1",
        r"words are not those of the keyword index: \d \(",
    ),
    "postings of a stranger": (
        r"INSERT INTO {s}.postings SELECT id, 1, 0, 1, '\xe7030000', '\x0100', '\x01000000' FROM {s}.segment "
        "WHERE sign = 1 LIMIT 1",
        r"chunks in the keyword index that are not stored: 1 \(number 999\)",
    ),
    "postings of no segment": (
        r"INSERT INTO {s}.postings VALUES (999, 1, 0, 1, '\x01000000', '\x0100', '\x01000000')",
        r"segments that are gone, but have keyword postings: 1 \(999\)",
    ),
    "length in postings": (
        r"UPDATE {s}.postings SET lengths = '\x63000000' WHERE n = 1 AND term = "
        "(SELECT min(term) FROM {s}.postings WHERE n = 1)",
        r"length in the keyword index is wrong: 1 \(",
    ),
    "unreadable postings": (
        r"UPDATE {s}.postings SET tfs = '\x01' WHERE term IN (SELECT min(term) FROM {s}.postings)",
        r"rows of the keyword index that cannot be read: 1;",
    ),
    "sums of a segment": ("UPDATE {s}.segment SET n_chunks = n_chunks + 1", r"segments with wrong sums: 1 \("),
    "lengths in a segment": (
        r"UPDATE {s}.segment SET lengths = overlay(lengths PLACING '\x05000000'::bytea FROM 1), sum_length = "
        "sum_length + 1",
        r"segments with wrong sums: 1 \(",
    ),
    "chunks of a segment": (
        r"UPDATE {s}.segment SET chunks = overlay(chunks PLACING '\xe7030000'::bytea FROM 1)",
        r"segments list not at all, twice or wrongly: 2 \(",
    ),
    "lease without owner": (
        "UPDATE {s}.pending SET owner = '' WHERE document_id = 'w'", r"pending documents leased to nobody: 1 \(w\)",
    ),
    "lease of a failure": (
        "UPDATE {s}.pending SET owner = 'ghost' WHERE failed",
        r"failed documents that still belong to a worker: 1 \(f\)",
    ),
    "endless lease": (
        "UPDATE {s}.pending SET lease_until = now() + interval '1 year' WHERE document_id = 'w'",
        r"leased for more than a week: 1 \(w\)",
    ),
    "chunks of a pending document": (
        "UPDATE {s}.pending SET chunk_ids = NULL", r"chunks and list of chunks don't agree: 1 \(w\)",
    ),
    "length of a vector": (
        "UPDATE {s}.chunk SET embedding = '[30, 40]' WHERE chunk_id = 'a1'",
        r"chunks whose vectors have a wrong length: 1 \(a1\)",
    ),
    "dimension": ("DELETE FROM {s}.meta WHERE key = 'dimension'", "the dimension of the vectors is not recorded"),
    "name": ("UPDATE {s}.meta SET value = 'other' WHERE key = 'name'", "schema is that of index .*, but says 'other'"),
    "sequence": ("SELECT setval('{s}.chunk_id_seq', 1)", "the sequence chunk_id_seq is at 1, though 3 is used"),
    "half built index": (
        "CREATE INDEX chunk_by_embedding ON {s}.chunk (id); UPDATE pg_index SET indisvalid = false "
        "WHERE indexrelid = '{s}.chunk_by_embedding'::regclass",
        "the vector index chunk_by_embedding was left half built",
    ),
}  # fmt: skip


async def check_damage(store: Store, dsn: str, statements: str, line: str) -> None:
    """Damage a filled index; exactly this is said."""
    await fill(store)
    assert await store.verify() == []
    change(dsn, (await store.status()).schema_name, statements)
    problems = await store.verify()
    assert len(problems) == 1 and re.search(line, problems[0]), problems


@pytest.mark.parametrize("kind", MENDED)
async def test_damage_is_named_and_mended(make_store: MakeStore, dsn: str, clean_dump: str, kind: str) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    await check_damage(store, dsn, *MENDED[kind])
    report = await store.repair()
    assert report.left == () and report.mended
    assert await store.verify() == []
    assert await store.dump() == clean_dump
    again = await store.repair()
    assert (again.mended, again.left) == ((), ())
    await put(store, document("later", chunk("later", "word", names=["Ada", "New"], facts=[("Ada", "New", 1.0)])))
    assert await store.verify() == []
