"""A working directory that LightRAG 1.5.7 wrote comes over: what its graph holds, and who said it."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lightrag_integrations import Event, InputError, LightRAGDirectory, LightRAGIndex, Observer, OpenAIChatModel
from lightrag_integrations.errors import EmbeddingMismatch
from tests.doubles.openai_server import OpenAIServer
from tests.integration.handle.conftest import MakeIndex
from tests.integration.migrate.making import (
    GRAPHML,
    WordsEmbedder,
    assert_same_graph,
    lay_out_directory,
    lightrags_graph,
)

CACHE = "kv_store_llm_response_cache.json"
MODES = ("keyword", "vector", "local", "global", "hybrid", "graph", "mix")


def ids(home: Path) -> dict[str, str]:
    rows = json.loads((home / "kv_store_doc_status.json").read_text("utf-8"))
    return {row["file_path"]: key for key, row in rows.items()}


def test_the_graph_is_lightrags(directory: Path, make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    llm = OpenAIChatModel("m", base_url=openai_server.base_url, api_key="k")
    index = make_index(llm=llm, embed_model=WordsEmbedder())
    looked = index.import_from(LightRAGDirectory(path=directory), dry_run=True)
    assert index.status().documents == 0
    report = index.import_from(LightRAGDirectory(path=directory))
    assert_same_graph(index, lightrags_graph(directory))
    assert openai_server.requests == []
    assert index.verify() == []
    assert report.found == {"documents": 10, "chunks": 14, "entities": 20, "relations": 18, "cached answers": 24}
    # Seven files and the custom graph, and two statements made by hand; 13 chunks and those of the statements.
    assert (report.documents, report.chunks, report.entities, report.relations) == (10, 15, 20, 18)
    assert (report.by_hand, looked.by_hand) == (2, 2)
    assert (report.own_words, report.failed, report.model_calls, report.vectors_kept) == (12, 0, 0, 0)
    assert report.left_out == {"answers about names that the graph has not": 2, "documents that are not finished": 2}
    assert {name: number for name, number in report.changed.items() if "hand" in name or "summaries" in name} == {
        "summaries by a model, replaced by the descriptions they were made of": 1,
        "descriptions edited by hand, taken as they stand": 1,
        "entities and relations without a chunk, taken as statements made by hand": 2,
    }
    known = ids(directory)
    assert set(report.unfinished) == {known["broken.txt"], known["later.txt"]}
    assert "would not read it" in report.unfinished[known["broken.txt"]]
    assert looked.dry_run
    assert (looked.documents, looked.chunks, looked.found) == (report.documents, report.chunks, report.found)
    assert looked.embedding_tokens >= report.embedding_tokens > 0


def test_documents_and_chunks_are_lightrags(directory: Path, make_index: MakeIndex) -> None:
    index = make_index()
    index.import_from(LightRAGDirectory(path=directory))
    texts = json.loads((directory / "kv_store_full_docs.json").read_text("utf-8"))
    stored = {document.id: document for document in index.documents.list("processed")}
    for name, key in ids(directory).items():
        if name not in ("broken.txt", "later.txt"):
            assert stored[key].source == name
            assert index.documents.text(key) == texts[key]["content"]
    rows = json.loads((directory / "kv_store_text_chunks.json").read_text("utf-8"))
    hits = {hit.chunk_id: hit for hit in index.documents.chunks() if not hit.document_id.startswith("by-hand:")}
    assert set(hits) == {key for key, row in rows.items() if row["file_path"] != "broken.txt"}
    for key, hit in hits.items():
        row = rows[key]
        assert (hit.text, hit.position, hit.document_id) == (
            row["content"], row["chunk_order_index"], row["full_doc_id"],
        )  # fmt: skip
        if row["full_doc_id"] in texts:
            assert texts[row["full_doc_id"]]["content"][hit.start : hit.end] == hit.text
    assert stored["gjoa"].chunks == 1


def test_each_chunk_says_what_it_said(directory: Path, make_index: MakeIndex) -> None:
    """The merged description had lost who said what; a summary had lost what was said."""
    index = make_index()
    index.import_from(LightRAGDirectory(path=directory))
    known = ids(directory)
    fram, built = index.graph.entity("Fram"), index.graph.relation("Colin Archer", "Fram")
    assert fram is not None and built is not None
    assert "In short" not in fram.description
    assert "The Fram is a ship launched at Larvik in 1892." in fram.description
    assert [(fact.document_id, fact.description, fact.weight) for fact in built.facts] == [
        (known["fram.txt"], "Colin Archer designed the Fram.", 1.0),
        (known["archer.txt"], "Colin Archer built the Fram.", 1.0),
    ]
    oslo = index.graph.entity("Oslo")
    assert oslo is not None and oslo.description == "Oslo is the capital of Norway."
    # Two names were merged in LightRAG: what was said of the one is said of the other.
    nansen = index.graph.entity("Fridtjof Nansen")
    assert nansen is not None and "F. Nansen left the Fram in 1895 on skis." in nansen.description
    index.documents.delete([known["nansen.txt"]])
    nansen = index.graph.entity("Fridtjof Nansen")
    assert nansen is not None and "on skis" not in nansen.description
    assert index.graph.entity("Hjalmar Johansen") is None


@pytest.mark.parametrize("cached", [True, False])
def test_a_delete_takes_its_share(directory: Path, make_index: MakeIndex, cached: bool) -> None:
    """What is left is what a graph without the document would have been, with the answers or without."""
    if not cached:
        (directory / CACHE).unlink()
    index = make_index()
    report = index.import_from(LightRAGDirectory(path=directory))
    assert_same_graph(index, lightrags_graph(directory))
    assert report.own_words == (12 if cached else 0)
    index.documents.delete([ids(directory)["fram.txt"]])
    assert index.graph.entity("Otto Sverdrup") is None
    assert index.graph.entity("Arctic Ocean") is None
    larvik, built = index.graph.entity("Larvik"), index.graph.relation("Colin Archer", "Fram")
    assert larvik is not None and larvik.description == "Larvik is the birthplace of Colin Archer."
    assert built is not None and (built.weight, built.description) == (1.0, "Colin Archer built the Fram.")
    assert index.graph.relation("Fram", "Larvik") is None
    assert index.verify() == []


def test_importing_again_changes_nothing(directory: Path, make_index: MakeIndex) -> None:
    index = make_index(embed_model=WordsEmbedder())
    first = index.import_from(LightRAGDirectory(path=directory))
    before = index.dump()
    again = index.import_from(LightRAGDirectory(path=directory))
    assert (again.documents, again.unchanged, again.embedding_tokens) == (0, first.documents, 0)
    assert index.dump() == before


def test_all_modes_find_it(directory: Path, make_index: MakeIndex) -> None:
    index = make_index(embed_model=WordsEmbedder())
    index.import_from(LightRAGDirectory(path=directory), vectors="keep")
    known = ids(directory)
    for mode in MODES:
        result = index.retrieve("Who commanded the Fram during the drift in the Arctic Ocean?", mode=mode, k=4)
        assert known["fram.txt"] in {hit.document_id for hit in result.hits}, mode
        # The fixtures' embedder takes a sentence without spaces for one word: it knows whole texts only.
        asked = {"vector": "弗拉姆号由科林·阿彻设计。", "global": "科林·阿彻设计了弗拉姆号。"}.get(
            mode, "弗拉姆号由谁设计？"
        )
        found = index.retrieve(asked, mode=mode, k=4)
        assert known["南极.txt"] in {hit.document_id for hit in found.hits}, mode
    local = index.retrieve("Otto Sverdrup", mode="local", k=3)
    assert "Otto Sverdrup" in {entity.name for entity in local.entities}


def test_vectors_are_kept_when_they_fit(directory: Path, make_index: MakeIndex) -> None:
    embedder = WordsEmbedder()
    index = make_index(embed_model=embedder)
    report = index.import_from(LightRAGDirectory(path=directory), vectors="keep")
    assert report.vectors_kept == 13
    rows = json.loads((directory / "kv_store_text_chunks.json").read_text("utf-8"))
    asked = [row["content"] for row in rows.values() if row["content"] in embedder.texts]
    assert len(asked) == 5, "a few are embedded to compare, no more"
    chunk = next(key for key, row in rows.items() if row["file_path"] == "fram.txt")
    (made,) = index.embed([rows[chunk]["content"]])
    assert index.documents.vectors([chunk])[chunk] == pytest.approx(made, abs=2e-3)


@pytest.mark.parametrize("model", [WordsEmbedder(32), WordsEmbedder(16, "other")])
def test_vectors_of_another_model_are_refused(directory: Path, make_index: MakeIndex, model: WordsEmbedder) -> None:
    index = make_index(embed_model=model)
    with pytest.raises(InputError, match=r"name the model .* --embed"):
        index.import_from(LightRAGDirectory(path=directory), vectors="keep")
    assert index.status().documents == 0
    index.import_from(LightRAGDirectory(path=directory))
    assert index.status().embedding == model.fingerprint
    with LightRAGIndex(index.name, database=index._settings.database) as words, pytest.raises(EmbeddingMismatch):
        words.import_from(LightRAGDirectory(path=directory))


def test_texts_that_lightrag_did_not_finish(directory: Path, make_index: MakeIndex) -> None:
    index = make_index()
    report = index.import_from(LightRAGDirectory(path=directory), unfinished="ingest")
    assert report.documents == 12
    assert "documents that are not finished" not in report.left_out
    assert (
        index.documents.text(ids(directory)["later.txt"]) == "The Gauss was built at Kiel and froze in near Antarctica."
    )
    kiel = index.graph.entity("Kiel")
    assert kiel is not None and kiel.document_ids == (ids(directory)["later.txt"],)


async def test_asynchronously(directory: Path, make_index: MakeIndex) -> None:
    index = make_index()
    report = await index.aimport_from(LightRAGDirectory(path=directory.parent, workspace=directory.name))
    assert report.documents == 10
    assert await index.graph.aentity("Otto Sverdrup") is not None
    await index.aclose()


class Cancels(Observer):
    """Cancels a task at the first event of a kind."""

    def __init__(self, kind: str) -> None:
        self.seen: list[str] = []
        self.cancel: Callable[[], object] = lambda: None
        self._kind = kind

    def on_event(self, event: Event) -> None:
        self.seen.append(event.kind)
        if event.kind == self._kind:
            self.cancel()


async def test_broken_off_and_begun_again(
    directory: Path, make_index: MakeIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Wherever it is cancelled, nothing half-written is left, and the next import completes it."""
    (tmp_path / "spools").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spools"))
    loop = asyncio.get_running_loop()
    index = await make_index(embed_model=WordsEmbedder()).aopen()
    for kind in ("", "accepted", "embedded"):
        cancels = Cancels(kind)
        running = asyncio.create_task(index.aimport_from(LightRAGDirectory(path=directory), observer=cancels))
        cancels.cancel = partial(loop.call_soon_threadsafe, running.cancel)
        if not kind:
            loop.call_later(0.005, running.cancel)
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not kind or kind in cancels.seen
        assert await index.averify() == []
        assert not os.listdir(tmp_path / "spools")
    report = await index.aimport_from(LightRAGDirectory(path=directory))
    assert report.documents + report.unchanged == 10
    assert {one.status for one in await index.documents.alist()} == {"processed"}
    assert await index.averify() == []
    await index.aclose()


