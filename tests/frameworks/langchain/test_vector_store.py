"""The vector store beyond the standard suite: retrievers, filters, diversity, the indexing API."""

from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.indexing import InMemoryRecordManager, aindex, index
from langchain_core.vectorstores import VectorStoreRetriever

from lightrag_integrations import (
    ConfigurationError,
    IndexOptions,
    InputError,
    LightRAGError,
    LightRAGIndex,
    QueryOptions,
)
from lightrag_integrations.langchain import LightRAGReranker, LightRAGRetriever, LightRAGVectorStore
from lightrag_integrations.options import MODES
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat, WordEmbedder


@pytest.fixture
def store(make_index: MakeIndex) -> LightRAGVectorStore:
    filled = LightRAGVectorStore(index=make_index(embed_model=WordEmbedder()))
    filled.add_documents(documents())
    return filled


def documents() -> list[Document]:
    return [
        Document(id="1", page_content="red boats on the river", metadata={"n": 1, "tags": ["a"], "source": "x"}),
        Document(
            id="2", page_content="red boats on the river at night", metadata={"n": 2, "tags": ["b"], "source": "x"}
        ),
        Document(id="3", page_content="blue glass from the city", metadata={"n": 3, "tags": [], "source": "y"}),
    ]


async def test_search_by_text_vector_and_filter(store: LightRAGVectorStore) -> None:
    assert [d.id for d in store.similarity_search("red boats on the river", k=2)] == ["1", "2"]
    scored = store.similarity_search_with_score("red boats on the river", k=3)
    assert scored[0] == (documents()[0], pytest.approx(1.0, abs=1e-3))
    assert [score for _, score in scored] == sorted((score for _, score in scored), reverse=True)
    assert await store.asimilarity_search_with_score("red boats on the river", k=3) == scored
    vector = store.embeddings.embed_query("blue glass")
    assert vector == await store.embeddings.aembed_query("blue glass")
    assert store.similarity_search_by_vector(vector, k=1) == [documents()[2]]
    assert await store.asimilarity_search_by_vector(vector, k=1) == [documents()[2]]
    assert [d.id for d in store.similarity_search("red boats", k=3, filter={"n": {"$gt": 1}})] == ["2", "3"]
    assert store.similarity_search("red", k=3, filter={"tags": {"$contains": "a"}}) == [documents()[0]]


async def test_relevance_scores_lie_between_zero_and_one(store: LightRAGVectorStore) -> None:
    scored = store.similarity_search_with_relevance_scores("red boats on the river", k=3)
    assert all(0 <= score <= 1 for _, score in scored)
    close = store.as_retriever(search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.99})
    assert [d.id for d in close.invoke("red boats on the river")] == ["1"]
    assert await close.ainvoke("red boats on the river") == close.invoke("red boats on the river")


async def test_diverse_results(store: LightRAGVectorStore) -> None:
    query = "red boats on the river"
    assert [d.id for d in store.max_marginal_relevance_search(query, k=2, lambda_mult=0.1)] == ["1", "3"]
    assert [d.id for d in store.max_marginal_relevance_search(query, k=2, lambda_mult=1.0)] == ["1", "2"]
    assert [d.id for d in await store.amax_marginal_relevance_search(query, k=2, lambda_mult=0.1)] == ["1", "3"]
    diverse = store.as_retriever(search_type="mmr", search_kwargs={"k": 2, "lambda_mult": 0.1})
    assert [d.id for d in await diverse.ainvoke(query)] == ["1", "3"]


@pytest.mark.parametrize("mode", ["keyword", "vector", "local", "global", "hybrid", "graph", "mix"])
async def test_every_mode_is_a_search_type(library: LightRAGIndex, question: str, mode: Any) -> None:
    store = LightRAGVectorStore(index=library)
    retriever = store.as_retriever(search_type=mode, search_kwargs={"k": 2}, tags=["mine"])
    assert isinstance(retriever, LightRAGRetriever)
    assert retriever.tags == ["mine", "LightRAGVectorStore", "HashEmbedder"]
    found = retriever.invoke(question)
    assert found == LightRAGRetriever(index=library, mode=mode, k=2).invoke(question)
    searched = store.search(question, mode, k=2)
    assert searched == store.get_by_ids([document.id or "" for document in found])
    assert await store.asearch(question, search_type=mode, k=2) == searched
    few = store.as_retriever(search_type=mode, search_kwargs={"filter": {"even": True}, "rerank": True, "seeds": 5})
    assert {document.metadata["even"] for document in await few.ainvoke(question)} == {True}


