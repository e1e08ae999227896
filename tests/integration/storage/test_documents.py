"""Pending rows, leases, states, metadata, cache and ledger."""

import asyncio
from functools import partial

import pytest

from lightrag_integrations.contributions import PaidAnswer, PendingDocument, Usage
from lightrag_integrations.errors import InputError
from lightrag_integrations.models import Chunk, Document, ExtractedEntity, Extraction
from lightrag_integrations.store import Store
from tests.integration.storage.making import chunk, document, put


def pending(document_id: str, **fields: object) -> PendingDocument:
    return PendingDocument(Document(id=document_id, text=f"text of {document_id}", **fields), f"hash {document_id}")


async def states(store: Store) -> dict[str, str]:
    return {one.id: one.status for one in await store.statuses(status=None, document_ids=None, limit=None)}


async def test_accepted_input_comes_back_whole_when_claimed(store: Store) -> None:
    given = Chunk(id="c", document_id="d", text="t", metadata={"a": 1}, embedding=(0.1, 1e-7),
                  extraction=Extraction(entities=[ExtractedEntity(name="X")]))  # fmt: skip
    whole = Document(id="d", text="é", title="T", source="s", metadata={"k": [1, "x"]}, chunks=(given,))
    item = PendingDocument(whole, "h", replace=False, options='{"a": 1}')
    await store.accept([item], owner="one", lease_s=60)
    await store.fail({"d": "broke"}, owner="one")
    (claimed,) = await store.claim(None, owner="two", lease_s=60, limit=10)
    assert claimed.document == item.document
    assert (claimed.content_hash, claimed.replace, claimed.attempts, claimed.error) == ("h", False, 1, "broke")
    assert claimed.options == '{"a": 1}'


async def test_states_follow_leases(store: Store) -> None:
    await put(store, document("done", chunk("done", "x", metadata={"m": 1}), metadata={"m": 1}))
    await store.accept([pending("fresh"), pending("bad"), pending("done")], owner="one", lease_s=60)
    await store.accept([pending("old")], owner="one", lease_s=0.01)
    await store.fail({"bad": "no\x00g\ud800od"}, owner="one")
    await store.fail({"fresh": "not mine"}, owner="two")
    await asyncio.sleep(0.05)
    assert await states(store) == {"bad": "failed", "done": "processing", "fresh": "processing", "old": "pending"}
    (failed,) = await store.statuses(status="failed", document_ids=None, limit=None)
    assert (failed.id, failed.error) == ("bad", "nog?od")
    listed = await store.statuses(status=None, document_ids=["old", "done", "none"], limit=1)
    assert [(one.id, one.chunks) for one in listed] == [("done", 1)]
    status = await store.status()
    assert (status.documents, status.pending, status.processing, status.failed) == (1, 1, 2, 1)


async def test_claims_take_what_is_free_and_each_document_once(store: Store) -> None:
    await store.accept([pending(f"d{n}") for n in range(6)], owner="one", lease_s=0.01)
    await store.accept([pending("held")], owner="one", lease_s=60)
    await asyncio.sleep(0.05)
    claims = await asyncio.gather(*(store.claim(None, owner=f"w{n}", lease_s=60, limit=4) for n in range(3)))
    ids = sorted(one.document.id for claim in claims for one in claim)
    assert ids == [f"d{n}" for n in range(6)]
    assert await store.claim(["held"], owner="w", lease_s=60, limit=4) == []


async def test_leases_are_extended_by_their_owner_only(store: Store) -> None:
    await store.accept([pending("a"), pending("b")], owner="one", lease_s=0.2)
    await store.extend_lease(["a"], owner="one", lease_s=60)
    await store.extend_lease(["b"], owner="two", lease_s=60)
    await asyncio.sleep(0.3)
    assert await states(store) == {"a": "processing", "b": "pending"}


async def test_a_document_taken_over_is_left_out(store: Store) -> None:
    late, mine = document("late", chunk("l", "x")), document("mine", chunk("m", "x"))
    for one in (late, mine):
        await store.accept([PendingDocument(one.document, "h")], owner="one", lease_s=60)
    await store.accept([PendingDocument(late.document, "h2")], owner="two", lease_s=60)
    assert await store.commit([late, mine], owner="one") == {"mine"}
    assert await states(store) == {"late": "processing", "mine": "processed"}
    await store.delete(["late"])
    assert await store.commit([late], owner="two") == frozenset()
    assert await states(store) == {"mine": "processed"}


