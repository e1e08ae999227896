"""Storing, reading back, replacing and deleting, as the rest of the package sees it."""

import pytest

from lightrag_integrations.errors import InputError, ModelError, SchemaError
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.storage.postgres import Tuning
from lightrag_integrations.store import Store
from tests.conftest import MakeStore
from tests.integration.storage.making import chunk, document, put, term


async def words(store: Store, *asked: str) -> dict[str, list[str]]:
    """Word to the caller's ids of the chunks that hold it."""
    async with store.snapshot() as reader:
        found = {}
        for word in asked:
            postings = await reader.postings([term(word)])
            rows = await reader.chunks(postings[0].chunks.tolist() if postings else [])
            found[word] = sorted(row.chunk_id for row in rows.values())
        return found


async def test_a_stored_document_is_found_by_its_words(store: Store) -> None:
    await put(store, document("d", chunk("c1", "red apple red"), chunk("c2", "green apple", position=1)))
    async with store.snapshot() as reader:
        assert await reader.corpus() == (2, 5)
        red, apple = await reader.postings([term("red"), term("nothing"), term("apple")])
        assert (red.term, red.tfs.tolist(), red.lengths.tolist()) == (term("red"), [2], [3])
        rows = await reader.chunks(apple.chunks.tolist())
    assert sorted(row.chunk_id for row in rows.values()) == ["c1", "c2"]


async def test_terms_that_too_many_chunks_hold_can_be_left_out(store: Store) -> None:
    await put(store, document("d", *(chunk(f"c{n}", f"all w{n % 3}", position=n) for n in range(6))))
    await put(store, document("e", chunk("c9", "all w0")))  # a second segment
    asked = [term("all"), term("w0"), term("w1")]
    async with store.snapshot() as reader:
        for most, held in ((2, [2]), (3, [3, 2]), (7, [7, 3, 2])):
            assert [len(one.chunks) for one in await reader.postings(asked, most=most)] == held
    async with store.snapshot(parse_filter({"$chunk_id": {"$ne": "c9"}})) as reader:
        for most, held in ((1, []), (2, [2, 2]), (6, [6, 2, 2])):
            assert [len(one.chunks) for one in await reader.postings(asked, most=most)] == held


async def test_what_is_deleted_makes_no_term_common(make_store: MakeStore) -> None:
    store = await make_store(tuning=Tuning(idle_s=3600))
    await put(store, *(document(f"d{number}", chunk(f"c{number}", "ship")) for number in range(6)))
    await store.delete(["d0", "d1", "d2"])
    for _ in range(2):
        async with store.snapshot() as reader:
            (found,) = await reader.postings([term("ship")], most=3)
            assert len(found.chunks) == 3
            assert await reader.postings([term("ship")], most=2) == []
        await store.compact()


async def test_a_chunk_comes_back_as_it_was_given(store: Store) -> None:
    given = chunk(
        "c'1\"; DROP", "über 中文 🎈", position=3, title="Title", metadata={"a": [1, None, "x"], "é": {"b": 1.5}}
    )
    await put(store, document("d %s {}", given, source="here", metadata={"doc": True}))
    async with store.snapshot() as reader:
        (row,) = await reader.find_chunks(["missing", given.chunk.id])
        assert await reader.all_chunks() == [row]
    assert (row.chunk_id, row.document_id, row.title, row.text) == (given.chunk.id, "d %s {}", "Title", "über 中文 🎈")
    assert (row.source, row.position, row.start, row.end) == ("here", 3, 300, 300 + len(given.chunk.text))
    assert (row.metadata, row.content_hash) == (given.chunk.metadata, given.content_hash)


async def test_replacing_a_document_leaves_nothing_of_the_old_one(store: Store) -> None:
    await put(store, document("d", chunk("c1", "old words", names=["Old"]), chunk("c2", "more old", position=1)))
    await put(store, document("d", chunk("c1", "new words", names=["New"])))
    assert await words(store, "old", "more", "new", "words") == {"old": [], "more": [], "new": ["c1"], "words": ["c1"]}
    async with store.snapshot() as reader:
        assert await reader.corpus() == (1, 2)
        assert set(await reader.named(["old", "new"])) == {"new"}
    assert await store.verify() == []


async def test_upserting_chunks_keeps_the_others(store: Store) -> None:
    await put(store, document("d", chunk("c1", "one"), chunk("c2", "two", position=1), text="whole text"))
    await put(store, document("d", chunk("c2", "second"), chunk("c3", "three"), replace=False, text=""))
    assert await words(store, "one", "two", "second", "three") == {
        "one": ["c1"], "two": [], "second": ["c2"], "three": ["c3"],
    }  # fmt: skip
    assert await store.document_text("d") == "whole text"
    assert await store.verify() == []


async def test_a_chunk_id_of_another_document_is_refused_and_nothing_is_written(store: Store) -> None:
    await put(store, document("a", chunk("c1", "mine")))
    before = await store.dump()
    with pytest.raises(InputError, match="'c1' of document 'b' belongs to document 'a'"):
        await put(store, document("b", chunk("c0", "other"), chunk("c1", "theirs")))
    assert await store.dump() == before
    await put(store, document("a", chunk("c2", "mine")), document("b", chunk("c1", "theirs")))
    assert await words(store, "theirs", "mine") == {"theirs": ["c1"], "mine": ["c2"]}


async def test_bad_input_is_refused_by_name(store: Store) -> None:
    twice = document("a", chunk("same", "x"), chunk("same", "y"))
    unmentioned = document("b", chunk("c", "x", names=["A"], facts=[("A", "B", 1.0)]))
    heavy = document("e", chunk("f", "x", names=["A", "B"], facts=[("A", "B", float("inf"))]))
    with pytest.raises(InputError) as caught:
        await store.commit([twice, unmentioned, heavy, document("x" * 3000)], owner="tester")
    assert len(caught.value.problems) == 4
    with pytest.raises(InputError, match="NUL"):
        await put(store, document("n", chunk("c", "a\x00b")))
    with pytest.raises(InputError, match="Unicode"):
        await put(store, document("n", chunk("c", "a", names=["\ud800"])))


async def test_vectors_must_fit_the_index(store: Store) -> None:
    with pytest.raises(SchemaError, match="check_embedding"):
        await put(store, document("d", chunk("c", "x", embedding=[1.0, 2.0])))
    await store.check_embedding("model", 2)
    with pytest.raises(SchemaError, match=r"dimension 3.*dimension 2"):
        await put(store, document("d", chunk("c", "x", embedding=[1.0, 2.0, 3.0])))
    with pytest.raises(ModelError, match="NaN"):
        await put(store, document("d", chunk("c", "x", embedding=[1.0, float("nan")])))
    assert (await store.status()).chunks == 0


async def test_deleting_counts_what_existed(store: Store) -> None:
    await put(store, document("a", chunk("a1", "x y"), chunk("a2", "y")), document("b", chunk("b1", "y")))
    assert await store.delete_chunks(["a1", "nothing"]) == 1
    assert await words(store, "x", "y") == {"x": [], "y": ["a2", "b1"]}
    assert (await store.stored(["a"]))["a"].content_hash == ""
    assert await store.delete_chunks(["a2"]) == 1
    assert set(await store.stored(["a", "b"])) == {"b"}
    assert await store.delete(["a", "b", "c"]) == 1
    async with store.snapshot() as reader:
        assert await reader.corpus() == (0, 0)
    assert await store.verify() == []
