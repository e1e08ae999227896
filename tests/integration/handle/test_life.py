"""Making, opening, closing, copying a handle."""

import asyncio
import pickle
from pathlib import Path

import pytest

from lightrag_integrations import (
    ConfigurationError,
    ConnectionFailed,
    ConnectOptions,
    Document,
    HashEmbedder,
    IndexClosed,
    InputError,
    LightRAGError,
    LightRAGIndex,
)
from lightrag_integrations.protocols import ChatReply


def test_making_one_does_no_io(tmp_path: Path) -> None:
    LightRAGIndex("x", database="postgresql://nobody:secret@127.0.0.1:1/none")
    LightRAGIndex("x", database=tmp_path / "never made")
    assert not (tmp_path / "never made").exists()


def test_open_and_close_are_idempotent(make_index) -> None:
    index = make_index()
    index.open()
    index.open()
    assert index.status().documents == 0
    index.close()
    index.close()
    with pytest.raises(IndexClosed, match="make a new LightRAGIndex"):
        index.status()


async def test_async_life(make_index, documents) -> None:
    async with make_index() as index:
        report = await index.aingest(documents)
        assert report.documents == 3
        assert len((await index.aretrieve("Analytical Engine", k=2)).hits) == 2
    with pytest.raises(IndexClosed):
        await index.astatus()


def test_closing_an_unopened_handle(make_index) -> None:
    index = make_index()
    index.close()
    with pytest.raises(IndexClosed):
        index.status()


class OwnModel(HashEmbedder):
    """An embedder and a chat model at once, that counts how often it was closed."""

    name = "own"
    formats = ("text",)
    closed = 0

    async def chat(self, messages, *, format="text", schema=None, max_tokens=None) -> ChatReply:
        return ChatReply("Nothing is known.")

    async def stream(self, messages, *, max_tokens=None):
        yield "Nothing is known."

    async def aclose(self) -> None:
        self.closed += 1


def test_models_that_the_caller_made_stay_open(make_index) -> None:
    own = OwnModel()
    index = make_index(llm=own, embed_model=own)
    index.answer("Who designed the Analytical Engine?")
    index.close()
    assert own.closed == 0


async def test_the_session_stays_on_the_handles_own_loop(make_index) -> None:
    index = await make_index().aopen()
    # Opened on this loop, a second one would take the first one's place, and nobody would close that.
    for call in (index._live.session, index._live.store, index._live.status):
        with pytest.raises(LightRAGError, match="the handle's own loop"):
            await call()
    assert (await index.astatus()).documents == 0


def test_pickled_handles_open_again(make_index, documents) -> None:
    index = make_index()
    index.ingest(documents)
    with pickle.loads(pickle.dumps(index)) as copy:
        assert copy.name == index.name
        assert copy.status().documents == 3
    assert index.status().documents == 3


def test_nothing_secret_is_shown(dsn: str) -> None:
    index = LightRAGIndex("x", database="postgresql://me:hunter2@127.0.0.1:5/db?sslpassword=hunter2")
    shown = f"{index!r} {index.describe()} {index._settings!r} {index.options!r}"
    assert "hunter2" not in shown
    assert "127.0.0.1:5/db" in repr(index)
    assert "hunter2" not in repr(ConnectOptions(dsn="postgresql://me:hunter2@h/db"))


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "a\ud800", "x" * 513, None, 5])
def test_impossible_names_are_refused(name) -> None:
    with pytest.raises(InputError, match="index name"):
        LightRAGIndex(name)


@pytest.mark.parametrize("name", ["it's", 'a"b;drop schema public', "ü" * 200, "索引", "a b\tc", "a.b", "A", "a"])
def test_any_other_name_is_an_index_of_its_own(make_index, name: str) -> None:
    index = make_index(name)
    index.ingest([Document(id=name, text=f"Only for {name}.")])
    assert [status.id for status in index.documents.list()] == [name]


@pytest.mark.parametrize("database", ["mysql://x/y", 5, "", object()])
def test_unusable_databases_are_refused(database) -> None:
    with pytest.raises(ConfigurationError, match="database"):
        LightRAGIndex("x", database=database)


@pytest.mark.parametrize(
    "settings",
    [{"max_concurrency": 0}, {"extractor": object()}, {"reranker": object()}],
)
def test_unusable_settings_are_refused(settings) -> None:
    with pytest.raises(ConfigurationError):
        LightRAGIndex("x", **settings)


def test_a_failed_opening_is_tried_again(make_index, dsn: str) -> None:
    index = LightRAGIndex("x", database="postgresql://nobody:wrong@127.0.0.1:9/none")
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            index.status()
    index.close()


def test_calls_at_the_same_time_share_one_opening(make_index) -> None:
    index = make_index()

    async def many() -> set[str]:
        return {status.schema_name for status in await asyncio.gather(*(index.astatus() for _ in range(20)))}

    assert len(asyncio.run(many())) == 1
