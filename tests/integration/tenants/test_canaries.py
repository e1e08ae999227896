"""Canary words of what a filter, or another index, hides are shown nowhere. Many more: `benchmarks/canaries.py`."""

import random
import uuid

import pytest

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.storage.postgres import reads
from tests.doubles.openai_server import OpenAIServer
from tests.integration.tenants.indexes import WordVectors, ask, by_vector_index, fill, model
from tests.integration.tenants.making import Tenants, random_filter

SMALL = 18


@pytest.mark.parametrize("means", ["words", "vectors", "vector index", "flags"])
def test_nothing_hidden_is_shown(
    dsn: str, openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, means: str
) -> None:
    if means == "flags":  # as where more than a few chunks are visible
        monkeypatch.setattr(reads, "_FEW", 1)
    made, other = Tenants(1, SMALL), Tenants(2, 6)
    embedder = None if means == "words" else WordVectors()
    name = f"tenants {uuid.uuid4().hex[:8]}"
    with (
        LightRAGIndex(name, database=dsn, llm=model(openai_server), embed_model=embedder) as index,
        LightRAGIndex(name.replace(" ", "-"), database=dsn, embed_model=embedder) as beside,
    ):
        try:
            fill(index, made)
            fill(beside, other)
            if means == "vector index":
                by_vector_index(index, dsn)
            asked, leaks, shown = ask(index, openai_server, made, others=[other], seed=3, times=40)
        finally:
            index.drop()
            beside.drop()
    assert leaks == []
    assert shown > 250, "what is visible is shown"
    assert len(asked) > 15


def test_the_watch_sees_what_is_shown() -> None:
    """The documents themselves are full of canaries, and each is hidden from somebody."""
    made = Tenants(1, SMALL)
    shown = " ".join(one.model_dump_json() for one in made.documents)
    assert made.held(shown) == len(made.carriers) > 10 * SMALL
    assert made.leaked(shown, made.visible(None)) == set()
    hidden = [made.leaked(shown, made.visible({"tenant": tenant})) for tenant in ("acme", "umbra")]
    assert len(set.union(*hidden)) > 0.9 * len(made.carriers)


def test_filters_hide_something_and_leave_something() -> None:
    made = Tenants(1, SMALL)
    shares = [len(made.visible(random_filter(random.Random(seed), made))) / len(made.metadata) for seed in range(300)]
    assert sum(0 < share < 1 for share in shares) > 240
