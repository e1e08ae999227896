"""Calls to models nest below the run that asked for them, in both frameworks, however and from wherever it is run."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.documents import Document as LangChainDocument
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.schemas import Run
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.span import SimpleSpan
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from pydantic import PrivateAttr

from lightrag_integrations import Document, LightRAGIndex, LLMReranker, QueryOptions
from lightrag_integrations import langchain as lc
from lightrag_integrations import llama_index as li
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat, WordLLM

QUESTIONS = ("Who designed the Corvane Bridge?", "Where is the Lantern Fair?", "Who planned the trams of Brenn?")
ASKING: dict[str, Any] = {"mode": "local", "keywords": True, "rerank": "llm"}


class Tree(BaseTracer):
    """Keeps whole runs."""

    def __init__(self) -> None:
        super().__init__()
        self.roots: list[Run] = []

    def _persist_run(self, run: Run) -> None:
        self.roots.append(run)


def shape(run: Run) -> dict[str, Any]:
    """Names of children, each with its own; equal ones of one parent are numbered."""
    seen: Counter[str] = Counter()
    found = {}
    for child in run.child_runs:
        seen[child.name] += 1
        found[f"{child.name} {seen[child.name]}"] = shape(child)
    return found


def prompts(run: Run) -> list[str]:
    """What models were asked below a run."""
    own = [str(run.inputs)] if run.run_type in ("llm", "chat_model") else []
    return [*own, *(said for child in run.child_runs for said in prompts(child))]


MODELS = {"WordChat 1": {}, "WordChat 2": {}}
RETRIEVER = {"LightRAGRetriever 1": MODELS}


@pytest.fixture
def index(make_index: MakeIndex, articles: list[Document]) -> LightRAGIndex:
    made = make_index(llm=WordChat())
    made.ingest(articles)
    return made


def in_turn(chain: Any, config: Any) -> None:
    for question in QUESTIONS:
        chain.invoke(question, config)


def in_batch(chain: Any, config: Any) -> None:
    chain.batch(list(QUESTIONS), config)


def in_threads(chain: Any, config: Any) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda question: chain.invoke(question, config), QUESTIONS))


def in_tasks(chain: Any, config: Any) -> None:
    async def ask() -> None:
        await asyncio.gather(*(chain.ainvoke(question, config) for question in QUESTIONS))

    asyncio.run(ask())


def in_async_batch(chain: Any, config: Any) -> None:
    asyncio.run(chain.abatch(list(QUESTIONS), config))


def in_stream(chain: Any, config: Any) -> None:
    for question in QUESTIONS:
        assert list(chain.stream(question, config))


HANDS = [in_turn, in_batch, in_threads, in_tasks, in_async_batch, in_stream]


@pytest.mark.parametrize("run", HANDS, ids=lambda run: run.__name__)
def test_a_chain_with_a_retriever(index: LightRAGIndex, run: Callable[[Any, Any], None]) -> None:
    options = QueryOptions(k=2, rerank_candidates=4, **ASKING)
    chain = RunnableLambda(lambda question: question) | lc.LightRAGRetriever(index=index, k=2, options=options)
    chain = chain.with_config(run_name="chain")
    tree = Tree()
    run(chain, {"callbacks": [tree]})
    assert len(tree.roots) == 3
    asked = {root.inputs["input"]: root for root in tree.roots}
    assert set(asked) == set(QUESTIONS)
    for question, root in asked.items():
        assert shape(root) == {"RunnableLambda 1": {}, **RETRIEVER}
        said = prompts(root)
        assert len(said) == 2 and all(question in prompt for prompt in said)


def test_components_and_the_handle_inside_a_step(index: LightRAGIndex, articles: list[Document]) -> None:
    tree = Tree()
    config: Any = {"callbacks": [tree]}
    tool = lc.LightRAGTool(index=index, k=2, options=QueryOptions(**ASKING))
    tool.invoke({"query": QUESTIONS[0]}, config)
    assert shape(tree.roots.pop()) == RETRIEVER
    new = [LangChainDocument(f"Nora Lind met Otto Varga in room {number}.", id=f"new {number}") for number in range(3)]
    lc.LightRAGIngestor(index=index).invoke(new, config)
    assert sorted(shape(tree.roots.pop())) == ["WordChat 1", "WordChat 2", "WordChat 3"]
    asyncio.run(lc.LightRAGIngestor(index=index).ainvoke([LangChainDocument("Nora Lind left Brenn.", id="x")], config))
    assert shape(tree.roots.pop()) == {"WordChat 1": {}}

    def answer(question: str) -> str:
        return index.answer(question, k=2, mode="keyword").text + "".join(index.stream_answer(question, k=2))

    async def aanswer(question: str) -> str:
        pieces = [piece async for piece in index.astream_answer(question, k=2)]
        return (await index.aanswer(question, k=2)).text + "".join(pieces)

    step = RunnableLambda(answer, aanswer, name="answering")
    step.invoke(QUESTIONS[0], config)
    assert shape(tree.roots.pop()) == MODELS
    asyncio.run(step.ainvoke(QUESTIONS[1], config))
    assert shape(tree.roots.pop()) == MODELS
    retriever = lc.LightRAGRetriever(index=index, k=4)
    reranker = lc.LightRAGReranker(index=index, top_n=2, reranker=LLMReranker())

    def rerank(question: str) -> Any:
        return reranker.compress_documents(retriever.invoke(question), question)

    RunnableLambda(rerank, name="reranking").invoke(QUESTIONS[0], config)
    assert shape(tree.roots.pop()) == {"LightRAGRetriever 1": {}, "WordChat 1": {}}
    index.retrieve(QUESTIONS[0], k=2, **ASKING)
    assert not tree.roots


class Recorded(SimpleSpan):
    said: str = ""


class Recorder(BaseSpanHandler[Recorded]):
    """LlamaIndex's spans with their parents and arguments."""

    _done: list[Recorded] = PrivateAttr(default_factory=list)
    _guard: Any = PrivateAttr(default_factory=threading.Lock)

    @classmethod
    def class_name(cls) -> str:
        return "Recorder"

    def new_span(
        self, id_: str, bound_args: Any, instance: Any = None, parent_span_id: str | None = None, tags: Any = None,
        **kwargs: Any,
    ) -> Recorded:  # fmt: skip
        span = Recorded(id_=id_, parent_id=parent_span_id, said=str(bound_args.arguments))
        with self._guard:
            self._done.append(span)
        return span

    def prepare_to_exit_span(self, id_: str, bound_args: Any, instance: Any = None, **kwargs: Any) -> Any:
        return self.open_spans.get(id_)

    def prepare_to_drop_span(self, id_: str, bound_args: Any, instance: Any = None, **kwargs: Any) -> Any:
        return self.open_spans.get(id_)

    def path(self, span: Recorded) -> list[str]:
        """Names from the root to a span."""
        by_id = {one.id_: one for one in self._done}
        names: list[str] = []
        at: Recorded | None = span
        while at is not None:
            names.append(at.id_.rsplit("-", 5)[0])
            at = by_id.get(at.parent_id or "")
        return names[::-1]

    def root(self, span: Recorded) -> Recorded:
        by_id = {one.id_: one for one in self._done}
        while span.parent_id in by_id:
            span = by_id[span.parent_id]
        return span

    def of(self, name: str) -> list[Recorded]:
        return [span for span in self._done if span.id_.startswith(f"{name}-")]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    root = get_dispatcher()
    root.add_span_handler(made)
    yield made
    root.span_handlers.remove(made)


