"""A LlamaIndex agent that searches an index with our tool spec. Runs offline.

`MockFunctionCallingLLM` follows a script; in its place put an LLM that can call functions.
"""

import asyncio
from tempfile import TemporaryDirectory
from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, TextBlock, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM

from lightrag_integrations import Document, LightRAGIndex
from lightrag_integrations.llama_index import LightRAGToolSpec

DOCUMENTS = [
    Document(id="hours", text="The Larvik office is open from nine to four."),
    Document(id="keys", text="Spare keys of the Larvik office are with Ingrid Moe."),
]


def script(messages: list[ChatMessage], **_: Any) -> Any:
    found = [message.content for message in messages if message.role == "tool"]
    if found:
        return ChatMessage(role="assistant", blocks=[TextBlock(text=f"Ingrid Moe has them. I read:\n{found[-1]}")])
    question = str(messages[-1].content)
    return ChatMessage(
        role="assistant",
        blocks=[ToolCallBlock(tool_call_id="call-1", tool_name="search", tool_kwargs={"query": question, "k": 1})],
    )


async def main() -> None:
    with TemporaryDirectory() as directory:
        async with LightRAGIndex("cookbook", database=directory) as index:
            await index.aingest(DOCUMENTS)
            tools = LightRAGToolSpec(index=index).to_tool_list()
            print("tools:", ", ".join(str(tool.metadata.name) for tool in tools))
            agent = FunctionAgent(tools=tools, llm=MockFunctionCallingLLM(response_generator=script))
            print(await agent.run("Who has the spare keys of the office?"))


if __name__ == "__main__":
    asyncio.run(main())
