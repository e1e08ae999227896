"""Each invariant broken by SQL: verify says exactly that, repair mends it from the truth, or says what to do."""

import re

import pytest

from lightrag_integrations.contributions import PendingDocument
from lightrag_integrations.storage.postgres import Tuning
from tests.conftest import MakeStore
from tests.integration.health.content import change, contents, fill, rows
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
    "summary of nobody": (
        r"INSERT INTO {s}.summary VALUES (999, sha256('x'), 'Who?', 'm', 8)",
        r"summaries that say nothing, or of entities that are gone: 1 \(999\)",
    ),
    "summary without words": (
        rf"INSERT INTO {{s}}.summary VALUES ({ADA}, sha256('x'), '', 'm', 8)",
        r"summaries that say nothing, or of entities that are gone: 1 \(ada\)",
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
        "UPDATE {s}.pending SET owner = '', lease_until = now() WHERE document_id = 'w'",
        r"pending documents leased to nobody: 1 \(w\)",
    ),
    "lease of a failure": (
        "UPDATE {s}.pending SET owner = 'ghost' WHERE failed",
        r"failed documents that still belong to a worker: 1 \(f\)",
    ),
    "endless lease": (
        "UPDATE {s}.pending SET owner = 'x', lease_until = now() + interval '1 year' WHERE document_id = 'w'",
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
    "no dimension": ("UPDATE {s}.meta SET value = '²' WHERE key = 'dimension'", "of the vectors is not recorded"),
    "no number": ("UPDATE {s}.meta SET value = 99999999999999999999 WHERE key = 'dimension'", "is not recorded"),
    "name": ("UPDATE {s}.meta SET value = 'other' WHERE key = 'name'", "schema is that of index .*, but says 'other'"),
    "sequence": ("SELECT setval('{s}.chunk_id_seq', 1)", "the sequence chunk_id_seq is at 1, though 3 is used"),
    "half built index": (
        "CREATE INDEX chunk_by_embedding ON {s}.chunk (id); UPDATE pg_index SET indisvalid = false "
        "WHERE indexrelid = '{s}.chunk_by_embedding'::regclass",
        "the vector index chunk_by_embedding was left half built",
    ),
}  # fmt: skip


async def test_damage_is_named_and_mended(make_store: MakeStore, dsn: str, clean_dump: str) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    await fill(store)
    schema = (await store.status()).schema_name
    for kind, (statements, line) in MENDED.items():
        change(dsn, schema, statements)
        assert (await store.status()).documents == 2, "whatever is broken, it can be asked for"
        problems = await store.verify()
        assert len(problems) == 1 and re.search(line, problems[0]), (kind, problems)
        report = await store.repair()
        assert report.mended and report.left == (), (kind, report)
        assert await store.dump() == clean_dump, kind
    report = await store.repair()
    assert (report.mended, report.left) == ((), ())
    await put(store, document("later", chunk("later", "word", names=["Ada", "New"], facts=[("Ada", "New", 1.0)])))
    assert await store.verify() == []


