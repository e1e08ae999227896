"""The reranker as a document compressor, and our retrievers under the old helpers."""

from typing import Any

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever, EnsembleRetriever, MultiQueryRetriever
from langchain_classic.retrievers.document_compressors import DocumentCompressorPipeline
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnablePassthrough
from pydantic import ValidationError

from lightrag_integrations import InputError, LexicalReranker, LightRAGIndex, LLMReranker
from lightrag_integrations.langchain import LightRAGIngestor, LightRAGReranker, LightRAGRetriever
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat


def documents() -> list[Document]:
    texts = ("Boats of light float by.", "The Corvane Bridge crosses the river.", "The bridge is old.", "Glass makers.")
    return [Document(page_content=text, metadata={"n": n}) for n, text in enumerate(texts)]


@pytest.mark.parametrize("top_n", [1, 2, 3])
async def test_the_best_come_first_on_copies(index: LightRAGIndex, top_n: int) -> None:
    given = documents()
    reranker = LightRAGReranker(index=index, top_n=top_n)
    ranked = reranker.compress_documents(given, "Which bridge crosses the river?")
    assert len(ranked) == top_n
    assert ranked[0].metadata["n"] == 1
    scores = [document.metadata["relevance_score"] for document in ranked]
    assert scores == sorted(scores, reverse=True) and all(type(score) is float for score in scores)
    assert given == documents()
    assert await reranker.acompress_documents(given, "Which bridge crosses the river?") == ranked


async def test_no_documents_and_all_documents(index: LightRAGIndex) -> None:
    assert LightRAGReranker(index=index).compress_documents([], "anything") == []
    assert await LightRAGReranker(index=index).acompress_documents([], "anything") == []
    assert len(LightRAGReranker(index=index, top_n=None).compress_documents(documents(), "bridge")) == 4
    with pytest.raises(ValidationError):
        LightRAGReranker(index=index, topn=3)  # type: ignore[call-arg]


def test_documents_with_one_id_are_told_apart(index: LightRAGIndex) -> None:
    twins = [document.model_copy(update={"id": "same"}) for document in documents()]
    ranked = LightRAGReranker(index=index, top_n=4).compress_documents(twins, "bridge river")
    assert sorted(document.metadata["n"] for document in ranked) == [0, 1, 2, 3]


def test_an_id_like_a_position_takes_nobodys_place(index: LightRAGIndex) -> None:
    given = documents()
    given[0] = given[0].model_copy(update={"id": "#1"})
    ranked = LightRAGReranker(index=index, top_n=4).compress_documents(given, "bridge river")
    assert sorted(document.metadata["n"] for document in ranked) == [0, 1, 2, 3]


def test_a_reranker_given_takes_the_place_of_the_handles(make_index: MakeIndex) -> None:
    chat = WordChat()
    index = make_index(llm=chat, reranker=LLMReranker())
    question = "Which bridge crosses the river?"
    own = LightRAGReranker(index=index, top_n=2).compress_documents(documents(), question)
    assert chat.kinds == ["rerank"]
    given = LightRAGReranker(index=index, reranker=LexicalReranker(), top_n=2).compress_documents(documents(), question)
    assert chat.kinds == ["rerank"]
    assert own[0].page_content == given[0].page_content


class Lengths:
    """A cross-encoder as LangChain has them (`BaseCrossEncoder` has moved about): the longest passage is the best."""

    def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
        return [float(len(text)) for _, text in text_pairs]


async def test_cross_encoders_of_langchain_and_the_chat_model(make_index: MakeIndex) -> None:
    index = make_index(llm=WordChat())
    longest = LightRAGReranker(index=index, reranker=Lengths(), top_n=1)
    assert longest.compress_documents(documents(), "bridge")[0].metadata == {"n": 1, "relevance_score": 37.0}
    assert len(await LightRAGReranker(index=index, reranker="llm", top_n=2).acompress_documents(documents(), "x")) == 2
    for wrong in (3, "lmm", Lengths):
        with pytest.raises(ValidationError, match="expected a Reranker, a cross-encoder"):
            LightRAGReranker(index=index, reranker=wrong)


async def test_as_a_runnable(library: LightRAGIndex, question: str) -> None:
    reranker = LightRAGReranker(index=library, top_n=2)
    chain: Any = {"documents": LightRAGRetriever(index=library, k=6), "query": RunnablePassthrough()} | reranker
    found = chain.invoke(question)
    compressing = ContextualCompressionRetriever(
        base_compressor=reranker, base_retriever=LightRAGRetriever(index=library, k=6)
    )
    assert found == compressing.invoke(question) == await chain.ainvoke(question)
    assert len(found) == 2 and reranker.invoke({"query": question, "documents": []}) == []
    pipeline = DocumentCompressorPipeline(transformers=[reranker])
    assert [document.page_content for document in pipeline.compress_documents(documents(), "bridge")]
    for runnable in (reranker, LightRAGIngestor(index=library), chain):
        assert runnable.get_input_jsonschema()["type"] and runnable.get_output_jsonschema()["type"]
    with pytest.raises(InputError, match="expected a dictionary with 'query' and 'documents'"):
        await reranker.ainvoke(found)


def test_in_a_compression_retriever(library: LightRAGIndex, question: str) -> None:
    retriever = ContextualCompressionRetriever(
        base_compressor=LightRAGReranker(index=library, top_n=2),
        base_retriever=LightRAGRetriever(index=library, k=6),
    )
    found = retriever.invoke(question)
    scores = [document.metadata["relevance_score"] for document in found]
    assert len(found) == 2 and scores == sorted(scores, reverse=True)
    assert "lightrag" in found[0].metadata


async def test_in_an_ensemble_and_under_many_queries(library: LightRAGIndex, question: str) -> None:
    modes = [LightRAGRetriever(index=library, mode=mode, k=4) for mode in ("keyword", "graph")]
    found = EnsembleRetriever(retrievers=modes, weights=[0.5, 0.5]).invoke(question)
    texts = [document.page_content for document in found]
    assert len(texts) == len(set(texts)) >= 4
    assert len(await EnsembleRetriever(retrievers=modes, id_key="title").ainvoke(question)) == len(found)
    model = FakeListChatModel(responses=["Who founded the Tarn Institute?\nWho designed the Corvane Bridge?"])
    many = MultiQueryRetriever.from_llm(LightRAGRetriever(index=library, k=2), model)
    assert len(many.invoke(question)) >= 2
