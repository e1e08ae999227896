"""The record manager: the contract that LangChain tests its own with, and what being in the index adds."""

import inspect
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from langchain_core.documents import Document
from langchain_core.indexing import RecordManager, aindex, index
from psycopg import sql

from lightrag_integrations import Document as LightRAGDocument
from lightrag_integrations import InputError, LightRAGIndex
from lightrag_integrations.langchain import LightRAGRecordManager, LightRAGVectorStore
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat

Call = Callable[..., Awaitable[Any]]
RecordsOf = Callable[[str], Call]


@pytest.fixture(params=["blocking", "asynchronous"])
def call(request: pytest.FixtureRequest, index: LightRAGIndex) -> RecordsOf:
    """Calls of a manager of this namespace by name, through one of the two forms of every method."""

    def of(namespace: str) -> Call:
        manager = LightRAGRecordManager(index, namespace=namespace)

        async def do(name: str, *args: Any, **kwargs: Any) -> Any:
            if request.param == "asynchronous":
                return await getattr(manager, f"a{name}")(*args, **kwargs)
            return getattr(manager, name)(*args, **kwargs)

        return do

    return of


async def test_the_contract(call: RecordsOf) -> None:
    do = call("one")
    await do("create_schema")
    await do("create_schema")
    assert await do("list_keys") == [] and await do("exists", ["a"]) == [False]
    start = await do("get_time")
    await do("update", ["a", "b"], group_ids=["x", None])
    between = await do("get_time")
    assert start < between
    await do("update", ["c", "a", "c"], group_ids=["y", "z", "x"])
    assert await do("exists", ["c", "missing", "a", "b"]) == [True, False, True, True]
    assert await do("list_keys") == ["b", "a", "c"]
    assert await do("list_keys", before=between) == ["b"]
    assert await do("list_keys", after=between) == ["a", "c"]
    assert await do("list_keys", after=between, before=between) == []
    assert await do("list_keys", group_ids=["x"]) == ["c"]
    assert await do("list_keys", group_ids=["z", "x", "z", "none"]) == ["a", "c"]
    assert await do("list_keys", group_ids=["z", "x"], before=between) == []
    assert await do("list_keys", limit=2) == ["b", "a"]
    await do("update", [])
    await do("delete_keys", ["a", "missing"])
    await do("delete_keys", [])
    assert await do("list_keys") == ["b", "c"]


async def test_namespaces_are_apart(call: RecordsOf) -> None:
    one, other = call("one"), call("other")
    await one("update", ["a"], group_ids=["x"])
    await other("update", ["a", "b"], group_ids=["y", "x"])
    assert await one("list_keys") == ["a"] and await one("list_keys", group_ids=["y"]) == []
    await one("delete_keys", ["a", "b"])
    assert (await one("list_keys"), await other("list_keys")) == ([], ["a", "b"])


async def test_a_clock_that_is_behind_is_refused_and_nothing_written(call: RecordsOf) -> None:
    do = call("one")
    await do("update", ["a"], time_at_least=await do("get_time"))
    ahead = await do("get_time") + 3600
    with pytest.raises(ValueError, match=r"time_at_least: got .* but the server's clock is at"):
        await do("update", ["a", "b"], time_at_least=ahead)
    assert await do("list_keys") == ["a"]
    for keys, fields in (
        (["a"], {"group_ids": ["x", "y"]}),
        (["a\x00"], {}),
        (["k" * 1025], {}),
        (["a"], {"time_at_least": float("nan")}),
    ):
        with pytest.raises(ValueError, match="expected"):
            await do("update", keys, **fields)
    for fields in ({"limit": 0}, {"before": "yesterday"}, {"group_ids": 3}):
        with pytest.raises(InputError, match="expected"):
            await do("list_keys", **fields)


async def test_refreshed_records_keep_their_groups(call: RecordsOf) -> None:
    """`index` refreshes what is unchanged without its groups first: a crash then must not lose them."""
    do = call("one")
    await do("update", ["a"], group_ids=["x" * 5000])
    await do("update", ["a"])
    assert await do("list_keys", group_ids=["x" * 5000]) == ["a"]


def test_every_method_has_its_twin() -> None:
    abstract = RecordManager.__abstractmethods__
    assert abstract and all(name in vars(LightRAGRecordManager) for name in abstract)
    assert all(inspect.iscoroutinefunction(getattr(LightRAGRecordManager, f"a{name}")) for name in abstract
               if f"a{name}" in abstract)  # fmt: skip
    with pytest.raises(InputError, match="namespace"):
        LightRAGRecordManager(LightRAGIndex("never-opened"), namespace="")


