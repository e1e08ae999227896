"""Tokens of model calls that we make are seen by LangChain's own counters, wherever the call comes from."""

from typing import Any

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_core.callbacks import UsageMetadataCallbackHandler, get_usage_metadata_callback
from langchain_core.documents import Document
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from lightrag_integrations import LightRAGIndex, QueryOptions
from lightrag_integrations.langchain import (
    LightRAGIngestor,
    LightRAGReranker,
    LightRAGRetriever,
    LightRAGTool,
    LightRAGVectorStore,
)
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat

QUESTION = "Which bridge did Mira Halden design?"
TEXTS = ("Mira Halden designed the Corvane Bridge.", "Edda Quill founded the Tarn Institute.")


class CountedChat(WordChat):
    """Says what each call took, as models of providers do."""

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        answer = super()._generate(*args, **kwargs).generations[0].message
        message = AIMessage(
            answer.content,
            usage_metadata={"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
            response_metadata={"model_name": "counted-1"},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


@pytest.fixture
def index(make_index: MakeIndex) -> LightRAGIndex:
    return make_index(llm=CountedChat())


def seen(handler: UsageMetadataCallbackHandler) -> int:
    """Calls seen since the last time."""
    usage: Any = handler.usage_metadata.get("counted-1", {"input_tokens": 0, "output_tokens": 0})
    calls, rest = divmod(usage["input_tokens"], 10)
    assert rest == 0 and usage["output_tokens"] == 5 * calls
    handler.usage_metadata = {}
    return calls


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_callbacks_of_a_run_see_its_model_calls(index: LightRAGIndex, asynchronous: bool) -> None:
    handler = UsageMetadataCallbackHandler()
    config: Any = {"callbacks": [handler]}

    async def run(runnable: Any, given: Any) -> Any:
        return await runnable.ainvoke(given, config) if asynchronous else runnable.invoke(given, config)

    report = await run(LightRAGIngestor(index=index), [Document(text) for text in TEXTS])
    assert seen(handler) == report.model_calls == 2
    assert (report.prompt_tokens, report.completion_tokens) == (20, 10)

    options = QueryOptions(keywords=True)
    await run(LightRAGRetriever(index=index, mode="local", options=options), QUESTION)
    assert seen(handler) == 1
    await run(LightRAGRetriever(index=index, mode="local", options=options, rerank="llm"), QUESTION)
    assert seen(handler) == 2
    await run(LightRAGRetriever(index=index), QUESTION)
    assert seen(handler) == 0
    await run(LightRAGTool(index=index, mode="local", options=options), {"query": QUESTION})
    assert seen(handler) == 1
    compressed = ContextualCompressionRetriever(
        base_compressor=LightRAGReranker(index=index, reranker="llm", top_n=1),
        base_retriever=LightRAGRetriever(index=index),
    )
    assert len(await run(compressed, QUESTION)) == 1
    assert seen(handler) == 1


async def test_the_counter_of_a_block_sees_all_calls_in_it(index: LightRAGIndex) -> None:
    store = LightRAGVectorStore(index=index, build_graph=True)
    with get_usage_metadata_callback() as handler:
        store.add_texts(TEXTS[:1])
        await store.aadd_texts(TEXTS[1:])
        assert seen(handler) == 2
        assert index.ingest("Otto Varga likes Mira Halden.").model_calls == seen(handler) == 1
        await index.aanswer(QUESTION)
        assert index.answer(QUESTION).completion_tokens == 5
        assert seen(handler) == 2
        store.search(QUESTION, "global", keywords=True)
        await store.asearch(QUESTION, "global", keywords=True)
        assert seen(handler) == 2
    index.answer(QUESTION)
    assert seen(handler) == 0