def test_a_graph_kept_elsewhere(directory: Path, make_index: MakeIndex) -> None:
    """Where Neo4j and the like hold the graph, what is embedded of it says the same; types come from the answers."""
    theirs = lightrags_graph(directory)
    (directory / GRAPHML).unlink()
    index = make_index()
    report = index.import_from(LightRAGDirectory(path=directory))
    read = (
        "entities and relations read from what was embedded of them: types are those of the cached answers, weights "
        "are numbers of chunks"
    )
    untyped = "entities without a type, as no cached answer tells it"
    assert report.changed[read] == 38
    ours = index.graph.to_networkx()
    entities = [index.graph.entity(name) for name in ours.nodes]
    assert report.changed[untyped] == sum(not entity.type for entity in entities if entity is not None) < 20
    assert set(ours.nodes) == set(theirs.nodes)
    assert {frozenset(edge) for edge in ours.edges} == {frozenset(edge) for edge in theirs.edges}
    (directory / CACHE).unlink()
    assert index.import_from(LightRAGDirectory(path=directory), dry_run=True).changed[untyped] == 20
    (directory / "vdb_entities.json").unlink()
    with pytest.raises(InputError, match="so no graph"):
        index.import_from(LightRAGDirectory(path=directory))


def test_an_older_version(make_index: MakeIndex, tmp_path: Path) -> None:
    """1.4.0: answers and summaries in another form, no lists of all chunks, vectors in one matrix only."""
    home = tmp_path / "old"
    lay_out_directory(home, "1_4_0")
    index = make_index(embed_model=WordsEmbedder())
    report = index.import_from(LightRAGDirectory(path=home), vectors="keep")
    assert_same_graph(index, lightrags_graph(home))
    assert (report.documents, report.chunks, report.own_words, report.vectors_kept) == (7, 12, 12, 12)
    assert report.left_out == {}
    assert report.changed == {"summaries by a model, replaced by the descriptions they were made of": 1}
    rows = json.loads((home / "kv_store_text_chunks.json").read_text("utf-8"))
    kept = index.documents.vectors(list(rows))
    for key, row in rows.items():
        assert kept[key] == pytest.approx(index.embed([row["content"]])[0], abs=2e-3)
    index.documents.delete([ids(home)["fram.txt"]])
    assert index.graph.entity("Otto Sverdrup") is None
    built = index.graph.relation("Colin Archer", "Fram")
    assert built is not None and (built.weight, built.description) == (3.0, "Colin Archer built the Fram.")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def scramble(path: Path) -> None:
    path.write_bytes(b"\xff\xfe not what it was")


