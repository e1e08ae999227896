"""Every mode through the handle: exactly k, the same for every history, nothing hidden shown, evidence that adds up."""

import random
from collections.abc import Iterator

import pytest

from lightrag_integrations import Document, LightRAGIndex, RetrievalResult

MODES = ("keyword", "vector", "naive", "local", "global", "hybrid", "graph", "mix")
FILLING = tuple(mode for mode in MODES if mode != "keyword")
QUESTION = "In which town was the designer of the ship of Roald Amundsen born?"
TOWNS = ("Larvik", "Bergen", "Hobart", "Madeira", "Dundee", "Oslo")


def corpus() -> list[Document]:
    """A chain of three, a canary that only other readers may see, and a dozen that have little to do with it."""
    told = [
        Document(id="amundsen", title="Roald Amundsen", text="Roald Amundsen sailed for the Antarctic in the Fram."),
        Document(id="fram", title="Fram", text="The Fram is a polar ship. She was designed by Colin Archer."),
        Document(id="archer", title="Colin Archer", text="Colin Archer came into the world at Larvik in 1832."),
        Document(
            id="secret",
            title="Zanzibarix",
            text="Zanzibarix knew that Colin Archer designed the Fram for Roald Amundsen in the town of Quuxville.",
            metadata={"level": "secret"},
        ),
    ]
    others = [
        Document(
            id=f"other-{n}", title=f"Harbour {n}", text=f"Harbour {n} lies near {TOWNS[n % 6]}, and pilots live there."
        )
        for n in range(12)
    ]
    return [
        document.model_copy(update={"metadata": {"level": "open", **document.metadata}})
        for document in (*told, *others)
    ]


@pytest.fixture(scope="module")
def index(dsn: str) -> Iterator[LightRAGIndex]:
    with LightRAGIndex("modes", database=dsn) as made:
        made.ingest(corpus())
        yield made
        made.drop()


def shown(result: RetrievalResult) -> str:
    return result.model_dump_json()


@pytest.mark.parametrize("mode", FILLING)
@pytest.mark.parametrize("question", [QUESTION, "qwertz asdf", "pilots"])
def test_exactly_k(index: LightRAGIndex, mode: str, question: str) -> None:
    for k in (1, 3, 16, 40):
        hits = index.retrieve(question, mode=mode, k=k).hits
        assert len(hits) == min(k, 16)
        assert len({hit.chunk_id for hit in hits}) == len(hits)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_keyword_returns_matching_chunks_only(index: LightRAGIndex) -> None:
    assert {hit.document_id for hit in index.retrieve("Larvik", mode="keyword", k=40).hits} == {
        "archer", "other-0", "other-6",
    }  # fmt: skip
    assert index.retrieve("qwertz asdf", mode="keyword").hits == ()


@pytest.mark.parametrize("mode", MODES)
def test_parts_add_up_to_the_score(index: LightRAGIndex, mode: str) -> None:
    for hit in index.retrieve(QUESTION, mode=mode, k=16, explain=True).hits:
        assert hit.evidence.parts
        assert sum(hit.evidence.parts.values()) == pytest.approx(hit.score, abs=1e-9)


@pytest.mark.parametrize("mode", ["graph", "mix"])
def test_the_chain_is_found_and_explained(index: LightRAGIndex, mode: str) -> None:
    visible = {"level": "open"}
    result = index.retrieve(QUESTION, mode=mode, k=4, explain=True, filter=visible)
    ids = [hit.document_id for hit in result.hits]
    assert {"amundsen", "fram", "archer"} <= set(ids)
    archer = result.hits[ids.index("archer")]
    assert archer.evidence.path[-1] == archer.chunk_id
    assert len(archer.evidence.path) > 1
    assert "Colin Archer" in archer.evidence.entities
    assert archer.evidence.facts
    assert all(fact.document_id and fact.end > fact.start for fact in archer.evidence.facts)
    by_words = index.retrieve(QUESTION, mode="keyword", k=16, filter=visible).hits
    assert "archer" not in {hit.document_id for hit in by_words[:2]}


@pytest.mark.parametrize("mode", ["local", "global", "hybrid", "graph", "mix"])
def test_what_is_near_the_question_is_reported(index: LightRAGIndex, mode: str) -> None:
    result = index.retrieve(QUESTION, mode=mode, k=4)
    assert "Roald Amundsen" in {entity.name for entity in result.entities}
    assert result.relations
    assert all(relation.facts for relation in result.relations)


