"""Eight hands of both frameworks on one index, from threads and from a second process, and readers of both beside."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg

from lightrag_integrations import ConnectOptions, LightRAGIndex
from lightrag_integrations import langchain as lc
from lightrag_integrations import llama_index as li
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.cross.hands import EVERYBODY, SIZE, handle, told, use_hands, work

ROOT = Path(__file__).parents[3]
HANG_GUARD_S = 200
MODES: list[Any] = ["keyword", "vector", "local", "global", "hybrid", "graph", "mix"]
_PLACES = re.compile(r"note (\d+)v(\d+)p(\d+)")
RANKS = """
import json, sys
from lightrag_integrations import LightRAGIndex
from lightrag_integrations import langchain as lc, llama_index as li
with LightRAGIndex(sys.argv[2], database=sys.argv[1]) as index:
    question, found = sys.argv[3], {}
    for mode in sys.argv[4:]:
        documents = lc.LightRAGRetriever(index=index, mode=mode, k=5).invoke(question)
        nodes = li.LightRAGRetriever(index, mode=mode, similarity_top_k=5).retrieve(question)
        found[mode] = [[one.id, one.metadata] for one in documents], [[one.node_id, one.metadata] for one in nodes]
print(json.dumps(found))
"""


async def impatient(connection: psycopg.AsyncConnection[Any]) -> None:
    """Whoever waits for another's lock fails."""
    await connection.execute("SET lock_timeout = '1ms'")


def langchain_texts(index: LightRAGIndex, hand: int) -> list[str]:
    retriever = lc.LightRAGRetriever(index=index, mode="vector", k=50, filter={"hand": hand})
    return [document.page_content for document in retriever.invoke("Ada Lovelace")]


def llama_index_texts(index: LightRAGIndex, hand: int) -> list[str]:
    retriever = li.LightRAGRetriever(index, mode="vector", similarity_top_k=50, filters={"hand": hand})
    return [found.node.get_content() for found in retriever.retrieve("Ada Lovelace")]


def seen_whole(texts: Sequence[str]) -> bool:
    """All chunks of one version, or none."""
    places = sorted(place for text in texts for place in _PLACES.findall(text))
    return [part for _, _, part in places] in ([], [str(n) for n in range(SIZE)]) and len({v for _, v, _ in places}) < 2


def read_until(done: threading.Event, index: LightRAGIndex, read: Callable[[LightRAGIndex, int], list[str]]) -> int:
    looks = 0
    while not done.is_set():
        texts = read(index, EVERYBODY[looks % len(EVERYBODY)])
        assert seen_whole(texts), texts
        looks += 1
    return looks


def test_eight_hands_of_both_frameworks_end_like_one(make_index: MakeIndex, dsn: str) -> None:
    index, alone = make_index(), make_index()
    lc.LightRAGVectorStore(index=index, build_graph=True).add_texts([told("first")], ids=["first"])
    lc.LightRAGVectorStore(index=alone, build_graph=True).add_texts([told("first")], ids=["first"])
    program = [sys.executable, "-m", "tests.frameworks.cross.hands", dsn, index.name, *map(str, EVERYBODY[4:])]
    done = threading.Event()
    options = ConnectOptions(dsn=dsn, configure=impatient)
    with (
        subprocess.Popen(program, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process,
        LightRAGIndex(index.name, database=options) as readers,
        ThreadPoolExecutor(2) as threads,
    ):
        reads = [threads.submit(read_until, done, readers, read) for read in (langchain_texts, llama_index_texts)]
        try:
            use_hands(dsn, index.name, EVERYBODY[:4])
            outcome = process.communicate(timeout=HANG_GUARD_S)[1]
        finally:
            done.set()
            process.kill()
        assert all(read.result(HANG_GUARD_S) > 0 for read in reads)
    assert process.returncode == 0, outcome
    assert {status.status for status in index.documents.list()} == {"processed"}
    assert index.verify() == []
    with handle(alone.name, dsn) as one:
        for hand in EVERYBODY:
            assert len(_PLACES.findall(" ".join(langchain_texts(index, hand)))) == SIZE
            work(one, hand)
    assert index.dump() == alone.dump()


def test_a_torn_document_would_be_seen() -> None:
    assert not seen_whole([told("1v1p0"), told("1v2p1"), told("1v1p2")])
    assert not seen_whole([told("1v1p0"), told("1v1p1")])
    assert seen_whole([told("1v1p0"), told("1v1p2"), told("1v1p1")]) and seen_whole([])


def test_a_second_process_ranks_the_same(library: LightRAGIndex, dsn: str, question: str) -> None:
    program = [sys.executable, "-c", RANKS, dsn, library.name, question, *MODES]
    told_there = json.loads(subprocess.run(program, capture_output=True, text=True, check=True).stdout)
    for mode in MODES:
        documents = lc.LightRAGRetriever(index=library, mode=mode, k=5).invoke(question)
        here = json.loads(json.dumps([[one.id, one.metadata] for one in documents]))
        assert here and told_there[mode] == [here, here], mode
