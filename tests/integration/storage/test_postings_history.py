"""Postings under insert, replace, delete and folding equal a recomputation from what is stored."""

import random
from collections import Counter

import pytest

from lightrag_integrations.filters import parse_filter
from lightrag_integrations.storage.postgres import Tuning
from lightrag_integrations.store import Store
from tests.conftest import MakeStore
from tests.integration.storage.making import chunk, document, put, term

WORDS = [f"w{number}" for number in range(12)]
Texts = dict[str, dict[str, tuple[str, int]]]
"""Document id to chunk id to (text, year)."""


async def check(store: Store, texts: Texts, year: int | None = None) -> None:
    """Compare every posting, N and the lengths with a recomputation."""
    chunks = {
        chunk_id: text
        for document_texts in texts.values()
        for chunk_id, (text, made) in document_texts.items()
        if year in (None, made)
    }
    expected: dict[str, dict[str, tuple[int, int]]] = {}
    for chunk_id, text in chunks.items():
        for word, count in Counter(text.split()).items():
            expected.setdefault(word, {})[chunk_id] = (count, len(text.split()))
    where = None if year is None else parse_filter({"year": year})
    async with store.snapshot(where) as reader:
        assert await reader.corpus() == (len(chunks), sum(len(text.split()) for text in chunks.values()))
        names = {row.id: row.chunk_id for row in await reader.all_chunks()}
        assert sorted(names.values()) == sorted(chunks)
        found = {}
        for posting in await reader.postings([term(word) for word in WORDS]):
            rows = zip(posting.chunks.tolist(), posting.tfs.tolist(), posting.lengths.tolist(), strict=True)
            found[posting.term] = {names[one]: (tf, length) for one, tf, length in rows}
    assert found == {term(word): rows for word, rows in expected.items()}


@pytest.mark.parametrize("seed", range(4))
async def test_any_history_equals_a_recomputation(make_store: MakeStore, seed: int) -> None:
    rng = random.Random(seed)
    store = await make_store(tuning=Tuning(segments=4, fan=3, idle_s=0.01))
    texts: Texts = {}
    for _ in range(25):
        step = rng.choice(["put", "put", "put", "delete", "delete_chunks", "compact"])
        if step == "put":
            batch = {}
            for number in rng.sample(range(8), 2):
                made = {
                    f"{number}.{one}": (" ".join(rng.choices(WORDS, k=rng.randint(1, 9))), rng.choice([1, 2]))
                    for one in range(rng.randint(1, 3))
                }
                batch[f"d{number}"] = made
            await put(store, *(
                document(name, *(chunk(one, text, metadata={"year": year}) for one, (text, year) in made.items()))
                for name, made in batch.items()
            ))  # fmt: skip
            texts |= batch
        elif step == "delete":
            name = f"d{rng.randrange(8)}"
            assert await store.delete([name]) == (texts.pop(name, None) is not None)
        elif step == "delete_chunks":
            chunk_id = f"{rng.randrange(8)}.0"
            name = f"d{chunk_id[0]}"
            assert await store.delete_chunks([chunk_id]) == (texts.get(name, {}).pop(chunk_id, None) is not None)
            if texts.get(name) == {}:
                del texts[name]
        else:
            await store.compact()
        await check(store, texts)
    await check(store, texts, year=1)
    assert await store.verify() == []
    await store.compact()
    await check(store, texts)
    await check(store, texts, year=2)
    assert await store.verify() == []


async def test_nothing_asked_nothing_found(store: Store) -> None:
    async with store.snapshot() as reader:
        assert await reader.postings([]) == []
        assert await reader.postings([1, 2]) == []
        assert await reader.corpus() == (0, 0)