LOST = {
    "document": (
        "DELETE FROM {s}.document WHERE document_id = 'b'", r"chunks whose document is gone: 1 \(b1\); .*ingest",
        r"chunks whose document is gone, removed; ingest their documents again: 1 \(b1\)",
    ),
    "mention": (
        "DELETE FROM {s}.mention WHERE surface = 'Babbage'",
        r"facts about entities that their chunk does not mention: 2 \(a, b\); .*ingest",
        r"stored anew, marked; ingest them again: 2 \(a, b\)",
    ),
    "weight": (
        "UPDATE {s}.fact SET weight = 'NaN' WHERE description = 'Babbage Ada'",
        r"whose weight is not a finite number: 1 \(b\); .*ingest",
        r"stored anew, marked; ingest them again: 1 \(b\)",
    ),
    "vectors": (
        "ALTER TABLE {s}.chunk ALTER COLUMN embedding TYPE halfvec; "
        "UPDATE {s}.chunk SET embedding = '[1, 0, 0]' WHERE chunk_id = 'b1'",
        r"chunks whose vectors have another dimension than 2: 1 \(b1\); .*ingest",
        r"stored anew, marked; ingest them again: 1 \(b\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", LOST)
async def test_what_is_lost_comes_back_with_its_documents(
    make_store: MakeStore, dsn: str, clean_dump: str, kind: str
) -> None:
    statements, line, said = LOST[kind]
    store = await make_store(tuning=Tuning(idle_s=3600))
    await fill(store)
    change(dsn, (await store.status()).schema_name, statements)
    problems = await store.verify()
    assert len(problems) == 1 and re.search(line, problems[0]), problems
    report = await store.repair()
    assert any(re.search(said, one) for one in report.mended), report
    # What ingestion goes by: a document without a hash is not taken for unchanged.
    hashes = await store.stored(["a", "b"])
    again = [one for one in contents() if one.document.id not in hashes or not hashes[one.document.id].content_hash]
    assert again
    await put(store, *again)
    assert await store.verify() == []
    assert await store.dump() == clean_dump


BEYOND = {
    "document twice": (
        "ALTER TABLE {s}.document DROP CONSTRAINT document_document_id_key; "
        "INSERT INTO {s}.document (document_id, title, source, metadata, content, content_hash) "
        "SELECT document_id, '', '', '{{}}', '', '' FROM {s}.document WHERE document_id = 'a'",
        (r"document ids that occur twice: 1 \(a\)", r"missing: 1 \(document_document_id_key\)"),
    ),
    "chunk twice": (
        "ALTER TABLE {s}.chunk DROP CONSTRAINT chunk_chunk_id_key; "
        "UPDATE {s}.chunk SET chunk_id = 'a2', tie = (SELECT tie FROM {s}.chunk WHERE chunk_id = 'a2') "
        "WHERE chunk_id = 'b1'; UPDATE {s}.mention m SET tie = c.tie FROM {s}.chunk c WHERE c.id = m.chunk; "
        "UPDATE {s}.fact f SET tie = c.tie FROM {s}.chunk c WHERE c.id = f.chunk",
        (r"chunk ids that occur twice: 1 \(a2\)", r"missing: 1 \(chunk_chunk_id_key\)"),
    ),
    "entity twice": (
        "ALTER TABLE {s}.entity DROP CONSTRAINT entity_key_key; UPDATE {s}.entity SET key = 'ada' WHERE key = 'solo'",
        (r"entities that occur twice: 1 \(ada\)", r"missing: 1 \(entity_key_key\)"),
    ),
    "relation twice": (
        "ALTER TABLE {s}.relation DROP CONSTRAINT relation_low_high_key; "
        "WITH new AS (INSERT INTO {s}.relation (low, high) SELECT r.low, r.high FROM {s}.relation r JOIN {s}.fact f ON "
        "f.relation = r.id WHERE f.description = 'Babbage Ada' RETURNING id) "
        "UPDATE {s}.fact SET relation = new.id FROM new WHERE description = 'Babbage Ada'",
        (r"relations that occur twice: 1 \(\d+-\d+\)", r"missing: 1 \(relation_low_high_key\)"),
    ),
    "mention twice": (
        "ALTER TABLE {s}.mention DROP CONSTRAINT mention_pkey; "
        "INSERT INTO {s}.mention SELECT * FROM {s}.mention WHERE surface = 'Solo'",
        (r"mentions that occur twice in one chunk: 1 \(Solo\)", r"missing: 1 \(mention_pkey\)"),
    ),
    "model": (
        "DELETE FROM {s}.meta WHERE key = 'embedding'", ("the embedding model of the vectors is not recorded",),
    ),
    "index": (
        "DROP INDEX {s}.fact_by_source, {s}.chunk_by_document",
        (r"keys or indexes of tables that are missing: 2 \(chunk_by_document, fact_by_source\)",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BEYOND)
async def test_what_cannot_be_mended_is_left_with_what_to_do(make_store: MakeStore, dsn: str, kind: str) -> None:
    statements, lines = BEYOND[kind]
    store = await make_store(tuning=Tuning(idle_s=3600))
    await fill(store)
    schema = (await store.status()).schema_name
    change(dsn, schema, statements)
    problems = await store.verify()
    assert len(problems) == len(lines)
    for problem, line in zip(problems, lines, strict=True):
        assert re.search(line, problem) and problem.endswith("load a backup, or ingest everything into a new index")
    report = await store.repair()
    assert report.left == tuple(problems)


async def test_what_nothing_tells_of_is_no_damage_but_removed(make_store: MakeStore, dsn: str, clean_dump: str) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    await fill(store)
    schema = (await store.status()).schema_name
    change(dsn, schema, "INSERT INTO {s}.entity (key) VALUES ('x'), ('y'); INSERT INTO {s}.relation (low, high) "
           "SELECT min(id), max(id) FROM {s}.entity WHERE key IN ('x', 'y')")  # fmt: skip
    assert await store.verify() == []
    assert (await store.status()).idle == 3
    report = await store.repair()
    assert (
        len(report.mended) == 2
        and report.mended[1] == "entities that nothing tells of any more, swept before upkeep did (no damage): 2 (x, y)"
    )
    assert (await store.status()).idle == 0
    assert await store.dump() == clean_dump


async def test_what_is_removed_is_counted(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    await fill(store)
    lost = f"INSERT INTO {{s}}.mention SELECT {ADA}, n, 0, false, 'Ada', '', '' FROM generate_series(901, 904) n; "
    lost += (
        "INSERT INTO {s}.fact (relation, chunk, ordinal, source, target, tie, weight, cooccurrence, span_start, "
        "span_end, keywords, description) SELECT relation, n, 0, source, target, 0, 1, false, 0, 0, '[]', '' "
        "FROM (SELECT * FROM {s}.fact LIMIT 1) f, generate_series(901, 905) n"
    )
    schema = (await store.status()).schema_name
    change(dsn, schema, lost)
    mended = (await store.repair()).mended
    assert [line.split(" (")[0] for line in mended] == [
        "mentions by chunks that are gone, removed: 4",
        "facts told by chunks that are gone, removed: 5",
    ]
    # As after a restore, there were no statistics: without them a join of whole tables may become a product.
    known = "SELECT count(DISTINCT tablename) FROM pg_stats WHERE schemaname = '" + schema + "'"
    assert rows(dsn, schema, known)[0][0] >= 7


async def test_leases_of_workers_that_are_gone_end(make_store: MakeStore) -> None:
    store = await make_store()
    await store.accept([PendingDocument(contents()[1].document, "h")], owner="dead", lease_s=0.0)
    report = await store.repair()
    (line,) = report.mended
    assert line == "leases that nobody holds any more, ended; documents.retry() takes the documents up: 1 (b)"
    assert [one.document.id for one in await store.claim(None, owner="new", lease_s=60, limit=9)] == ["b"]
    assert (await store.repair()).mended == ()
