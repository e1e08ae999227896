"""Running loops and threads: blocking calls inside them, two handles at once, a loop that keeps ticking."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.documents import Document as LangChainDocument
from langchain_core.indexing import index as synchronise
from llama_index.core import Document as LlamaDocument
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery

from lightrag_integrations import Document, LightRAGIndex
from lightrag_integrations import langchain as lc
from lightrag_integrations import llama_index as li
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordEmbedder


async def test_every_blocking_entry_point_works_inside_a_running_loop(index: LightRAGIndex, question: str) -> None:
    texts = ["Mira Halden designed the Corvane Bridge.", "Edda Quill founded the Tarn Institute."]
    assert lc.LightRAGIngestor(index=index).invoke([LangChainDocument(text) for text in texts]).documents == 2
    store = lc.LightRAGVectorStore(index=index)
    assert store.add_texts(["red boats"], ids=["r"]) == ["r"]
    assert len(lc.LightRAGRetriever(index=index, k=2).invoke(question)) == 2
    assert len(store.similarity_search("boats", k=1)) == 1
    assert len(lc.LightRAGReranker(index=index, top_n=1).compress_documents(store.get_by_ids(["r"]), "boats")) == 1
    assert "[1]" in lc.LightRAGTool(index=index).invoke({"query": question})
    assert len(store.search(question, "mix", k=2)) == len(store.max_marginal_relevance_search("boats", k=2)) == 2
    records = lc.LightRAGRecordManager(index)
    added = synchronise([LangChainDocument("blue boats")], records, store, cleanup="full", key_encoder="sha256")
    assert added["num_added"] == 1 and len(store.get_graph_documents(records.list_keys())) == 1

    pipeline = IngestionPipeline(
        transformations=[SentenceSplitter(), li.LightRAGTransform(index=index)],
        vector_store=li.LightRAGVectorStore(index=index),
    )
    assert len(pipeline.run(documents=[LlamaDocument(id_="l", text=text) for text in texts[:1]])) == 1
    assert len(li.LightRAGRetriever(index, similarity_top_k=2).retrieve(question)) == 2
    node = NodeWithScore(node=TextNode(text="boats"))
    assert len(li.LightRAGRerank(index=index).postprocess_nodes([node], query_str="boats")) == 1
    assert len(li.LightRAGToolSpec(index).search(question, k=1)) == 1
    facade = li.LightRAGPropertyGraphIndex.from_documents([LlamaDocument(id_="f", text=texts[1])], index=index)
    facade.insert_nodes([TextNode(text="Ida Moe.", id_="n")])
    assert facade.refresh_ref_docs([LlamaDocument(id_="f", text=texts[0])]) == [True] and "f" in facade.ref_doc_info
    engine = facade.as_query_engine(llm=MockLLM(), similarity_top_k=2, streaming=True)
    answer = engine.query(question)
    assert "".join(answer.response_gen) and len(answer.source_nodes) == 2
    facade.update_ref_doc(LlamaDocument(id_="f", text=texts[1]))
    facade.delete_nodes(["n"])
    facade.delete_ref_doc("f")
    store.delete(["r"])
    li.LightRAGVectorStore(index=index).clear()
    assert index.status().chunks == 0


def test_sixteen_threads_with_loops_of_their_own_on_two_handles(
    make_index: MakeIndex, articles: list[Document], question: str
) -> None:
    handles = [make_index(), make_index()]
    for handle in handles:
        handle.ingest(articles)
    expected = [document.id for document in lc.LightRAGRetriever(index=handles[0], k=3).invoke(question)]

    async def work(number: int) -> list[list[str]]:
        handle = handles[number % 2]
        one, two = lc.LightRAGRetriever(index=handle, k=3), li.LightRAGRetriever(handle, similarity_top_k=3)
        found: list[Any] = await asyncio.gather(
            *(one.ainvoke(question) for _ in range(3)), *(two.aretrieve(question) for _ in range(3))
        )
        return [[getattr(item, "id", None) or item.node.node_id for item in result] for result in found]

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda number: asyncio.run(work(number)), range(16), timeout=120))
    assert all(ids == expected for result in results for ids in result)


async def test_the_callers_loop_keeps_ticking(library: LightRAGIndex, question: str) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticker = asyncio.create_task(tick())
    of_llama_index = li.LightRAGRetriever(library, similarity_top_k=3)
    store, tool = lc.LightRAGVectorStore(index=library), lc.LightRAGTool(index=library)
    calls: list[Any] = [
        lambda: of_llama_index.aretrieve(question),
        lambda: lc.LightRAGRetriever(index=library, k=3).ainvoke(question),
        lambda: tool.ainvoke({"query": question}),
        lambda: store.asimilarity_search(question),
        lambda: store.amax_marginal_relevance_search(question),
        lambda: lc.LightRAGRecordManager(library).alist_keys(),
    ]
    for call in calls:
        before = ticks
        await asyncio.gather(*(call() for _ in range(5)))
        assert ticks - before > 5
    ticker.cancel()


class Gated(WordEmbedder):
    """Answers nobody until the test lets it, and would wait for ever if its waiting stopped the test's loop."""

    def __init__(self) -> None:
        super().__init__()
        self.opened, self.waiting = threading.Event(), threading.Semaphore(0)

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        self.waiting.release()
        await asyncio.to_thread(self.opened.wait)
        return await super().embed(texts, kind=kind)


