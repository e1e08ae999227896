"""Our retriever and reranker under LlamaIndex's engines."""

import json
from typing import Any

import pytest
from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata, MockLLM
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.query_engine import (
    CitationQueryEngine,
    RetrieverQueryEngine,
    RouterQueryEngine,
    SubQuestionQueryEngine,
)
from llama_index.core.question_gen.types import BaseQuestionGenerator, SubQuestion
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import QueryEngineTool, ToolMetadata
from pydantic import BaseModel

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.llama_index import (
    LightRAGQueryEngine,
    LightRAGRerank,
    LightRAGRetriever,
    LightRAGSynthesizer,
)


class SecondChoice(CustomLLM):
    """Selects the second of whatever is offered."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text='[{"choice": 2, "reason": "it is the second"}]')

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        yield self.complete(prompt)


class Halves(BaseQuestionGenerator):
    """Two questions, one for each tool."""

    def generate(self, tools: Any, query: Any) -> list[SubQuestion]:
        return [SubQuestion(sub_question=query.query_str, tool_name=tool.name) for tool in tools]

    async def agenerate(self, tools: Any, query: Any) -> list[SubQuestion]:
        return self.generate(tools, query)

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts: Any) -> None:
        pass


def engine(index: LightRAGIndex, **settings: Any) -> RetrieverQueryEngine:
    retriever = LightRAGRetriever(index, mode=settings.pop("mode", "mix"), similarity_top_k=3)
    return RetrieverQueryEngine.from_args(retriever, llm=MockLLM(), **settings)


def engines(index: LightRAGIndex) -> dict[str, RetrieverQueryEngine]:
    """LlamaIndex's over one mode, ours over another."""
    ours = LightRAGQueryEngine.from_args(LightRAGRetriever(index, mode="graph", similarity_top_k=3), llm=MockLLM())
    return {"keyword": engine(index, mode="keyword"), "graph": ours}


async def test_blocking_and_asynchronous_answers(library: LightRAGIndex, question: str) -> None:
    one = engine(library).query(question)
    two = await engine(library).aquery(question)
    assert question in str(one) and str(one) == str(two)
    assert len(one.source_nodes) == 3 and one.source_nodes == two.source_nodes
    assert one.source_nodes[0].node.get_content() in str(one)
    assert "lightrag" not in str(one)


async def test_streams(library: LightRAGIndex, question: str) -> None:
    stream = engine(library, streaming=True).query(question)
    assert isinstance(stream, StreamingResponse)
    pieces = list(stream.response_gen)
    assert len(pieces) > 1 and question in "".join(pieces)
    live = await engine(library, streaming=True, use_async=True).aquery(question)
    assert isinstance(live, AsyncStreamingResponse)
    assert "".join([piece async for piece in live.async_response_gen()]) == "".join(pieces)


class Founder(BaseModel):
    """Who founded it."""

    name: str


class Structured(SecondChoice):
    """Answers with what a program wants to read."""

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text='{"name": "Edda Quill"}')


async def test_structured_answers(library: LightRAGIndex, question: str) -> None:
    retriever = LightRAGRetriever(library, similarity_top_k=2)
    for kind in (RetrieverQueryEngine, LightRAGQueryEngine):
        asked = kind.from_args(retriever, llm=Structured(), output_cls=Founder)
        for response in (asked.query(question), await asked.aquery(question)):
            assert response.response == Founder(name="Edda Quill") and len(response.source_nodes) == 2


async def test_with_the_reranker(library: LightRAGIndex, question: str) -> None:
    reranked = engine(library, node_postprocessors=[LightRAGRerank(index=library, top_n=2)])
    nodes = (await reranked.aquery(question)).source_nodes
    assert len(nodes) == 2 and nodes == reranked.query(question).source_nodes
    assert (nodes[0].score or 0) >= (nodes[1].score or 0)


