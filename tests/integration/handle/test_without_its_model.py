"""A handle that lacks the index's embedding model says so."""

import logging

import pytest

from lightrag_integrations import EmbeddingMismatch, HashEmbedder, LightRAGIndex


class Shifted(HashEmbedder):
    """Not the one that handles have by default."""

    lexical = False

    def __init__(self) -> None:
        super().__init__(64)
        self.fingerprint = "shifted-64"


def test_it_is_warned_once(make_index, documents, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "lightrag_integrations")
    first = make_index(embed_model=Shifted())
    first.ingest(documents)
    make_index(first.name, embed_model=Shifted()).retrieve("Who designed the Analytical Engine?")
    assert caplog.messages == []
    blind = make_index(first.name)
    blind.status()
    assert caplog.messages == [], "only a search misses them"
    for mode in ("mix", "graph", "local", "global", "hybrid"):
        assert len(blind.retrieve("Who designed the Analytical Engine?", mode=mode, k=3).hits) == 3
    with pytest.raises(EmbeddingMismatch):
        blind.retrieve("Who designed the Analytical Engine?", mode="vector")
    (message,) = (text for text in caplog.messages if "embed_model=" in text)
    assert first.name in message and "'shifted-64'" in message and "embed_model=" in message


async def test_a_dimension_that_the_recorded_model_cannot_have_is_named(make_index, documents) -> None:
    # As written by handles that took whatever vectors came with the first chunks.
    index = make_index()
    await index._live.arun(lambda: checked(index, "hash/1/1024", 16))
    (problem,) = await index.averify()
    assert "dimension 16" in problem and "'hash/1/1024', which makes 1024" in problem and "reembed" in problem
    await index.areembed(HashEmbedder(64))
    assert await index.averify() == []
    await index.aingest(documents)
    assert (await index.aretrieve("Ada", mode="vector")).hits


async def checked(index: LightRAGIndex, model: str, dimension: int) -> None:
    await (await index._live.store()).check_embedding(model, dimension)