async def test_langchains_own_ways_of_search(store: LightRAGVectorStore) -> None:
    query = "red boats on the river"
    for search_type, fields, ids in (
        ("similarity", {"k": 2}, ["1", "2"]),
        ("mmr", {"k": 2, "lambda_mult": 0.1, "fetch_k": 3}, ["1", "3"]),
        ("mmr", {"k": 2, "lambda_mult": 0.1, "filter": {"source": "x"}}, ["1", "2"]),
        ("similarity_score_threshold", {"score_threshold": 0.99}, ["1"]),
        ("similarity_score_threshold", {"score_threshold": 0.5, "filter": {"n": {"$ne": 1}}}, ["2"]),
    ):
        retriever = store.as_retriever(search_type=search_type, search_kwargs=fields)
        assert isinstance(retriever, VectorStoreRetriever)
        assert [document.id for document in retriever.invoke(query)] == ids, search_type
        assert await retriever.ainvoke(query) == retriever.invoke(query)
        if search_type != "similarity_score_threshold":
            assert [document.id for document in store.search(query, search_type, **fields)] == ids
    params = store.as_retriever()._get_ls_params()
    assert (params["ls_vector_store_provider"], params["ls_embedding_provider"], params["ls_embedding_model"]) == (
        "LightRAGIndex", "WordEmbedder", "words-64",
    )  # fmt: skip


async def test_what_is_misspelt_is_refused(store: LightRAGVectorStore) -> None:
    known = "expected one of similarity, .* mmr, .*, mix"
    for refused, told in (
        (lambda: store.similarity_search("red", filters={"n": 1}), "got filters;"),
        (lambda: store.similarity_search_with_score("red", where={"n": 1}), "got where;"),
        (lambda: store.similarity_search_by_vector([1.0] * 64, fliter={"n": 1}), "got fliter;"),
        (lambda: store.max_marginal_relevance_search("red", filters={"n": 1}), "got filters;"),
        (lambda: store.delete(where={"n": 1}), "got where;"),
        (lambda: store.add_texts(["blue"], id=["4"]), "got id;"),
        (lambda: store.as_retriever(search_kwargs={"filters": {"n": 1}}).invoke("red"), "got filters;"),
        (lambda: store.as_retriever(search_type="mix", search_kwargs={"kk": 3}), "kk"),
        (lambda: store.search("red", "mix", filters={"n": 1}), "filters"),
        (lambda: store.search("red", "fuzzy"), f"'fuzzy'; {known}"),
        (lambda: store.as_retriever(search_type="fuzzy"), f"'fuzzy'; {known}"),
    ):
        with pytest.raises(InputError, match=told):
            refused()
    with pytest.raises(InputError, match="filters"):
        await store.asimilarity_search("red", filters={"n": 1})
    with pytest.raises(InputError, match="where"):
        await store.adelete(where={"n": 1})
    assert len(store.get_by_ids(["1", "2", "3"])) == 3


async def test_scores_of_any_vectors_lie_between_zero_and_one(make_index: MakeIndex) -> None:
    store = LightRAGVectorStore(index=make_index(embed_model=DeterministicFakeEmbedding(size=6)))
    texts = [f"text {n}" for n in range(12)]
    store.add_texts(texts, ids=texts)
    vector = store.embeddings.embed_query("text 3")
    for scored in (
        store.similarity_search_with_score("text 3", k=12),
        await store.asimilarity_search_with_score("text 3", k=12),
        store.similarity_search_with_relevance_scores("text 3", k=12),
        await store.asimilarity_search_with_relevance_scores("text 3", k=12),
        store.similarity_search_with_score_by_vector(vector, k=12),
        await store.asimilarity_search_with_score_by_vector(vector, k=12),
    ):
        scores = [score for _, score in scored]
        assert scores == sorted(scores, reverse=True) and 0 in scores
        assert all(0 <= score <= 1 for score in scores) and scores[0] == pytest.approx(1, abs=1e-3)
        assert scored[0][0].id == "text 3" and len(scored) == 12


async def test_diverse_results_are_as_many_as_asked_for(index: LightRAGIndex) -> None:
    store = LightRAGVectorStore(index=index)
    store.add_documents([*documents(), Document("¡ … !", id="none")])
    assert store.index.documents.vectors(["1", "none"]).keys() == {"1"}, "there are no words to make a vector of"
    vector = store.embeddings.embed_query("red boats")
    for found in (
        store.max_marginal_relevance_search("red boats", k=4),
        await store.amax_marginal_relevance_search("red boats", k=4, fetch_k=2),
        store.max_marginal_relevance_search_by_vector(vector, k=4),
        await store.amax_marginal_relevance_search_by_vector(vector, k=4),
    ):
        assert sorted(document.id or "" for document in found) == ["1", "2", "3", "none"]


