"""The tool, alone and in agents."""

import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import create_retriever_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from lightrag_integrations import ConfigurationError, LightRAGIndex, QueryOptions
from lightrag_integrations.langchain import LightRAGRetriever, LightRAGTool
from tests.frameworks.doubles import AgentChat

QUESTION = "Which bridge did Mira Halden design?"


def call(**arguments: Any) -> Any:
    return {"name": "search_knowledge_graph", "args": arguments, "id": "1", "type": "tool_call"}


async def test_content_is_numbered_and_the_artifact_holds_the_documents(library: LightRAGIndex) -> None:
    tool = LightRAGTool(index=library)
    message = tool.invoke(call(query=QUESTION, mode="graph", k=2))
    assert isinstance(message, ToolMessage)
    assert len(message.artifact) == 2
    for number, document in enumerate(message.artifact, 1):
        assert f"[{number}] {document.metadata['title']}" in message.content
        assert document.page_content in message.content
        assert document.metadata["lightrag"]["mode"] == "graph"
    again = await tool.ainvoke(call(query=QUESTION, mode="graph", k=2))
    assert (again.content, again.artifact) == (message.content, message.artifact)


def test_the_model_sees_query_mode_and_k_only(library: LightRAGIndex) -> None:
    tool = LightRAGTool(index=library, filter={"even": True}, k=8)
    assert set(tool.tool_call_schema.model_json_schema()["properties"]) == {"query", "mode", "k"}
    found = tool.invoke(call(query=QUESTION, filter={"even": False}, mode="vector")).artifact
    assert found and all(document.metadata["even"] for document in found)
    assert "even" not in repr(tool) + json.dumps(tool.model_dump(), default=repr)


def test_refused_arguments_go_back_to_the_model(library: LightRAGIndex) -> None:
    message = LightRAGTool(index=library).invoke(call(query="  "))
    assert message.status == "error" and "query" in message.content
    assert LightRAGTool(index=library, mode="keyword").invoke(call(query="xylophone")).content == "Nothing was found."


def test_nothing_secret_is_shown() -> None:
    index = LightRAGIndex("secret", database="postgresql://user:s3cr3t-word@127.0.0.1:1/db")
    hidden = {"tenant": "s3cr3t-tenant"}
    tool = LightRAGTool(index=index, filter=hidden, options=QueryOptions(filter=hidden))
    assert "s3cr3t" not in repr(tool) + dumps(tool) + json.dumps(tool.get_input_jsonschema())
    index.close()


async def test_as_agent_executors_call_it(library: LightRAGIndex) -> None:
    """By `run` and `arun`, which give no configuration; what a chain around them says counts."""
    tool, scoped = LightRAGTool(index=library), LightRAGTool(index=library, scope=("even",))
    assert str(tool.run("Corvane Bridge")).startswith("[1]") and await tool.arun("Corvane Bridge") == tool.run(
        "Corvane Bridge"
    )
    with pytest.raises(ConfigurationError, match="'even' of its run"):
        scoped.run("Corvane Bridge")
    chain = RunnableLambda(lambda query: scoped.run(query))
    assert "Lantern Fair" in chain.invoke("Lantern Fair", {"configurable": {"even": True}})
    assert "Lantern Fair\n" not in chain.invoke("Lantern Fair", {"configurable": {"even": False}})


async def test_langchains_own_retriever_tool(library: LightRAGIndex) -> None:
    tool = create_retriever_tool(LightRAGRetriever(index=library, k=2), "search", "Searches.")
    assert "Corvane Bridge" in tool.invoke({"query": QUESTION})
    assert await tool.ainvoke({"query": QUESTION}) == tool.invoke({"query": QUESTION})


async def test_in_an_agent_with_a_checkpointer(library: LightRAGIndex) -> None:
    saver = InMemorySaver()
    model = AgentChat(arguments={"query": QUESTION, "mode": "mix", "k": 2, "filter": {}})
    agent = create_agent(model, [LightRAGTool(index=library, filter={"year": {"$gt": 1900}})], checkpointer=saver)
    config: Any = {"configurable": {"thread_id": "t"}}
    events: list[Any] = [
        event
        async for event in agent.astream_events({"messages": [HumanMessage(QUESTION)]}, config, version="v2")
        if event["event"] in ("on_tool_start", "on_retriever_start", "on_retriever_end", "on_tool_end")
    ]
    order = ["on_tool_start", "on_retriever_start", "on_retriever_end", "on_tool_end"]
    assert [event["event"] for event in events] == order
    assert events[1]["parent_ids"][-1] == events[0]["run_id"]
    state = await agent.aget_state(config)
    told = next(message for message in state.values["messages"] if isinstance(message, ToolMessage))
    assert told.content.startswith("[1] ") and len(told.artifact) == 2
    # What comes out of a checkpoint is data: LangGraph keeps no types inside an artifact.
    kept = [Document(**document) for document in told.artifact]
    assert kept == events[2]["data"]["output"]
    assert all(document.metadata["year"] > 1900 for document in kept)
    assert state.values["messages"][-1].content.startswith("Read: [1]")


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_in_a_tool_node(library: LightRAGIndex, asynchronous: bool) -> None:
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([LightRAGTool(index=library)]))
    graph.add_edge(START, "tools")
    compiled = graph.compile()
    given: Any = {"messages": [AIMessage("", tool_calls=[call(query=QUESTION, k=1)])]}
    result = await compiled.ainvoke(given) if asynchronous else compiled.invoke(given)
    assert result["messages"][-1].artifact[0].page_content.startswith("Mira Halden designed")
