"""The tool spec, alone and in agents."""

from typing import Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.objects import ObjectIndex
from llama_index.core.tools import RetrieverTool
from llama_index.core.tools.tool_spec.base import BaseToolSpec

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.llama_index import LightRAGRetriever, LightRAGToolSpec

LLAMA_INDEX_LOOKS_AT_OLD_NAMES = pytest.mark.filterwarnings(
    "ignore::pydantic.warnings.PydanticDeprecationWarning", "ignore:is_running called:DeprecationWarning"
)
QUESTION = "Which bridge did Mira Halden design?"


async def test_one_tool_with_query_mode_and_k(library: LightRAGIndex) -> None:
    spec = LightRAGToolSpec(library)
    assert isinstance(spec, BaseToolSpec)
    (tool,) = spec.to_tool_list()
    assert set(tool.metadata.get_parameters_dict()["properties"]) == {"query", "mode", "k"}
    assert len(tool.metadata.description) < 1024
    assert tool.metadata.to_openai_tool()["function"]["name"] == "search"
    output = tool(query=QUESTION, mode="graph", k=2)
    assert [item.node.metadata["lightrag"]["mode"] for item in output.raw_output] == ["graph", "graph"]
    for number, item in enumerate(output.raw_output, 1):
        assert f"[{number}] {item.node.metadata['title']}" in output.content
        assert item.get_content() in output.content
    assert (await tool.acall(query=QUESTION, mode="graph", k=2)).raw_output == output.raw_output


def test_what_may_be_searched_is_fixed(library: LightRAGIndex) -> None:
    spec = LightRAGToolSpec(library, filters={"even": True})
    found = spec.search(QUESTION, mode="vector", k=50)
    assert len(found) == 5 and all(item.node.metadata["even"] for item in found)
    assert "even" not in str(spec.to_tool_list()[0].metadata.get_parameters_dict())
    assert len(spec.search(QUESTION, k=0)) == 1
    assert str(spec.search("xylophone", mode="keyword")) == "Nothing was found."


class Reasoning(CustomLLM):
    """Reasons once with the tool, then answers from what it saw."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        if "Observation:" in prompt.rsplit(QUESTION, 1)[-1]:
            seen = prompt.rsplit("Observation:", 1)[-1]
            return CompletionResponse(text=f"Thought: I can answer.\nAnswer: {' '.join(seen.split())[:80]}")
        action = f'{{"query": "{QUESTION}", "mode": "mix", "k": 1}}'
        return CompletionResponse(text=f"Thought: I need the tool.\nAction: search\nAction Input: {action}")

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        yield self.complete(prompt)


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The query strings that reach the retriever."""
    seen: list[str] = []
    original = LightRAGRetriever._aretrieve

    async def noted(self: LightRAGRetriever, query_bundle: Any) -> Any:
        seen.append(query_bundle.query_str)
        return await original(self, query_bundle)

    monkeypatch.setattr(LightRAGRetriever, "_aretrieve", noted)
    return seen


@LLAMA_INDEX_LOOKS_AT_OLD_NAMES
async def test_in_a_reasoning_agent(library: LightRAGIndex, queries: list[str]) -> None:
    agent = ReActAgent(tools=LightRAGToolSpec(library).to_tool_list(), llm=Reasoning(), streaming=False)
    answer = await agent.run(QUESTION, memory=ChatMemoryBuffer.from_defaults())
    assert queries == [QUESTION]
    assert "[1] Mira Halden" in str(answer)


@LLAMA_INDEX_LOOKS_AT_OLD_NAMES
async def test_in_a_function_agent(library: LightRAGIndex, queries: list[str]) -> None:
    def respond(messages: Any, **kwargs: Any) -> Any:
        if messages[-1].role == "tool":
            return ChatMessage(role="assistant", content=messages[-1].content)
        arguments = {"query": QUESTION, "mode": "graph", "k": 1}
        call = ToolCallBlock(tool_call_id="1", tool_name="search", tool_kwargs=arguments)
        return ChatMessage(role="assistant", blocks=[call])

    agent = FunctionAgent(
        tools=LightRAGToolSpec(library).to_tool_list(),
        llm=MockFunctionCallingLLM(response_generator=respond),
        streaming=False,
    )
    answer = await agent.run(QUESTION, memory=ChatMemoryBuffer.from_defaults())
    assert queries == [QUESTION]
    assert "[1] Mira Halden" in str(answer)


def test_beside_llama_indexs_own_tools(library: LightRAGIndex) -> None:
    tools = ObjectIndex.from_objects(
        LightRAGToolSpec(library).to_tool_list(), index_cls=VectorStoreIndex, embed_model=MockEmbedding(embed_dim=4)
    )
    assert tools.as_retriever(similarity_top_k=1).retrieve("search")[0].metadata.name == "search"
    own = RetrieverTool.from_defaults(LightRAGRetriever(library, similarity_top_k=2), description="Searches.")
    assert "Corvane Bridge" in str(own.call(QUESTION))
