"""Upkeep and repair while documents come and go and questions are asked."""

import asyncio
import itertools
import random

from lightrag_integrations.contributions import PreparedDocument
from lightrag_integrations.options import ConnectOptions
from lightrag_integrations.storage.postgres import Tuning, open_store
from lightrag_integrations.store import Store
from tests.integration.health.content import rows
from tests.integration.storage.making import chunk, document, put, term
from tests.servers import PostgresServer

EAGER = Tuning(segments=3, fan=2, idle_s=0.01, hnsw_rows=30, exact_rows=1)
HOT = [f"Hot {letter}" for letter in "ABCDEF"]
NUMBERS = range(12)


def made(number: int, revision: int) -> PreparedDocument:
    """Two chunks that share a word, names and facts with those of other documents."""
    rng = random.Random(f"{number}.{revision}")
    chunks = []
    for place in range(2):
        names = rng.sample(HOT, 3)
        facts = [(one, other, 1.0) for one, other in itertools.pairwise(names)]
        vector = [rng.gauss(0, 1) for _ in range(4)]
        chunks.append(chunk(f"{number}.{place}", f"common revision {revision}", document_id=f"d{number}",
                            position=place, names=names, facts=facts, embedding=vector))  # fmt: skip
    return document(f"d{number}", *chunks, title=f"revision {revision}")


async def whole(store: Store) -> None:
    """One question: every document is there with both chunks of one revision, and all parts agree on which."""
    async with store.snapshot() as reader:
        count, _ = await reader.corpus()
        (common,) = await reader.postings([term("common")]) or [None]
        seen = await reader.all_chunks()
        assert count == len(seen) == (0 if common is None else len(common.chunks))
        if common is not None:
            assert sorted(common.chunks.tolist()) == sorted(row.id for row in seen)
        told = {}
        for row in seen:
            told.setdefault(row.document_id, []).append(row.text)
        assert all(len(texts) == 2 and texts[0] == texts[1] for texts in told.values())
        assert len(await reader.nearest_chunks([1.0, 0.0, 0.0, 0.0], 100)) == len(seen)


async def test_sweeps_folds_builds_and_repairs_disturb_nobody(external_server: PostgresServer) -> None:
    connect = ConnectOptions(dsn=external_server.dsn)
    opened = [await open_store("beside", connect, tuning=EAGER) for _ in range(4)]
    clean = await open_store("beside clean", connect)
    try:
        await opened[0].check_embedding("m", 4)
        await clean.check_embedding("m", 4)
        schema = (await opened[0].status()).schema_name
        last: dict[int, int] = {}
        done = asyncio.Event()
        asked = mended = 0

        async def write(writer: int) -> None:
            rng = random.Random(writer)
            for revision in range(12):
                number = rng.choice([one for one in NUMBERS if one % 2 == writer])
                if rng.random() < 0.3:
                    await opened[writer].delete([f"d{number}"])
                    last.pop(number, None)
                else:
                    await put(opened[writer], made(number, revision), owner=f"w{writer}")
                    last[number] = revision

        async def ask() -> None:
            nonlocal asked
            while not done.is_set():
                await whole(opened[2])
                asked += 1

        async def mend() -> None:
            nonlocal mended
            while not done.is_set():
                await opened[3].compact()
                report = await opened[3].repair()
                # Between a delete and the sweep there may be something that nothing tells of; never damage.
                assert report.left == () and all("nothing tells of" in line for line in report.mended), report
                mended += 1

        others = [asyncio.create_task(work()) for work in (ask, mend)]
        await asyncio.gather(write(0), write(1))
        done.set()
        await asyncio.gather(*others)
        assert asked > 3 and mended > 1, (asked, mended)
        await put(clean, *(made(number, revision) for number, revision in last.items()))
        assert await opened[0].dump() == await clean.dump()
        assert await opened[1].verify() == []
        await opened[3].repair()
        idle = "SELECT FROM {s}.entity e WHERE NOT EXISTS (SELECT FROM {s}.mention m WHERE m.entity = e.id)"
        assert rows(external_server.dsn, schema, idle) == []
    finally:
        for store in (*opened[1:], clean, opened[0]):
            if store in (clean, opened[0]):
                await store.drop()
            await store.aclose()