async def test_similarities_are_cosines_whatever_the_handles_defaults_are(make_index: MakeIndex) -> None:
    index = make_index(options=IndexOptions(query=QueryOptions(rerank=True, decompose=True)))
    store = LightRAGVectorStore(index=index)
    store.add_documents(documents())
    vector = store.embeddings.embed_query("red boats")
    scored = store.similarity_search_with_score("red boats")
    assert scored == await store.asimilarity_search_with_score("red boats")
    assert scored == store.similarity_search_with_score_by_vector(vector)
    stored = index.documents.vectors(["1"])["1"]
    cosine = sum(a * b for a, b in zip(vector, stored, strict=True))
    assert dict((document.id, score) for document, score in scored)["1"] == pytest.approx(cosine, abs=1e-3)
    assert [d.id for d in store.max_marginal_relevance_search("red boats", k=1)] == ["1"]


async def test_nothing_is_similar_to_what_has_no_words(index: LightRAGIndex) -> None:
    store = LightRAGVectorStore(index=index)
    store.add_documents([*documents(), Document("¡ … !", id="none")])
    assert [score for _, score in store.similarity_search_with_score("¿ ?")] == [0, 0, 0, 0]
    assert dict((d.id, score) for d, score in store.similarity_search_with_score("red boats"))["none"] == 0
    assert len(store.max_marginal_relevance_search("¿ ?", k=3)) == 3
    assert len(await store.amax_marginal_relevance_search("¿ ?", k=3)) == 3


async def test_what_passes_a_filter_is_deleted(store: LightRAGVectorStore) -> None:
    store.delete(["2", "3"], filter={"source": "x"})
    assert [document.id for document in store.get_by_ids(["1", "2", "3"])] == ["1", "3"]
    await store.adelete(filter={"source": "x"})
    assert [document.id for document in store.get_by_ids(["1", "2", "3"])] == ["3"]
    await store.adelete(["3"], filter={"source": "x"})
    store.delete(filter={"source": "z"})
    assert len(store.get_by_ids(["3"])) == 1


@pytest.mark.parametrize("given", [{}, {"ids": None}, {"filter": None}, {"ids": None, "filter": {}}])
async def test_nothing_given_is_not_everything(store: LightRAGVectorStore, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"got neither ids nor a filter.*index\.documents\.delete.*index\.drop"):
        store.delete(**given)
    with pytest.raises(InputError, match="got neither ids nor a filter"):
        await store.adelete(**given)
    assert store.delete([]) and store.delete([], filter={})
    assert len(store.get_by_ids(["1", "2", "3"])) == 3


async def test_every_mode_finds_chunks_that_came_without_a_graph(store: LightRAGVectorStore) -> None:
    assert store.index.status().relations == 0
    for mode in MODES[: MODES.index("bypass")]:
        retriever = store.as_retriever(search_type=mode, search_kwargs={"k": 2})
        found = await retriever.ainvoke("red boats at night")
        assert sorted(document.id for document in found) == ["1", "2"], mode
        assert retriever.invoke("red boats at night") == found


def test_one_id_in_place_of_a_list_is_refused(store: LightRAGVectorStore) -> None:
    with pytest.raises(InputError, match=r"got '12'; expected a list"):
        store.delete("12")  # type: ignore[arg-type]
    assert len(store.get_by_ids(["1", "2"])) == 2


async def test_stores_made_from_texts(dsn: str, make_index: MakeIndex) -> None:
    handle = make_index(embed_model=DeterministicFakeEmbedding(size=6))
    made = LightRAGVectorStore.from_texts(["one", "two"], None, [{"n": 1}, {"n": 2}], ids=["a", "b"], index=handle)
    assert made.get_by_ids(["b"]) == [Document(id="b", page_content="two", metadata={"n": 2})]
    name = make_index().name
    other = await LightRAGVectorStore.afrom_documents(
        documents(), DeterministicFakeEmbedding(size=6), name=name, database=dsn
    )
    assert len(await other.aget_by_ids(["1", "2", "3", "4"])) == 3
    assert other.delete(["1", "2", "3"])
    assert other.similarity_search("red", k=3) == []
    other.index.close()
    with pytest.raises(ConfigurationError, match="embed_model"):
        LightRAGVectorStore(index=handle, embedding=DeterministicFakeEmbedding(size=6))


