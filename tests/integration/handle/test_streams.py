"""A list is taken as a whole; an iterator in portions, each stored before the next is read."""

import threading
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import pytest

from lightrag_integrations import (
    ChunkEntity,
    ChunkGraph,
    Document,
    IndexOptions,
    IngestOptions,
    InputError,
    LightRAGIndex,
)
from lightrag_integrations.providers import documents as portions
from tests.integration.handle.conftest import MakeIndex

TENANT: ContextVar[str] = ContextVar("tenant")


@dataclass
class Node:
    """As LlamaIndex makes them."""

    node_id: str
    ref_doc_id: str
    text: str
    embedding: None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def get_content(self, metadata_mode: str = "none") -> str:
        return self.text


def letters(count: int, names: str) -> Iterator[Document]:
    for number in range(count):
        yield Document(id=f"{names}{number:05}", text=f"Letter {number} from Ada to Bob.")


def test_an_iterator_is_stored_in_portions_and_read_in_the_callers_thread(make_index: MakeIndex) -> None:
    seen: list[int] = []

    def read(index: LightRAGIndex) -> Iterator[Document]:
        for place, one in enumerate(letters(2100, "a")):
            assert threading.current_thread() is threading.main_thread()
            if place == 2001:
                seen.append(index.status().documents)  # one is read ahead; those before are stored
            yield one

    with make_index() as index:
        report = index.ingest(read(index))
        assert seen == [2000]
        assert (report.documents, report.failed, len(report.document_ids)) == (2100, 0, 2100)
        assert index.ingest(letters(2100, "a")).unchanged == 2100


async def test_what_one_portion_brings_stays_when_the_next_is_bad(make_index: MakeIndex) -> None:
    def bad() -> Iterator[Any]:
        yield from letters(2000, "b")
        yield Document(id="empty")

    async with make_index() as index:
        with pytest.raises(InputError, match=r"2000 documents of this stream are stored; next came: .*empty") as caught:
            await index.aingest(bad())
        assert len(caught.value.problems) == 1
        with pytest.raises(InputError, match="nothing was written"):
            await index.aingest([*letters(2, "c"), Document(id="empty")])
        assert {one.id[0] for one in await index.documents.alist()} == {"b"}


async def test_an_iterator_sees_the_callers_context_variables(make_index: MakeIndex) -> None:
    def tagged() -> Iterator[Document]:
        for one in letters(2001, "t"):
            yield one.model_copy(update={"metadata": {"tenant": TENANT.get("nobody")}})

    TENANT.set("north")
    async with make_index() as index:
        await index.aingest(tagged())
        assert {one.metadata["tenant"] for one in await index.documents.alist()} == {"north"}


def test_nodes_of_a_document_stay_together_or_are_refused(make_index: MakeIndex) -> None:
    def nodes(*, again: bool) -> Iterator[Any]:
        yield from letters(1999, "d")
        for number in range(3):
            yield Node(f"n{number}", "whole", f"Part {number} is by Ada.")
        yield Node("other", "next", "Bob came.")
        if again:
            yield Node("late", "whole", "Too late.")

    with make_index() as index:
        index.ingest(nodes(again=False))
        assert [one.chunks for one in index.documents.list() if one.id == "whole"] == [3]
        with pytest.raises(InputError, match="a node of document 'whole', whose others came earlier"):
            index.ingest(nodes(again=True))


@pytest.mark.parametrize("size", [1, 3])
def test_a_stream_tells_of_its_documents_as_a_list_does(
    make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(portions, "_PORTION_DOCUMENTS", size)
    said = "Letter from Ada to Bob."
    twice = [Document(id="e", text=said), Document(text=said), Document(id="bad"), Document()]
    given = [*twice, Document(id="f", text=said), *twice, Document(id="e", text="Another letter.")]
    skipping = IngestOptions(on_invalid="skip")
    with make_index() as index:
        whole = index.ingest(given, options=skipping)
        kept = index.dump()
        index.drop()
        streamed = index.ingest(iter(given), options=skipping)
        assert index.dump() == kept
        timeless = {"seconds": 0.0}
        assert streamed.model_copy(update=timeless) == whole.model_copy(update=timeless)
        assert (whole.documents, whole.unchanged, whole.failed, len(whole.document_ids)) == (3, 1, 6, 3)
        with pytest.raises(InputError, match=r"document 3 \('e'\): the id 'e' occurs twice"):
            index.ingest(one for one in given if one.text)


def test_without_vectors_words_and_graph_still_find(make_index: MakeIndex) -> None:
    bare = IngestOptions(embed=False)
    with make_index() as index:
        index.ingest([Document(id="fram", text="The Fram was built by Colin Archer.")], options=bare)
        assert index.status().dimension is None
        assert [hit.document_id for hit in index.retrieve("Who built the Fram?").hits] == ["fram"]
        assert [hit.document_id for hit in index.retrieve("Fram", mode="vector").hits] == ["fram"]
        assert index.verify() == []
        # Another manner: done again, with vectors.
        again = index.ingest([Document(id="fram", text="The Fram was built by Colin Archer.")])
        assert (again.documents, index.status().dimension) == (1, 1024)


class Refusing:
    """An embedding model that nobody is to ask."""

    fingerprint = "refusing"

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        raise AssertionError(f"asked for {len(texts)} vectors")


def test_a_handle_that_makes_no_vectors_makes_none_for_what_is_added_to_chunks(make_index: MakeIndex) -> None:
    options = IndexOptions(ingest=IngestOptions(embed=False))
    with make_index(embed_model=Refusing(), options=options) as index:
        index.ingest([Document(id="fram", text="The Fram was built by Colin Archer.")])
        index.graph.contribute({"fram#0": ChunkGraph(entities=[ChunkEntity(name="Larvik", type="town")])})
        assert [node.name for node in index.graph.nodes(["Larvik"])] == ["Larvik"]
