"""Running loops and threads: blocking calls inside them, two handles at once, a loop that keeps ticking."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.documents import Document as LangChainDocument
from langchain_core.indexing import index as synchronise
from llama_index.core import Document as LlamaDocument
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import NodeWithScore, TextNode

from lightrag_integrations import Document, LightRAGIndex
from lightrag_integrations import langchain as lc
from lightrag_integrations import llama_index as li
from tests.frameworks.conftest import MakeIndex


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
