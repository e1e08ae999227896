"""The dump is equal for equal content, whatever the history."""

import json
import random
from itertools import pairwise

import pytest

from lightrag_integrations.contributions import Fact, PreparedDocument
from lightrag_integrations.storage.postgres import Tuning
from tests.conftest import MakeStore
from tests.integration.storage.making import chunk, document, put

NAMES = [f"Name {letter}" for letter in "ABCDEFG"]


def version(number: int, revision: int) -> PreparedDocument:
    """One of several versions of a document; names, facts and words overlap with those of others."""
    rng = random.Random(f"{number}.{revision}")
    chunks = []
    for position in range(rng.randint(1, 3)):
        names = rng.sample(NAMES, 4)
        facts = [
            Fact(a.lower(), b.lower(), f"{a} {b}", ("x", "y"), rng.choice([0.1, 0.2, 0.7, 1e16]))
            for a, b in pairwise(names)
        ]
        text = " ".join(rng.choices(["red", "green", "blue", "grey"], k=5))
        made = chunk(f"{number}.{position}", text, document_id=f"d{number}", position=position, title=names[0],
                     names=names, facts=facts, metadata={"n": number, "r": revision})  # fmt: skip
        chunks.append(made)
    return document(f"d{number}", *chunks, title=f"T{revision}", metadata={"r": revision}, source="s")


@pytest.mark.parametrize("seed", range(4))
async def test_any_history_equals_a_clean_build(make_store: MakeStore, seed: int) -> None:
    rng = random.Random(seed)
    lived = await make_store(tuning=Tuning(segments=3, fan=2, idle_s=0.01))
    current: dict[int, int] = {}
    for _ in range(20):
        step, number = rng.random(), rng.randrange(6)
        if step < 0.6:
            current[number] = rng.randrange(3)
            await put(lived, version(number, current[number]))
        elif step < 0.85:
            await lived.delete([f"d{number}"])
            current.pop(number, None)
        else:
            await lived.compact()
    clean = await make_store()
    numbers = rng.sample(sorted(current), len(current))
    await put(clean, *(version(number, current[number]) for number in numbers))
    expected = await clean.dump()
    assert await lived.dump() == expected
    await lived.compact()
    assert await lived.dump() == expected
    assert await lived.verify() == await clean.verify() == []


async def test_chunks_added_one_by_one_equal_chunks_given_at_once(make_store: MakeStore) -> None:
    one, other = await make_store(), await make_store()
    parts = [chunk(f"c{n}", f"word{n}", position=n, names=["A", f"B{n}"]) for n in range(3)]
    await put(one, document("d", *parts, text=""))
    for part in parts[::-1]:
        await put(other, document("d", part, replace=False, text=""))
    assert await one.dump() == await other.dump()


async def test_the_dump_holds_the_content_and_nothing_else(make_store: MakeStore) -> None:
    store = await make_store("a telling name")
    await store.check_embedding("secret model", 2)
    made = chunk("c", "red red", names=["A", "B"], facts=[("A", "B", 0.1)], embedding=[1, 2], metadata={"k": 1})
    await put(store, document("d", made, source="s", entity_embeddings={"a": [1, 0]}))
    text = await store.dump()
    lines = [json.loads(line) for line in text.splitlines()]
    kinds = ("document", "chunk_of", "entity", "mention", "relation", "fact", "term")
    assert [next(kind for kind in kinds if kind in line) for line in lines] == [
        "document", "chunk_of", "entity", "entity", "mention", "mention", "relation", "fact", "term",
    ]  # fmt: skip
    assert lines[-1]["chunks"] == [["c", 2]] and lines[-3] == {"relation": ["a", "b"], "weight": 0.1}
    assert "a telling name" not in text and "secret model" not in text
    await put(store, document("d", chunk("c", "red red", names=["A", "B"], facts=[("A", "B", 0.2)]), source="s"))
    assert await store.dump() != text
