"""Stores that somebody else spoils, that two handles fill at once, and that bear one call at a time."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from llama_index.core.graph_stores import SimplePropertyGraphStore
from llama_index.core.graph_stores.types import EntityNode
from llama_index.core.vector_stores import SimpleVectorStore

from lightrag_integrations import Document
from lightrag_integrations.llama_index.graph_mirror import LlamaGraph
from lightrag_integrations.mirrored import DocumentItem
from tests.stores.contract import QUESTION, Hands, articles
from tests.stores.test_mirrors import Shelf, Stuck, many


def test_what_somebody_else_spoilt_is_mended_once_it_is_found(hands: Hands) -> None:
    vectors, graph, shelf = SimpleVectorStore(), SimplePropertyGraphStore(), Shelf()
    index = hands.with_stores(vectors=vectors, graph=graph, documents=shelf)
    index.ingest([*articles(), *many(40)])
    kept = sorted(vectors.data.metadata_dict, key=lambda one: str(vectors.data.metadata_dict[one]["chunk_id"]))
    vectors.delete_nodes([kept[len(kept) // 2]])
    del vectors.data.embedding_dict[kept[len(kept) // 3]]
    shelf.kept["d020"] = replace(shelf.kept["d020"], hash="other")
    names = sorted(name for name, node in graph.graph.nodes.items() if isinstance(node, EntityNode))
    LlamaGraph(graph).remove([names[len(names) // 2]])
    assert {line.split(":")[0] for line in index.mirror.verify()} == {"vectors", "graph", "documents"}
    assert index.mirror.sync().failed == {}
    assert index.mirror.verify() == [] and vectors.data.embedding_dict.keys() == set(kept)


def test_a_dropped_index_leaves_nothing_in_its_stores(hands: Hands) -> None:
    vectors, graph, shelf = SimpleVectorStore(), SimplePropertyGraphStore(), Shelf()
    index = hands.with_stores(vectors=vectors, graph=graph, documents=shelf)
    index.ingest(articles())
    shelf.kept["mine"] = shelf.kept["lorne"]
    index.drop()
    assert (vectors.data.metadata_dict, graph.graph.nodes, graph.graph.triplets) == ({}, {}, set())
    assert [*shelf.kept] == ["mine"]


class Crossing(Shelf):
    """Two syncs at once: the first one's documents arrive last, but are written down first."""

    def __init__(self) -> None:
        super().__init__()
        self.first_reads, self.second_puts, self.first_done = (threading.Event() for _ in range(3))

    def put(self, items: Sequence[DocumentItem]) -> None:
        if items[0].text == "new":
            super().put(items)
            self.second_puts.set()
            self.first_done.wait(20)
        else:
            self.first_reads.set()
            self.second_puts.wait(20)
            self.kept.update({item.id: item for item in items})


def test_two_syncs_at_once_leave_nothing_stale_for_ever(hands: Hands) -> None:
    shelf = Crossing()
    one, two = (hands.with_stores(documents=shelf, automatic=False) for _ in range(2))
    one.ingest([Document(id="a", text="old")])

    def first() -> None:
        one.mirror.sync()
        shelf.first_done.set()

    thread = threading.Thread(target=first)
    thread.start()
    assert shelf.first_reads.wait(20)
    two.ingest([Document(id="a", text="new")])
    two.mirror.sync()
    thread.join()
    two.mirror.sync()
    assert (shelf.kept["a"].text, two.mirror.verify()) == ("new", [])


def test_a_store_for_one_call_at_a_time_never_gets_two(hands: Hands) -> None:
    stuck = Stuck()
    index = hands.with_stores(vectors=stuck, search_timeout_s=0.05, threads=1)
    index.ingest(articles())
    for _ in range(3):
        assert len(index.retrieve(QUESTION, mode="vector", k=3).hits) == 3
    assert stuck.asked == 1
    stuck.released.set()
