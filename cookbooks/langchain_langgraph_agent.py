"""One LangGraph agent for all tenants, with a memory for each conversation. Runs offline.

Each run says its tenant in the context; `scope` keeps the search within it, and a run that says none is refused.
`ScriptedModel` calls the tool with what it should not be able to choose, and then answers; in its place put a chat
model that can call tools, and a `PostgresSaver` in place of `InMemorySaver`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.memory import InMemorySaver

from lightrag_integrations import Document, LightRAGIndex
from lightrag_integrations.langchain import LightRAGTool

DOCUMENTS = [
    Document(id="north", text="Spare keys of the office are with Ingrid Moe.", metadata={"tenant": "north"}),
    Document(id="south", text="Spare keys of the office are in the safe.", metadata={"tenant": "south"}),
]


@dataclass
class Context:
    tenant: str


class ScriptedModel(BaseChatModel):
    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> BaseChatModel:
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            asked = sum(isinstance(message, HumanMessage) for message in messages)
            reply = AIMessage(f"(question {asked}) {last.text}")
        else:
            forged = {"query": last.text, "tenant": "south", "filter": {"tenant": "south"}}
            reply = AIMessage("", tool_calls=[{"name": "search_knowledge_graph", "args": forged, "id": "call"}])
        return ChatResult(generations=[ChatGeneration(message=reply)])


def main() -> None:
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook", database=directory) as index:
        index.ingest(DOCUMENTS)
        tool = LightRAGTool(index=index, scope=("tenant",), k=1)
        agent = create_agent(ScriptedModel(), tools=[tool], checkpointer=InMemorySaver(), context_schema=Context)
        for tenant in ("north", "south", "north"):
            state = agent.invoke(
                {"messages": [HumanMessage("Who has the spare keys of the office?")]},
                {"configurable": {"thread_id": f"conversation of {tenant}"}},
                context=Context(tenant),
            )
            print(f"{tenant}: {state['messages'][-1].text}")


if __name__ == "__main__":
    main()