def test_adding_needs_no_language_model_unless_asked(make_index: MakeIndex) -> None:
    chat = WordChat()
    handle = make_index(llm=chat)
    LightRAGVectorStore(index=handle).add_documents([Document("Mira Halden designed the Corvane Bridge.", id="1")])
    assert chat.kinds == [] and handle.status().facts == 0
    graph = LightRAGVectorStore(index=handle, build_graph=True)
    graph.add_documents([Document("Edda Quill founded the Tarn Institute.", id="2")])
    assert chat.kinds == ["extract"] and handle.status().facts == 1
    graph.delete(["2"])
    assert handle.status().facts == 0 and handle.graph.entity("Edda Quill") is None


def test_what_cannot_be_stored_is_an_error(store: LightRAGVectorStore) -> None:
    with pytest.raises(InputError, match="ids"):
        store.add_documents(documents(), ids=["1"])
    with pytest.raises(LightRAGError):
        store.add_documents([Document("fine", id="4"), Document("", id="5")])
    assert store.get_by_ids(["4", "5"]) == []


def test_the_last_of_equal_ids_counts(store: LightRAGVectorStore) -> None:
    ids = store.add_documents([Document("first words"), Document("second words")], ids=["7", "7"])
    assert ids == ["7", "7"]
    assert [d.page_content for d in store.get_by_ids(["7"])] == ["second words"]


async def test_the_indexing_api(make_index: MakeIndex) -> None:
    chat = WordChat()
    handle = make_index(llm=chat)
    store = LightRAGVectorStore(index=handle, build_graph=True)
    manager = InMemoryRecordManager(namespace="test")
    manager.create_schema()
    settings: dict[str, Any] = {"cleanup": "incremental", "source_id_key": "source", "key_encoder": "sha256"}

    def loaded(second: str) -> list[Document]:
        return [
            Document("Mira Halden designed the Corvane Bridge.", metadata={"source": "a"}),
            Document(second, metadata={"source": "a"}),
            Document("The Corvane Bridge is near Port Lorne.", metadata={"source": "b"}),
        ]

    first = index(loaded("Mira Halden studied with Edda Quill."), manager, store, **settings)
    assert (first["num_added"], first["num_skipped"]) == (3, 0)
    assert handle.graph.relation("Mira Halden", "Edda Quill") is not None
    calls = len(chat.kinds)
    again = index(loaded("Mira Halden studied with Edda Quill."), manager, store, **settings)
    assert (again["num_added"], again["num_skipped"], len(chat.kinds)) == (0, 3, calls)
    changed = await aindex(loaded("Mira Halden likes Otto Varga."), manager, store, **settings)
    assert (changed["num_added"], changed["num_deleted"], len(chat.kinds)) == (1, 1, calls + 1)
    assert handle.graph.relation("Mira Halden", "Edda Quill") is None
    assert handle.graph.relation("Mira Halden", "Corvane Bridge") is not None
    emptied = index([], manager, store, **{**settings, "cleanup": "full"})
    assert emptied["num_deleted"] == 3
    assert (handle.status().chunks, handle.status().entities, handle.verify()) == (0, 0, [])


async def test_what_was_deleted_while_it_could_not_be_stored_stays_away(make_index: MakeIndex) -> None:
    embedder = WordEmbedder()
    store = LightRAGVectorStore(index=make_index(embed_model=embedder))
    store.add_documents([Document(id="k", page_content="version one")])
    embedder.down = True
    for ids in (["k", "n"], ["m"]):
        with pytest.raises(LightRAGError):
            store.add_documents([Document(id=one, page_content="version two") for one in ids])
        await store.adelete(["k", *ids])
        assert store.index.documents.list() == []
    embedder.down = False
    assert store.index.documents.retry().documents == 0
    assert store.get_by_ids(["k", "n", "m"]) == []


def test_a_users_own_key_of_our_name_is_kept(make_index: MakeIndex) -> None:
    handle = make_index()
    store = LightRAGVectorStore(index=handle)
    own = [Document(id="v", page_content="red boats", metadata={"lightrag": "v1.4", "a": 1})]
    own.append(Document(id="w", page_content="red boats", metadata={"lightrag": {"score": 1}}))
    store.add_documents(own)
    assert store.get_by_ids(["v", "w"]) == own
    found = LightRAGRetriever(index=handle).invoke("red boats")
    store.add_documents(found)
    assert [one.metadata for one in store.get_by_ids([one.id or "" for one in found])] == [
        {key: value for key, value in one.metadata.items() if key != "lightrag"} for one in found
    ]
    assert [one.id for one in LightRAGReranker(index=handle).compress_documents(own, "boats")] == ["v", "w"]
