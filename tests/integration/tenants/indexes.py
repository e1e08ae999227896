"""The same documents in indexes that find them by different means, another index beside them, and many questions."""

import json
import random
from collections import Counter
from collections.abc import Sequence

from lightrag_integrations import ConnectOptions, LightRAGIndex, OpenAIChatModel
from lightrag_integrations.storage.postgres import Tuning, open_store
from lightrag_integrations.store import Store
from tests.doubles.openai_server import OpenAIServer
from tests.doubles.words import vector
from tests.integration.tenants.making import PEOPLE, Tenants, random_filter, random_question
from tests.integration.tenants.surfaces import MODES, SURFACES, Asked

__all__ = ["WordVectors", "ask", "by_vector_index", "fill"]

DIMENSION = 64
COUNTED = frozenset((*MODES, "documents.chunks"))


class WordVectors:
    """Alike words, alike vectors. Not called lexical, so every mode uses them."""

    fingerprint = f"words/{DIMENSION}"

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        return [vector(text, DIMENSION) for text in texts]


def model(server: OpenAIServer) -> OpenAIChatModel:
    """The chat double; it splits every question that it is asked to."""
    steps = [f"Whom did {PEOPLE[0]} follow?", "Where was #1 painted?"]
    answer = {"sub_questions": [{"question": step, "expected_answer": ""} for step in steps]}
    server.script("expected_answer", json.dumps(answer))
    return OpenAIChatModel("m", base_url=server.base_url, api_key="k")


def fill(index: LightRAGIndex, made: Tenants, seed: int = 0) -> None:
    """Documents in any order, some of them stored twice, some more that are deleted again."""
    draw = random.Random(seed)
    gone = Tenants(seed + 1000, 4, prefix="gone").documents
    first = [*made.documents, *gone]
    draw.shuffle(first)
    index.ingest(first).raise_if_failed()
    index.documents.delete([one.id for one in gone])
    index.ingest(draw.sample(made.documents, 3)).raise_if_failed()


def by_vector_index(index: LightRAGIndex, database: str) -> Store:
    """The handle's searches go through vector indexes from now on, however few vectors there are."""

    async def swap() -> Store:
        tuning = Tuning(hnsw_rows=10, exact_rows=4, idle_s=0, ef_search=40)
        session = await index._live.session()
        store = await open_store(index.name, ConnectOptions(dsn=database), tuning=tuning)
        await store.compact()
        session.closing.push_async_callback(store.aclose)
        session.store = store
        return store

    return index._live.run(swap)


def ask(
    index: LightRAGIndex, server: OpenAIServer, made: Tenants, *, others: Sequence[Tenants], seed: int, times: int
) -> tuple[Counter[str], list[str], int]:
    """Ask many questions through random filters.

    Args:
        index: Where.
        server: The chat double.
        made: What the index holds.
        others: What other indexes on the database hold.
        seed: Of all chance.
        times: Questions.

    Returns:
        Queries by what was asked, a line for each leak, and how many canaries were shown where they may be.
    """
    draw = random.Random(seed)
    asked: Counter[str] = Counter()
    leaks: list[str] = []
    shown_canaries = 0
    for _ in range(times):
        where = random_filter(draw, made)
        visible = made.visible(where)
        question = random_question(draw, made, visible)
        shown = draw.choice(SURFACES)(Asked(index, server, draw=draw, question=question, where=where))
        asked[shown.what] += 1
        found = made.leaked(shown.text, visible).union(*(other.leaked(shown.text, ()) for other in others))
        shown_canaries += made.held(shown.text)
        if found:
            leaks.append(f"{shown.what}, filter {json.dumps(where)}, question {question!r}: {sorted(found)}")
        if not visible and shown.hits and shown.what in COUNTED:
            leaks.append(f"{shown.what}, filter {json.dumps(where)}: {shown.hits} hits where nothing is visible")
    return asked, leaks, shown_canaries