async def test_accepting_beside_what_others_have_pending(store: Store) -> None:
    accept = partial(store.accept, lease_s=60)
    assert await accept([pending("a"), pending("b")], owner="one") == {"a", "b"}
    assert await accept([pending("a"), pending("c")], owner="two", onto="nothing") == {"c"}
    assert await accept([pending("a"), pending("c"), pending("d")], owner="two", onto="own") == {"c"}
    await store.delete(["c"])
    assert await accept([pending("c")], owner="two", onto="own") == frozenset()
    assert await accept([pending("a")], owner="two") == {"a"}
    await store.fail({"a": "mine", "b": "not mine"}, owner="two")
    assert await states(store) == {"a": "failed", "b": "processing"}


async def test_what_is_stored_can_be_compared(store: Store) -> None:
    made = document("d", chunk("c", "x", metadata={"b": 1, "a": "é"}), metadata={"b": 1}, source="s")
    await put(store, made)
    stored = (await store.stored(["d", "none"]))["d"]
    assert (stored.content_hash, stored.source, stored.metadata) == (made.content_hash, "s", {"b": 1})
    hashes = await store.chunk_hashes(["d"])
    one = made.chunks[0]
    place = (one.chunk.position, one.chunk.start, one.chunk.end, one.chunk.token_count)
    assert hashes == {"d": {"c": (one.content_hash, '{"a":"é","b":1}', *place)}}
    assert await store.document_text("d") == "x"
    assert await store.document_text("none") is None


async def test_metadata_changes_alone(store: Store) -> None:
    own = chunk("c", "x", metadata={"year": 1, "page": 7})
    await put(store, document("d", own, metadata={"year": 1}), document("g", chunk("gc", "y", metadata={"year": 1})))
    given = Chunk(id="gc", document_id="g", text="y", metadata={"page": 2})
    await store.update_metadata(
        [
            PendingDocument(Document(id="d", source="new", metadata={"year": 2}), "h"),
            PendingDocument(Document(id="g", metadata={"lang": "en"}, chunks=(given,)), "h"),
        ]
    )
    async with store.snapshot() as reader:
        first, second = await reader.find_chunks(["c", "gc"])
    assert (first.metadata, first.source) == ({"year": 2, "page": 7}, "new")
    assert second.metadata == {"lang": "en", "page": 2}
    assert (await store.stored(["d"]))["d"].metadata == {"year": 2}


async def test_metadata_that_json_cannot_hold_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match="JSON"):
        await store.accept([pending("d", metadata={"x": float("nan")})], owner="one", lease_s=60)


async def test_paid_answers_are_kept_with_their_cost(store: Store) -> None:
    answer = Extraction(entities=[ExtractedEntity(name="X", type="t")])
    usage = Usage("extract", "m", 10, 5, document_id="d")
    key, other = ("hash", "extractor"), ("other", "extractor")
    await store.cache_extractions([PaidAnswer(key, answer, (usage,))])
    await store.cache_extractions([PaidAnswer(other, answer), PaidAnswer(key, Extraction(), (usage,))])
    assert await store.cached_extractions([("hash", "extractor"), ("hash", "other")]) == {("hash", "extractor"): answer}
    await store.record_usage([Usage("embed", "e", 2**40, 0), Usage("extract", "m", 1, 1, cached=True)])
    assert await store.ledger() == [
        Usage("embed", "e", 2**40, 0), Usage("extract", "m", 20, 10, calls=2), Usage("extract", "m", 1, 1, cached=True),
    ]  # fmt: skip


async def test_settings_keep_their_first_value(store: Store) -> None:
    await store.record_settings({"tokenizer": "a"})
    await store.record_settings({"tokenizer": "b", "chunker": "c"})
    settings = await store.settings()
    assert (settings["tokenizer"], settings["chunker"]) == ("a", "c")


async def test_deleting_chunks_takes_them_out_of_what_is_pending(store: Store) -> None:
    both = [Chunk(id=f"c{n}", document_id="d", text="x") for n in (1, 2)]
    given = Document(id="d", chunks=tuple(both))
    await store.accept([PendingDocument(given, "h", replace=False), pending("text")], owner="one", lease_s=60)
    assert await store.delete_chunks(["c1", "unknown"]) == 1
    prepared = document("d", chunk("c1", "x", document_id="d"), chunk("c2", "x", document_id="d"), content_hash="h")
    assert await store.commit([prepared], owner="one") == {"d"}
    async with store.snapshot() as reader:
        assert [row.chunk_id for row in await reader.all_chunks()] == ["c2"]
    assert (await store.stored(["d"]))["d"].content_hash == ""
    await store.accept([PendingDocument(given, "h", replace=False)], owner="one", lease_s=60)
    await store.fail({"d": "broke"}, owner="one")
    assert await store.delete_chunks(["c2"]) == 1
    (claimed,) = await store.claim(["d"], owner="two", lease_s=60, limit=9)
    assert claimed.document.chunks == (both[0],)
    assert await store.delete_chunks(["c1"]) == 1
    assert await states(store) == {"text": "processing"}
    assert await store.commit([prepared], owner="two") == frozenset()
    assert await store.verify() == []