async def tick(times: int) -> None:
    """So many ticks of 10 ms of the running loop."""
    for _ in range(times):
        await asyncio.sleep(0.01)


async def test_no_call_stops_the_callers_loop(make_index: MakeIndex, articles: list[Document], question: str) -> None:
    embedder = Gated()
    embedder.opened.set()
    index = make_index(embed_model=embedder)
    await index.aingest(articles)
    documents = [LlamaDocument(id_="more", text="Ida Moe met Lena Storm.")]
    facade, llm = li.LightRAGPropertyGraphIndex.from_existing(index), MockLLM()
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: asyncio.gather(*(facade.as_retriever(similarity_top_k=3).aretrieve(question) for _ in range(8))),
        lambda: facade.as_query_engine(llm=llm).aquery(question),
        lambda: li.LightRAGToolSpec(index).asearch(question),
        lambda: li.LightRAGVectorStore(index=index).aquery(VectorStoreQuery(query_str=question)),
        lambda: li.LightRAGTransform(index=index).acall([TextNode(text="Ida Moe is new.")]),
        lambda: li.LightRAGVectorStore(index=index).async_add([TextNode(text="Ida Moe is stored.")]),
        lambda: facade.ainsert(documents[0]),
        lambda: lc.LightRAGRetriever(index=index, k=3).ainvoke(question),
    ]
    for call in calls:
        embedder.opened.clear()
        embedder.waiting = threading.Semaphore(0)
        running = asyncio.ensure_future(call())
        await asyncio.to_thread(embedder.waiting.acquire)
        await tick(5)
        assert not running.done()
        embedder.opened.set()
        await running


async def test_one_handle_ingests_and_the_other_answers(
    make_index: MakeIndex, library: LightRAGIndex, question: str
) -> None:
    embedder = Gated()
    busy = li.LightRAGPropertyGraphIndex.from_existing(make_index(embed_model=embedder))
    documents = [LlamaDocument(id_=f"d{n}", text=f"Ida Moe met Lena Storm {n} times.") for n in range(20)]
    running = asyncio.ensure_future(busy.arefresh_ref_docs(documents))
    await asyncio.to_thread(embedder.waiting.acquire)
    answers = await asyncio.gather(*(li.LightRAGRetriever(library).aretrieve(question) for _ in range(8)))
    assert not running.done() and all(answer == answers[0] for answer in answers)
    embedder.opened.set()
    assert await running == [True] * 20
