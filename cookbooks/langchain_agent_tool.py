"""A LangChain agent that searches an index with our tool. Runs offline.

`ScriptedModel` calls the tool once and then answers; in its place put a chat model that can call tools. What the tool
may search is fixed by `filter`: the model can't change it.
"""

from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from lightrag_integrations import Document, LightRAGIndex
from lightrag_integrations.langchain import LightRAGTool

DOCUMENTS = [
    Document(id="hours", text="The Larvik office is open from nine to four.", metadata={"tenant": "north"}),
    Document(id="keys", text="Spare keys of the Larvik office are with Ingrid Moe.", metadata={"tenant": "north"}),
    Document(id="other", text="The Dundee office keeps its keys in the safe.", metadata={"tenant": "south"}),
]


class ScriptedModel(BaseChatModel):
    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> BaseChatModel:
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            reply = AIMessage(f"I found this: {last.content}")
        else:
            call = {"name": "search_knowledge_graph", "args": {"query": last.content, "k": 1}, "id": "call-1"}
            reply = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=reply)])


def main() -> None:
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook", database=directory) as index:
        index.ingest(DOCUMENTS)
        tool = LightRAGTool(index=index, filter={"tenant": "north"})
        agent = create_agent(ScriptedModel(), tools=[tool])
        state = agent.invoke({"messages": [("user", "Who has the spare keys of the office?")]})
        for message in state["messages"]:
            message.pretty_print()


if __name__ == "__main__":
    main()