@pytest.mark.parametrize("spoil", [truncate, scramble])
def test_a_broken_file_is_found_before_anything_is_written(
    directory: Path, make_index: MakeIndex, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    index = make_index(embed_model=WordsEmbedder())
    read = [*directory.glob("kv_store_*.json"), directory / "vdb_chunks.json", directory / GRAPHML]
    for place, path in enumerate(
        one for one in read if "_full_entities" not in one.name and "_full_rel" not in one.name
    ):
        spoilt = tmp_path / f"spoilt-{place}"
        shutil.copytree(directory, spoilt)
        spoil(spoilt / path.name)
        with pytest.raises(InputError, match=path.name):
            index.import_from(LightRAGDirectory(path=spoilt), vectors="keep")
    assert index.status().documents == 0


def test_what_is_no_directory_of_lightrag(directory: Path, make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index()
    with pytest.raises(InputError, match="there are workspaces 'rag_storage': name one"):
        index.import_from(LightRAGDirectory(path=tmp_path))
    with pytest.raises(InputError, match="nowhere is not there; expected a working directory"):
        index.import_from(LightRAGDirectory(path=tmp_path / "nowhere"))
    with pytest.raises(InputError, match="has no workspace 'other'; there are workspaces 'rag_storage': name one"):
        index.import_from(LightRAGDirectory(path=tmp_path, workspace="other"))
    with pytest.raises(InputError, match="is not a directory"):
        index.import_from(LightRAGDirectory(path=directory / GRAPHML))
    with pytest.raises(InputError, match="expected one of"):
        index.import_from(LightRAGDirectory(path=directory), vectors="maybe")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected one of LightRAGDirectory"):
        index.import_from(directory)  # type: ignore[arg-type]