def test_citations_name_our_nodes(library: LightRAGIndex, question: str) -> None:
    cited = CitationQueryEngine(LightRAGRetriever(library, similarity_top_k=2), llm=MockLLM(), citation_chunk_size=512)
    nodes = cited.query(question).source_nodes
    assert [node.node.get_content().split(":")[0] for node in nodes] == ["Source 1", "Source 2"]
    wanted = {item.node.ref_doc_id for item in LightRAGRetriever(library, similarity_top_k=2).retrieve(question)}
    assert {node.node.metadata["source"].removesuffix(".txt") for node in nodes} == wanted


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_router_chooses_a_mode(library: LightRAGIndex, question: str, asynchronous: bool) -> None:
    tools = [
        QueryEngineTool.from_defaults(one, name=mode, description=f"Searches by {mode}.")
        for mode, one in engines(library).items()
    ]
    router = RouterQueryEngine(
        selector=LLMSingleSelector.from_defaults(llm=SecondChoice()), query_engine_tools=tools, llm=MockLLM()
    )
    response = await router.aquery(question) if asynchronous else router.query(question)
    assert {node.node.metadata["lightrag"]["mode"] for node in response.source_nodes} == {"graph"}


async def test_sub_questions(library: LightRAGIndex, question: str) -> None:
    tools = [
        QueryEngineTool(one, ToolMetadata(name=mode, description=f"Searches by {mode}."))
        for mode, one in engines(library).items()
    ]
    sub = SubQuestionQueryEngine(
        question_gen=Halves(),
        response_synthesizer=LightRAGSynthesizer(library, llm=MockLLM()),
        query_engine_tools=tools,
        use_async=False,
        verbose=False,
    )
    assert len((await sub.aquery(question)).source_nodes) == len(sub.query(question).source_nodes) >= 6


@pytest.mark.parametrize("fusion", list(FUSION_MODES))
async def test_a_node_of_two_modes_is_one_for_fusion(
    library: LightRAGIndex, question: str, fusion: FUSION_MODES
) -> None:
    modes: list[Any] = ["keyword", "graph"]
    both: list[Any] = [LightRAGRetriever(library, mode=mode, similarity_top_k=4) for mode in modes]
    fused = QueryFusionRetriever(both, mode=fusion, llm=MockLLM(), num_queries=1, similarity_top_k=8, use_async=False)
    found = fused.retrieve(question)
    wanted = {item.node.node_id for one in both for item in one.retrieve(question)}
    assert len(found) == len(wanted) and {item.node.node_id for item in found} == wanted
    if fusion == FUSION_MODES.RECIPROCAL_RANK:
        ranks = [[item.node.node_id for item in one.retrieve(question)] for one in both]
        shares = {id_: sum(1 / (rank.index(id_) + 60) for rank in ranks if id_ in rank) for id_ in wanted}
        assert {item.node.node_id: item.score for item in found} == pytest.approx(shares)
    assert [item.node.hash for item in await fused.aretrieve(question)] == [item.node.hash for item in found]
    assert json.loads(json.dumps(found[0].node.metadata)) == found[0].node.metadata


async def test_fusion_and_chat(library: LightRAGIndex, question: str) -> None:
    modes = [LightRAGRetriever(library, mode=mode, similarity_top_k=4) for mode in ("keyword", "graph")]  # type: ignore[arg-type]
    fused = QueryFusionRetriever(modes, llm=MockLLM(), num_queries=1, similarity_top_k=5, use_async=False)
    found = fused.retrieve(question)
    assert len({item.node.node_id for item in found}) == len(found) >= 4
    memory = ChatMemoryBuffer.from_defaults()  # the default one leaves a SQLite connection open
    chat = ContextChatEngine.from_defaults(retriever=modes[1], llm=MockLLM(), memory=memory)
    assert len(chat.chat(question).source_nodes) == 4
    assert len((await chat.achat(question)).source_nodes) == 4
