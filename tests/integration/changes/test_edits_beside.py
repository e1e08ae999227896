"""Documents and edits changed from several threads at once: what is left is the edits applied to the documents."""

import random
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lightrag_integrations import Chunk, ChunkEntity, ChunkGraph, ChunkRelation, Document, HashEmbedder, LightRAGIndex
from tests.properties.edits import NAMES, Wanted, applied, shown
from tests.servers import PostgresServer

ROUNDS = 6


def said(number: int, version: int) -> Document:
    """A document that speaks of the same few names as all others."""
    drawn = random.Random(f"{number} {version}")
    chunks = []
    for place in range(3):
        names = drawn.sample(NAMES, 4)
        graph = ChunkGraph(
            entities=[ChunkEntity(name=name, description=f"{name} in {version}") for name in names],
            relations=[ChunkRelation(source=names[0], target=name, description="met") for name in names[1:]],
        )
        chunks.append(Chunk(id=f"{number}/{place}", document_id=str(number), text=" ".join(names), graph=graph))
    return Document(id=str(number), chunks=tuple(chunks))


def write(index: LightRAGIndex, numbers: range) -> None:
    for version in range(1, ROUNDS):
        index.documents.delete([str(numbers[0])])
        index.ingest([said(number, version) for number in numbers])


def merge(index: LightRAGIndex) -> None:
    drawn = random.Random(1)
    for _ in range(ROUNDS):
        one, other, third = drawn.sample(NAMES[:4], 3)
        index.graph.merge([one, other], into=third)
        index.graph.unmerge([other])
        index.graph.unmerge([one])


def correct(index: LightRAGIndex) -> None:
    drawn = random.Random(2)
    for number in range(ROUNDS):
        one, other = drawn.choice(NAMES[:4]), NAMES[4]
        index.graph.hide(relations=[(one, other)])
        index.graph.override(one, description=f"by hand {number}")
        index.graph.unhide(relations=[(one, other)])


def read(index: LightRAGIndex, done: threading.Event) -> None:
    while not done.is_set():
        assert index.verify() == []
        index.retrieve("Ann met Bob", k=3, mode="mix")
        index.compact()


def test_writers_and_edits_beside_each_other(external_server: PostgresServer) -> None:
    name = f"beside-{uuid.uuid4().hex[:12]}"
    first = LightRAGIndex(name, database=external_server.dsn, embed_model=HashEmbedder(16))
    second = LightRAGIndex(name, database=external_server.dsn, embed_model=HashEmbedder(16))
    first.ingest([said(number, 0) for number in range(8)])
    done = threading.Event()

    work: list[Callable[[], None]] = [
        lambda: write(first, range(0, 4)), lambda: write(second, range(4, 8)), lambda: merge(first),
        lambda: correct(second),
    ]  # fmt: skip
    with ThreadPoolExecutor(len(work) + 1) as pool:
        reading = pool.submit(read, second, done)
        try:
            for one in [pool.submit(each) for each in work]:
                one.result(timeout=120)
        finally:
            done.set()
        reading.result(timeout=60)

    assert (first.graph.hidden(), first.graph.aliases()) == ([], [])
    first.graph.merge(["Bob", "Cleo"], into="Ann")
    first.graph.hide("Eve")
    wanted = Wanted({"bob": "ann", "cleo": "ann"}, {frozenset(["eve"])})
    wanted.overrides = {one.name.lower(): (None, one.description) for one in first.graph.overrides()}
    with LightRAGIndex(f"{name} clean", database=external_server.dsn, embed_model=HashEmbedder(16)) as clean:
        clean.ingest([said(number, ROUNDS - 1) for number in range(8)])
        mentions, facts, by_hand = shown(external_server.dsn, clean.name)
        assert shown(external_server.dsn, name)[:2] == applied(mentions, facts, wanted, by_hand)
        plain = clean.dump()
        clean.drop()
    assert first.verify() == []
    first.graph.unmerge(NAMES)
    first.graph.unhide(NAMES)
    first.graph.restore(NAMES)
    assert first.dump() == plain
    second.close()
    first.drop()
    first.close()
