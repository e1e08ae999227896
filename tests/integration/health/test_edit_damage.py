"""What edits show and what they put aside, damaged by SQL: verify says so, repair makes it again from what was said."""

import re

from lightrag_integrations.edits import Alias, Edits, Hidden, Override
from lightrag_integrations.storage.postgres import Tuning
from tests.conftest import MakeStore
from tests.integration.health.content import change, contents, fill
from tests.integration.storage.making import put

EDITS = Edits(
    aliases={"solo": ("engine", Alias(name="Solo", into="Engine")), "engine": ("gear", Alias(name="E", into="Gear"))},
    hidden={("ada", "babbage"): Hidden(names=("Ada", "Babbage"))},
    overrides={"ada": Override(name="Ada", type="person")},
)
GEAR = "(SELECT id FROM {s}.entity WHERE key = 'gear')"
MISSHOWN = r"something is shown otherwise than the edits want it: {}"

MENDED = {
    "words of a mention": (
        "UPDATE {s}.mention SET type = 'x' WHERE edited IS NOT NULL", MISSHOWN.format(r"3 \(a1, a2, b1\)"),
    ),
    "mention gone": (f"DELETE FROM {{s}}.mention WHERE entity = {GEAR}", None),
    "mention back": (
        "INSERT INTO {s}.mention SELECT entity, chunk, 0, is_title, surface, type, description FROM {s}.aside_mention "
        "WHERE surface = 'Solo'",
        None,
    ),
    "ends of a fact": (
        "UPDATE {s}.fact f SET source = a.source, target = a.target FROM {s}.aside_fact a WHERE a.id = f.id", None,
    ),
    "hidden fact told": (
        "INSERT INTO {s}.relation (low, high) SELECT least(source, target), greatest(source, target) "
        "FROM {s}.aside_fact WHERE description = 'Babbage Ada' ON CONFLICT DO NOTHING; "
        "INSERT INTO {s}.fact (id, relation, chunk, ordinal, source, target, tie, weight, cooccurrence, span_start, "
        "span_end, keywords, description) SELECT a.id, r.id, a.chunk, a.ordinal, a.source, a.target, c.tie, a.weight, "
        "a.cooccurrence, a.span_start, a.span_end, a.keywords, a.description FROM {s}.aside_fact a JOIN {s}.chunk c ON "
        "c.id = a.chunk JOIN {s}.relation r ON r.low = least(source, target) AND r.high = greatest(source, target) "
        "WHERE a.description = 'Babbage Ada'",
        MISSHOWN.format(r"1 \(b1\)"),
    ),
    "root of an alias": (
        "UPDATE {s}.alias SET root = 'engine' WHERE key = 'solo'",
        r"lead to another name than their aliases: 1 \(solo\)",
    ),
    "root of a pair": ("UPDATE {s}.hidden SET low_root = 'aaa'", r"lead to another name than their aliases: 1 \(ada\)"),
    "aside of nothing": (
        "INSERT INTO {s}.aside_mention SELECT id, 999, false, 'X', '', '' FROM {s}.entity WHERE key = 'ada'",
        r"put aside for edits, of chunks that are gone: 1 \(X\)",
    ),
    "entity of an alias": ("DELETE FROM {s}.entity WHERE key = 'gear'", None),
    "edit that was not applied": ("DELETE FROM {s}.override", None),
}  # fmt: skip


async def test_damage_to_edits_is_named_and_mended(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    await fill(store)
    schema = (await store.status()).schema_name
    await store.edit(lambda _: EDITS)
    assert await store.verify() == []
    dump = await store.dump()
    async with store.snapshot() as reader:
        shown = [row async for row in reader.whole_entities()]
    named = [(row.key, row.name, row.aliases) for row in shown]
    assert named == [("ada", "Ada", ()), ("babbage", "Babbage", ()), ("gear", "Engine", ("Solo",))]
    for kind, (statements, line) in MENDED.items():
        change(dsn, schema, statements)
        problems = await store.verify()
        assert problems and (line is None or any(re.search(line, one) for one in problems)), (kind, problems)
        report = await store.repair()
        assert report.mended and report.left == (), (kind, report)
        if kind == "edit that was not applied":
            await store.edit(lambda _: EDITS)
        assert await store.dump() == dump, kind
        async with store.snapshot() as reader:
            found = [row async for row in reader.whole_entities()]
        assert [row.view() for row in found] == [row.view() for row in shown], kind
    report = await store.repair()
    assert (report.mended, report.left) == ((), ())


async def test_what_was_said_and_is_lost_comes_back_with_its_documents(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    await fill(store)
    await store.edit(lambda _: EDITS)
    dump, schema = await store.dump(), (await store.status()).schema_name
    change(dsn, schema, "DELETE FROM {s}.aside_mention WHERE surface = 'Solo' OR surface = 'Ada' AND chunk IN "
           "(SELECT id FROM {s}.chunk WHERE chunk_id = 'b1')")  # fmt: skip
    assert any(re.search(r"of which what they said is lost: 2 \(a, b\)", one) for one in await store.verify())
    report = await store.repair()
    assert any("stored anew, marked; ingest them again: 2 (a, b)" in one for one in report.mended), report
    assert [one.content_hash for one in (await store.stored(["a", "b"])).values()] == ["", ""]
    await put(store, *contents())
    assert (await store.dump(), await store.verify()) == (dump, [])


async def test_a_circle_of_aliases_is_named_and_harms_nothing(make_store: MakeStore, dsn: str) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    await fill(store)
    dump, schema = await store.dump(), (await store.status()).schema_name
    await store.edit(lambda _: EDITS)
    change(dsn, schema, "INSERT INTO {s}.alias VALUES ('gear', 'solo', 'gear', 'Gear', 'Solo', '', NULL)")
    assert any("names merged in a circle: 3 (engine, gear, solo); unmerge one" in one for one in await store.verify())
    await store.repair()
    assert [one.split(":")[0] for one in await store.verify()] == ["names merged in a circle"]
    await store.edit(lambda _: Edits())
    assert (await store.dump(), await store.verify()) == (dump, [])
