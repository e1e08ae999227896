"""One index, two frameworks: what one stores the other finds, with the same ids, metadata and scores."""

from typing import Any

import pytest
from langchain_core.documents import Document as LangChainDocument
from llama_index.core import Document as LlamaDocument
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import TextNode

from lightrag_integrations import Document, LightRAGError, LightRAGIndex
from lightrag_integrations import langchain as lc
from lightrag_integrations import llama_index as li
from tests.frameworks.conftest import ARTICLES, MakeIndex
from tests.frameworks.doubles import WordChat, WordEmbedder

MODES: list[Any] = ["keyword", "vector", "local", "global", "hybrid", "graph", "mix"]
Row = tuple[Any, ...]


def metadata(id_: str, title: str, year: int) -> dict[str, Any]:
    return {"title": title, "source": f"{id_}.txt", "year": year, "tags": ["a", id_], "deep": {"n": None}}


def through_langchain(index: LightRAGIndex) -> None:
    documents = [
        LangChainDocument(id=id_, page_content=text, metadata=metadata(id_, title, year))
        for id_, title, year, text in ARTICLES
    ]
    lc.LightRAGIngestor(index=index).invoke(documents)


def through_langchain_store(index: LightRAGIndex) -> None:
    documents = [
        LangChainDocument(id=id_, page_content=text, metadata=metadata(id_, title, year))
        for id_, title, year, text in ARTICLES
    ]
    lc.LightRAGVectorStore(index=index, build_graph=True).add_documents(documents)


def through_llama_index(index: LightRAGIndex) -> None:
    documents = [
        LlamaDocument(id_=id_, text=text, metadata=metadata(id_, title, year)) for id_, title, year, text in ARTICLES
    ]
    IngestionPipeline(
        transformations=[SentenceSplitter(chunk_size=512), li.LightRAGTransform(index=index)],
        vector_store=li.LightRAGVectorStore(index=index),
    ).run(documents=documents)


def through_the_handle(index: LightRAGIndex) -> None:
    index.ingest(
        [
            Document(id=id_, text=text, title=title, source=f"{id_}.txt", metadata=metadata(id_, title, year))
            for id_, title, year, text in ARTICLES
        ]
    )


WAYS = [through_langchain, through_langchain_store, through_llama_index, through_the_handle]


def langchain_rows(index: LightRAGIndex, question: str, mode: Any) -> list[Row]:
    found = lc.LightRAGRetriever(index=index, mode=mode, k=5).invoke(question)
    return [
        (document.id, document.metadata.pop("lightrag"), document.page_content, document.metadata) for document in found
    ]


def llama_index_rows(index: LightRAGIndex, question: str, mode: Any) -> list[Row]:
    found = li.LightRAGRetriever(index, mode=mode, similarity_top_k=5).retrieve(question)
    for item in found:
        assert item.node.ref_doc_id == item.node.metadata["lightrag"]["document_id"]
        assert item.score == item.node.metadata["lightrag"]["score"]
    return [
        (item.node.node_id, item.node.metadata.pop("lightrag"), item.node.get_content(), item.node.metadata)
        for item in found
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("models", [False, True])
def test_both_read_the_same(make_index: MakeIndex, question: str, way: Any, models: bool) -> None:
    index = make_index(llm=WordChat(), embed_model=WordEmbedder()) if models else make_index()
    way(index)
    for mode in MODES:
        rows = langchain_rows(index, question, mode)
        assert rows == llama_index_rows(index, question, mode), mode
        assert rows and all(not key.startswith("_") for row in rows for key in row[3])
        assert {row[3]["year"] for row in rows} <= {year for _, _, year, _ in ARTICLES}
    assert index.verify() == []


@pytest.mark.parametrize("way", WAYS)
async def test_citations_are_the_same_whoever_stored_and_whoever_answers(
    make_index: MakeIndex, question: str, way: Any
) -> None:
    index = make_index(llm=WordChat(), embed_model=WordEmbedder())
    way(index)
    answer = index.answer(question, k=3)
    assert answer.retrieval.context is not None and answer.citations
    response = await li.LightRAGQueryEngine.from_args(li.LightRAGRetriever(index, similarity_top_k=3)).aquery(question)
    used: dict[str, Any] = response.metadata or {}
    assert str(response) == answer.text
    assert used["chunks"] == [citation.model_dump() for citation in answer.retrieval.context.citations]
    assert used["cited"] == [citation.number for citation in answer.citations]
    assert [one["name"] for one in used["entities"]] == [one.name for one in answer.retrieval.context.entities]
    tool = lc.LightRAGTool(index=index, k=3)
    called = tool.invoke({"type": "tool_call", "id": "1", "name": tool.name, "args": {"query": question}})
    assert [chunk["chunk_id"] for chunk in used["chunks"]] == [document.id for document in called.artifact]


def test_a_second_handle_ranks_the_same(make_index: MakeIndex, question: str) -> None:
    one = make_index()
    through_llama_index(one)
    with make_index(one.name) as two:
        for mode in MODES:
            assert langchain_rows(one, question, mode) == langchain_rows(two, question, mode)


def test_what_one_deletes_is_gone_for_the_other(index: LightRAGIndex) -> None:
    through_langchain(index)
    through_llama_index(index)
    li.LightRAGVectorStore(index=index).delete("mira")
    assert {hit.document_id for hit in index.documents.chunks()} == {id_ for id_, *_ in ARTICLES} - {"mira"}
    lc.LightRAGVectorStore(index=index).delete([hit.chunk_id for hit in index.documents.chunks()])
    assert li.LightRAGVectorStore(index=index).get_nodes() == []
    assert index.status().entities == 0


def test_stores_of_both_frameworks_read_each_others_documents(index: LightRAGIndex) -> None:
    ours, theirs = lc.LightRAGVectorStore(index=index), li.LightRAGVectorStore(index=index)
    ours.add_documents([LangChainDocument("red boats", id="1", metadata={"n": 1})])
    (node,) = theirs.get_nodes(["1"])
    assert (node.node_id, node.ref_doc_id, node.get_content(), node.metadata) == ("1", "1", "red boats", {"n": 1})
    theirs.add([node])
    assert ours.get_by_ids(["1"]) == [LangChainDocument("red boats", id="1", metadata={"n": 1})]


class Failing(WordChat):
    """Never answers."""

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        raise ValueError("no answer today")


async def test_stores_say_what_was_not_stored(make_index: MakeIndex) -> None:
    index = make_index(llm=Failing())
    with pytest.raises(LightRAGError, match=r"'1'.*no answer today"):
        lc.LightRAGVectorStore(index=index, build_graph=True).add_documents([LangChainDocument("Ada Byron", id="1")])
    node = TextNode(id_="2", text="Ada Byron")
    with pytest.raises(LightRAGError, match=r"'2'.*no answer today"):
        await li.LightRAGVectorStore(index=index, build_graph=True).async_add([node])
    assert index.status().failed == 2 and index.documents.chunks() == []