@pytest.mark.parametrize("mode", MODES)
def test_hidden_documents_leave_no_trace(index: LightRAGIndex, mode: str) -> None:
    options = {"mode": mode, "k": 16, "explain": True, "context": True}
    seen = shown(index.retrieve(f"{QUESTION} Zanzibarix Quuxville", filter={"level": "open"}, **options))
    hidden = seen.replace(f"{QUESTION} Zanzibarix Quuxville", "")
    assert "Quuxville" not in hidden
    assert "Zanzibarix" not in hidden
    assert "Zanzibarix" in shown(index.retrieve(QUESTION, **options))


@pytest.mark.parametrize("mode", MODES)
def test_a_filter_equals_an_index_of_what_it_shows(index: LightRAGIndex, make_index, mode: str) -> None:
    alone = make_index()
    alone.ingest([document for document in corpus() if document.metadata["level"] == "open"])
    options = {"mode": mode, "k": 15, "explain": True, "context": True}
    assert shown(index.retrieve(QUESTION, filter={"level": "open"}, **options)) == shown(
        alone.retrieve(QUESTION, **options)
    )


def test_history_does_not_matter(index: LightRAGIndex, make_index) -> None:
    other = make_index()
    documents = corpus()
    random.Random(7).shuffle(documents)
    other.ingest(documents[:9])
    other.ingest(
        [Document(id="fram", text="Something else entirely, about Bergen."), Document(id="gone", text="Oslo.")]
    )
    other.documents.delete(["gone", documents[2].id])
    other.compact()
    for document in documents:
        other.ingest(document)
    assert other.dump() == index.dump()
    for mode in MODES:
        options = {"mode": mode, "k": 16, "explain": True, "context": True}
        assert shown(other.retrieve(QUESTION, **options)) == shown(index.retrieve(QUESTION, **options)), mode


@pytest.mark.parametrize("mode", ["graph", "mix"])
def test_equal_texts_are_set_back(make_index, mode: str) -> None:
    index = make_index()
    twins = [Document(id=f"twin-{n}", title="Fram", text="The Fram was designed by Colin Archer.") for n in range(3)]
    index.ingest([*twins, Document(id="archer", title="Colin Archer", text="Colin Archer came from Larvik.")])
    assert [hit.document_id for hit in index.retrieve("Who designed the Fram?", mode=mode, k=2).hits][1] == "archer"
    assert len(index.retrieve("Who designed the Fram?", mode=mode, k=4).hits) == 4


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_index(make_index, mode: str) -> None:
    result = make_index().retrieve(QUESTION, mode=mode, explain=True, context=True)
    assert (result.hits, result.entities, result.relations) == ((), (), ())


def test_chinese(make_index) -> None:
    index = make_index()
    index.ingest(
        [
            Document(id="ship", title="前进号", text="前进号是一艘极地探险船，由科林·阿彻设计。"),
            Document(id="man", title="科林·阿彻", text="科林·阿彻出生于拉尔维克，是著名的造船师。"),
            Document(id="tea", title="茶", text="茶是一种饮料，起源于中国。"),
        ]
    )
    assert index.retrieve("造船师", mode="keyword", k=1).hits[0].document_id == "man"
    assert {hit.document_id for hit in index.retrieve("前进号的设计者出生在哪里？", k=2).hits} == {"ship", "man"}


def test_bypass_finds_nothing(index: LightRAGIndex) -> None:
    assert index.retrieve(QUESTION, mode="bypass").hits == ()


def test_keywords_of_the_caller(index: LightRAGIndex) -> None:
    result = index.retrieve("Tell me more.", mode="local", k=2, low_level_keywords=("Colin Archer",))
    assert result.entities[0].name == "Colin Archer"
    assert result.hits[0].document_id in {"archer", "fram", "secret"}


@pytest.mark.parametrize("mode", FILLING)
def test_reranked_results_are_k_too(index: LightRAGIndex, mode: str) -> None:
    result = index.retrieve("Colin Archer Larvik", mode=mode, k=3, rerank=True)
    assert len(result.hits) == 3
    assert result.hits[0].document_id == "archer"
