"""What a tool may search is said by the program, for each run, and never by the model."""

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, create_react_agent

from lightrag_integrations import ConfigurationError, LightRAGIndex, QueryOptions
from lightrag_integrations.langchain import LightRAGTool
from lightrag_integrations.langchain.injected import Told, narrowed
from tests.frameworks.doubles import AgentChat

QUESTION = "Which bridge did Mira Halden design?"
FORGED: dict[str, Any] = {
    "query": QUESTION,
    "k": 8,
    "filter": {"even": False},
    "even": False,
    "scope": [],
    "config": {"configurable": {"even": False}},
    "runtime": {"context": {"even": False}, "config": {"configurable": {"even": False}}},
    "lightrag_filter": {"even": False},
}


@dataclass
class Context:
    even: bool
    secret: str = "s3cr3t"


def call(**arguments: Any) -> Any:
    return {"name": "search_knowledge_graph", "args": arguments, "id": "1", "type": "tool_call"}


def parities(documents: Any) -> set[bool]:
    """Documents, as they are or as a checkpoint keeps them."""
    found = [one["metadata"] if isinstance(one, dict) else one.metadata for one in documents]
    assert found
    return {metadata["even"] for metadata in found}


def configured(**values: Any) -> Any:
    return {"configurable": values}


async def test_a_run_says_what_is_searched_and_the_model_cannot(library: LightRAGIndex) -> None:
    tool = LightRAGTool(index=library, scope=("even",))
    assert set(tool.tool_call_schema.model_json_schema()["properties"]) == {"query", "mode", "k"}
    for even in (True, False):
        found = tool.invoke(call(**{**FORGED, "even": not even}), configured(even=even)).artifact
        assert parities(found) == {even} and len(found) == (5 if even else 3)
        assert (await tool.ainvoke(call(**FORGED), configured(even=even))).artifact == found
    assert parities(tool.invoke(call(**FORGED), configured(even=[True, False])).artifact) == {True, False}
    for said in ({}, {"even": None}, {"even": {"$ne": 3}}, {"even": []}, {"even": [{"$ne": 3}]}):
        with pytest.raises(ConfigurationError, match=r"'even' of its run; got .*configurable"):
            tool.invoke(call(**FORGED), configured(**said))
    with pytest.raises(ConfigurationError):
        await tool.ainvoke(call(**FORGED))


def test_all_that_is_said_must_pass(library: LightRAGIndex) -> None:
    """The tool's own filter or the options', the scope, and the run's filter."""
    old = {"year": {"$lt": 1900}}
    for tool in (
        LightRAGTool(index=library, scope=("even",), filter=old),
        LightRAGTool(index=library, scope=("even",), options=QueryOptions(filter=old)),
    ):
        found = tool.invoke(call(**FORGED), configured(even=True, lightrag_filter={"year": {"$gt": 1800}})).artifact
        assert {(document.metadata["even"], document.metadata["year"]) for document in found} == {
            (True, 1802), (True, 1840),
        }  # fmt: skip
    everything = LightRAGTool(index=library, filter={}, options=QueryOptions(filter=old))
    assert len(everything.invoke(call(query=QUESTION, k=8)).artifact) == 8
    with pytest.raises(ConfigurationError, match=r"lightrag_filter of this run: .*\$after"):
        LightRAGTool(index=library).invoke(call(query=QUESTION), configured(lightrag_filter={"year": {"$after": 1}}))