def loaded(second: str) -> list[Document]:
    return [
        Document("Mira Halden designed the Corvane Bridge.", metadata={"source": "a"}),
        Document(second, metadata={"source": "a"}),
        Document("The Corvane Bridge is near Port Lorne.", metadata={"source": "b"}),
    ]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_chunk_that_goes_takes_its_facts_along(make_index: MakeIndex, asynchronous: bool) -> None:
    chat = WordChat()
    handle = make_index(llm=chat)
    store = LightRAGVectorStore(index=handle, build_graph=True)
    manager = LightRAGRecordManager(handle, namespace="notes")

    async def sync(documents: list[Document], cleanup: Any) -> tuple[int, ...]:
        settings: dict[str, Any] = {"cleanup": cleanup, "source_id_key": "source", "key_encoder": "blake2b"}
        if asynchronous:
            result = await aindex(documents, manager, store, **settings)
        else:
            result = index(documents, manager, store, **settings)
        return result["num_added"], result["num_updated"], result["num_skipped"], result["num_deleted"]

    with_edda = loaded("Mira Halden studied with Edda Quill.")
    assert await sync(with_edda, "incremental") == (3, 0, 0, 0)
    assert handle.graph.relation("Mira Halden", "Edda Quill") is not None
    calls = len(chat.kinds)
    for cleanup in ("incremental", "scoped_full", "full", None):
        assert await sync(with_edda, cleanup) == (0, 0, 3, 0), cleanup
    assert len(chat.kinds) == calls == 3

    with_otto = loaded("Mira Halden likes Otto Varga.")
    assert await sync(with_otto, "incremental") == (1, 0, 2, 1)
    assert len(chat.kinds) == calls + 1
    assert handle.graph.entity("Edda Quill") is None
    mira = handle.graph.entity("Mira Halden")
    assert mira is not None and (mira.mentions, mira.degree) == (2, 2)

    # What only one source says goes with it; the other source's chunks stay where `scoped_full` does not look.
    assert await sync(loaded("Mira Halden likes Edda Quill.")[1:2], "scoped_full") == (1, 0, 0, 2)
    assert handle.graph.entity("Otto Varga") is None
    assert handle.graph.relation("Corvane Bridge", "Port Lorne") is not None
    assert await sync(with_edda[2:], None) == (0, 0, 1, 0)
    assert await sync([], "full") == (0, 0, 0, 2)
    state = handle.status()
    assert (state.chunks, state.documents, state.entities, state.facts) == (0, 0, 0, 0)
    assert manager.list_keys() == [] and handle.verify() == []


class Crashing(LightRAGRecordManager):
    """The program dies after the documents were stored."""

    def update(self, *args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt


def test_a_run_that_died_is_done_again_and_paid_once(make_index: MakeIndex) -> None:
    chat = WordChat()
    handle = make_index(llm=chat)
    store = LightRAGVectorStore(index=handle, build_graph=True)
    settings: dict[str, Any] = {"cleanup": "full", "key_encoder": "sha512"}
    documents = loaded("Mira Halden likes Otto Varga.")
    with pytest.raises(KeyboardInterrupt):
        index(documents, Crashing(handle), store, **settings)
    stored = handle.dump()
    manager = LightRAGRecordManager(handle)
    assert index(documents, manager, store, **settings)["num_added"] == 3
    assert len(manager.list_keys()) == len(chat.kinds) == 3
    assert [line for line in handle.dump().splitlines() if '"record":' not in line] == stored.splitlines()


def test_what_is_deleted_otherwise_is_added_again(make_index: MakeIndex) -> None:
    handle = make_index()
    store = LightRAGVectorStore(index=handle)
    managers = [LightRAGRecordManager(handle, namespace=name) for name in ("notes", "others")]
    settings: dict[str, Any] = {"cleanup": "full", "key_encoder": "sha256"}
    documents = loaded("Mira Halden likes Otto Varga.")
    for manager in managers:
        index(documents, manager, store, **settings)
    keys = managers[0].list_keys()
    store.delete(keys[:1])
    handle.documents.delete(keys[1:2])
    assert [manager.exists(keys) for manager in managers] == [[False, False, True]] * 2
    assert index(documents, managers[0], store, **settings)["num_added"] == 2
    # What is replaced under its id was not deleted; by other chunks of its document, it was.
    store.add_documents([documents[0]], ids=[keys[2]])
    assert managers[0].exists(keys) == [True] * 3
    handle.ingest(LightRAGDocument(id=keys[2], text="Chunks of a document that is split have other ids."))
    assert managers[0].exists(keys) == [True, True, False]


def test_records_live_and_die_with_the_index(index: LightRAGIndex, dsn: str) -> None:
    manager = LightRAGRecordManager(index)
    empty = index.dump()
    manager.update(["a"], group_ids=["x"])
    assert index.dump() == empty + '{"group":"x","namespace":"default","record":"a"}\n'
    assert index.status().sizes["records"] > 0 and index.verify() == []
    record = sql.Identifier(index.status().schema_name, "record")
    with psycopg.connect(dsn) as connection:
        connection.execute(sql.SQL("UPDATE {} SET updated_at = updated_at + 9999").format(record))
    (problem,) = index.verify()
    assert problem.startswith("records written after now, by a clock that was ahead: 1 (a)")
    assert index.repair().left == () and index.verify() == []
    copy = pickle.loads(pickle.dumps(manager))
    assert copy.list_keys(before=copy.get_time()) == ["a"]
    copy.index.close()
    index.drop()
    assert manager.list_keys() == []