def llama_turn(retriever: Any) -> None:
    for question in QUESTIONS:
        retriever.retrieve(question)


def llama_threads(retriever: Any) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(retriever.retrieve, QUESTIONS))


def llama_tasks(retriever: Any) -> None:
    async def ask() -> None:
        await asyncio.gather(*(retriever.aretrieve(QueryBundle(question)) for question in QUESTIONS))

    asyncio.run(ask())


@pytest.mark.parametrize("run", [llama_turn, llama_threads, llama_tasks], ids=lambda run: run.__name__)
def test_a_retriever_of_llama_index(
    make_index: MakeIndex, articles: list[Document], recorder: Recorder, run: Callable[[Any], None]
) -> None:
    index = make_index(llm=WordLLM())
    index.ingest(articles[:4])
    assert len(recorder.of("WordLLM.chat")) == 4 == len([one for one in recorder._done if one.parent_id is None])
    recorder._done.clear()
    retriever = li.LightRAGRetriever(index, similarity_top_k=2, options=QueryOptions(k=2, **ASKING))
    run(retriever)
    calls = recorder.of("WordLLM.chat")
    assert len(calls) == 6
    for call in calls:
        assert recorder.path(call)[0] in ("LightRAGRetriever.retrieve", "LightRAGRetriever.aretrieve")
        (asked,) = [question for question in QUESTIONS if question in recorder.root(call).said]
        assert asked in call.said


async def test_a_pipeline_and_a_reranker_of_llama_index(
    make_index: MakeIndex, articles: list[Document], recorder: Recorder
) -> None:
    index = make_index(llm=WordLLM())
    pipeline = IngestionPipeline(transformations=[li.LightRAGTransform(index=index)])
    nodes = [TextNode(text=article.text, id_=article.id) for article in articles]
    await asyncio.to_thread(pipeline.run, nodes=nodes[:4])
    await pipeline.arun(nodes=nodes[4:])
    found = [NodeWithScore(node=node, score=1.0) for node in nodes]
    li.LightRAGRerank(index=index, reranker=LLMReranker(), top_n=2).postprocess_nodes(found, query_str=QUESTIONS[0])
    roots = Counter(recorder.path(call)[0] for call in recorder.of("WordLLM.chat"))
    assert roots == {"IngestionPipeline.run": 4, "IngestionPipeline.arun": 4, "LightRAGRerank._postprocess_nodes": 1}
