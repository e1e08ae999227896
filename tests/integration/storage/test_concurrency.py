"""Many writers with the same names at once: nothing is lost, nobody deadlocks, readers see whole documents."""

import asyncio
import random

from lightrag_integrations.contributions import PendingDocument, PreparedDocument
from lightrag_integrations.errors import InputError
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.postgres import Tuning, open_store
from lightrag_integrations.store import Store
from tests.integration.storage.making import chunk, document, put, term
from tests.servers import PostgresServer

HOT = [f"Hot{number}" for number in range(15)]
VECTORS = {name.lower(): [float(place + 1), 1.0] for place, name in enumerate(HOT)}


def made(writer: int, number: int) -> PreparedDocument:
    rng = random.Random(f"{writer}.{number}")
    names = [*rng.sample(HOT, 6), f"Own {writer}.{number}"]
    rng.shuffle(names)
    facts = [(rng.choice(names), rng.choice(names), 1.0) for _ in range(6)]
    facts = [fact for fact in facts if fact[0] != fact[1]]
    given = {name: VECTORS[name] for name in rng.sample(sorted(VECTORS), 5)}
    return document(
        f"d{writer}.{number}",
        chunk(f"c{writer}.{number}", "common words here", names=names, facts=facts),
        entity_embeddings=given,
    )


async def stores(server: PostgresServer, name: str, count: int) -> list[Store]:
    """Stores on a server that looks for deadlocks after 200 ms."""
    tuning = Tuning(segments=5, fan=3, idle_s=0.01)
    return [await open_store(name, ConnectOptions(dsn=server.dsn), tuning=tuning) for _ in range(count)]


async def finish(opened: list[Store]) -> None:
    for one in opened[1:]:
        await one.aclose()
    await opened[0].drop()
    await opened[0].aclose()


async def test_writers_of_the_same_names_lose_nothing(external_server: PostgresServer) -> None:
    opened = await stores(external_server, "hot", 6)
    try:
        await opened[0].check_embedding("m", 2)

        async def write(writer: int) -> None:
            for batch in range(6):
                documents = [made(writer, batch * 4 + number) for number in range(4)]
                random.Random(writer + batch).shuffle(documents)
                await put(opened[writer], *documents, owner=f"w{writer}")

        async def upkeep() -> None:
            for _ in range(5):
                await opened[0].compact()

        await asyncio.gather(*(write(writer) for writer in range(6)), upkeep())
        clean = await open_store("hot clean", ConnectOptions(dsn=external_server.dsn))
        await clean.check_embedding("m", 2)
        await put(clean, *(made(writer, number) for writer in range(6) for number in range(24)))
        expected = await clean.dump()
        await finish([clean])
        assert await opened[1].dump() == expected
        assert await opened[2].verify() == []
        assert await opened[0].embedded_entities(list(VECTORS)) == frozenset(VECTORS)
    finally:
        await finish(opened)


async def test_deletes_and_sweeps_beside_writers(external_server: PostgresServer) -> None:
    opened = await stores(external_server, "churn", 4)
    await opened[0].check_embedding("m", 2)
    try:

        async def churn(writer: int) -> None:
            for turn in range(8):
                await put(opened[writer], made(writer, turn % 2), owner=f"w{writer}")
                if turn % 3:
                    await opened[writer].delete([f"d{(writer + 1) % 3}.{turn % 2}"])

        async def sweep() -> None:
            for _ in range(8):
                await opened[3].compact()

        await asyncio.gather(churn(0), churn(1), churn(2), sweep())
        assert await opened[0].verify() == []
        await opened[0].delete([f"d{writer}.{number}" for writer in range(3) for number in range(2)])
        await opened[0].compact()
        assert (await opened[0].dump(), await opened[0].verify()) == ("", [])
    finally:
        await finish(opened)


async def test_readers_see_whole_documents(external_server: PostgresServer) -> None:
    opened = await stores(external_server, "whole", 2)
    writing = True
    try:

        async def write() -> None:
            nonlocal writing
            for turn in range(15):
                size = 2 + turn % 3
                made = [chunk(f"c{n}", f"word size{size}", position=n, names=["A"]) for n in range(size)]
                await put(opened[0], document("d", *made))
            writing = False

        async def read() -> None:
            while writing:
                async with opened[1].snapshot() as reader:
                    count, length = await reader.corpus()
                    postings = await reader.postings([term("word")])
                    assert length == 2 * count
                    assert (len(postings[0].chunks) if postings else 0) == count
                    assert (await reader.named(["a"])).get("a", (0, 0))[1] == count
                    assert count in (0, *{int(row.text[-1]) for row in await reader.all_chunks()})

        await asyncio.gather(write(), read())
    finally:
        await finish(opened)


async def test_one_chunk_id_for_two_documents_at_once(external_server: PostgresServer) -> None:
    opened = await stores(external_server, "clash", 2)
    try:
        both = [document(f"d{n}", chunk("same", f"word{n}"), chunk(f"own{n}", "x")) for n in range(2)]
        await opened[0].accept([PendingDocument(one.document, "h") for one in both], owner="o", lease_s=60)
        results = await asyncio.gather(
            *(store.commit([one], owner="o") for store, one in zip(opened, both, strict=True)), return_exceptions=True
        )
        assert [type(result) for result in results].count(InputError) == 1
        assert (await opened[0].status()).documents == 1
        assert await opened[0].verify() == []
    finally:
        await finish(opened)


async def test_the_first_vectors_may_come_while_others_write_and_read(external_server: PostgresServer) -> None:
    opened = await stores(external_server, "late vectors", 3)
    try:

        async def write() -> None:
            for number in range(15):
                await put(opened[0], document(f"d{number}", chunk(f"c{number}", "word", names=["A", "B"])))

        async def read() -> None:
            for _ in range(40):
                async with opened[1].snapshot() as reader:
                    await reader.named(["a"])
                    count, _ = await reader.corpus()
                    assert len(await reader.all_chunks()) == count

        await asyncio.gather(write(), read(), *(opened[2].check_embedding("m", 2) for _ in range(3)))
        assert (await opened[0].status()).dimension == 2
        assert await opened[0].verify() == []
    finally:
        await finish(opened)