@pytest.mark.parametrize("said_in", ["context", "configurable"])
async def test_one_agent_for_all_tenants(library: LightRAGIndex, said_in: str) -> None:
    tool = LightRAGTool(index=library, scope=("even",))
    agent = create_agent(AgentChat(arguments=FORGED), [tool], checkpointer=InMemorySaver(), context_schema=Context)
    for even in (True, False):
        config = {"configurable": {"thread_id": str(even), **({"even": even} if said_in == "configurable" else {})}}
        given: Any = {"context": Context(even)} if said_in == "context" else {}
        asked: Any = {"messages": [HumanMessage(QUESTION)]}
        state = await agent.ainvoke(asked, config, **given)  # type: ignore[call-overload]
        told = next(message for message in state["messages"] if isinstance(message, ToolMessage))
        assert parities(told.artifact) == {even}
        kept = (await agent.aget_state(config)).values["messages"]  # type: ignore[arg-type]
        assert parities(next(message for message in kept if isinstance(message, ToolMessage)).artifact) == {even}
        assert "s3cr3t" not in json.dumps([message.model_dump(mode="json") for message in kept])
    with pytest.raises(ConfigurationError, match="'even' of its run"):
        await agent.ainvoke({"messages": [HumanMessage(QUESTION)]}, {"configurable": {"thread_id": "none"}})


@dataclass
class Unknown:
    """Of a run whose tenant nobody knows."""

    even: bool | None = None


def test_what_the_context_says_counts_and_every_filter_narrows() -> None:
    def filter_of(context: Any, **values: Any) -> Any:
        told = Told(configured(**values), SimpleNamespace(context=context))
        return narrowed(None, scope=("even",), told=told)

    assert filter_of(None, even=True) == {"even": {"$in": [True]}}
    assert filter_of({}, even=True) == filter_of({"even": True}, even=False) == {"even": {"$in": [True]}}
    for context in (Unknown(), {"even": None}):
        with pytest.raises(ConfigurationError, match="'even' of its run"):
            filter_of(context, even=True)
    new, old = {"year": {"$gt": 1800}}, {"year": {"$lt": 1900}}
    assert filter_of({"even": True, "lightrag_filter": new}, lightrag_filter=old) == {
        "$and": [{"even": {"$in": [True]}}, new, old]
    }
    assert filter_of({"even": True, "lightrag_filter": None}, lightrag_filter=old) == {
        "$and": [{"even": {"$in": [True]}}, old]
    }


def test_in_the_older_agent(library: LightRAGIndex) -> None:
    with pytest.warns(Warning, match="create_react_agent has been moved"):
        agent = create_react_agent(AgentChat(arguments=FORGED), [LightRAGTool(index=library, scope=("even",))])
    state = agent.invoke({"messages": [HumanMessage(QUESTION)]}, configured(even=True))
    assert parities(state["messages"][-2].artifact) == {True}
    assert state["messages"][-1].content.startswith("Read: [1]")


@pytest.mark.parametrize("node", ["ToolNode", "a node of one's own"])
def test_refused_arguments_are_a_message_that_the_model_can_read(library: LightRAGIndex, node: str) -> None:
    tool = LightRAGTool(index=library, scope=("even",))
    graph = StateGraph(MessagesState, context_schema=Context)
    own: Any = lambda state, config: {"messages": [tool.invoke(state["messages"][-1].tool_calls[0], config)]}  # noqa: E731
    graph.add_node("tools", ToolNode([tool]) if node == "ToolNode" else own)
    graph.add_edge(START, "tools")
    compiled = graph.compile()

    def answered(**arguments: Any) -> ToolMessage:
        given: Any = {"messages": [AIMessage("", tool_calls=[call(**arguments)])]}
        message = compiled.invoke(given, configured(even=True), context=Context(True))["messages"][-1]
        assert isinstance(message, ToolMessage) and message.status == "error"
        assert "s3cr3t" not in str(message)
        return message

    wrong = str(answered(query=QUESTION, mode="fuzzy", k=99).content)
    assert "mode: got 'fuzzy'" in wrong and "'keyword', 'vector'" in wrong and "k: got 99" in wrong
    assert "query: Field required" in str(answered(mode="mix").content)
    assert "query" in str(answered(query=" ").content)


def test_a_bad_mode_is_told_outside_of_graphs_too(library: LightRAGIndex) -> None:
    tool = LightRAGTool(index=library)
    assert "mode: got 'fuzzy'" in tool.invoke({"query": QUESTION, "mode": "fuzzy"})
    assert tool.invoke(call(query=QUESTION, mode="fuzzy")).status == "error"
