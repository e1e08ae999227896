"""Models of both frameworks that answer our prompts offline, from the words they are given."""

import hashlib
import math
import threading
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from pydantic import PrivateAttr

from lightrag_integrations import Chunk, ExtractedEntity, ExtractedRelation, Extraction
from tests.doubles.answers import answer, extraction, kind_of


class WordChat(BaseChatModel):
    """A LangChain chat model: extractions, keywords, rankings and cited answers, made from the prompt."""

    _lock: Any = PrivateAttr(default_factory=threading.Lock)
    _kinds: list[str] = PrivateAttr(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        return list(self._kinds)

    @property
    def _llm_type(self) -> str:
        return "word-chat"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        told = [{"role": "user" if item.type == "human" else item.type, "content": item.text} for item in messages]
        kind = kind_of(told, {})
        with self._lock:
            self._kinds.append(kind)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(answer(kind, told)))])


class AgentChat(BaseChatModel):
    """A LangChain chat model that calls the first tool bound with the arguments given, then answers."""

    arguments: dict[str, Any]
    bound: list[Any] = []  # noqa: RUF012 - pydantic copies it

    @property
    def _llm_type(self) -> str:
        return "agent-chat"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> "AgentChat":
        return AgentChat(arguments=self.arguments, bound=list(tools))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if isinstance(messages[-1], ToolMessage):
            message = AIMessage(f"Read: {messages[-1].text}")
        else:
            call = {"name": self.bound[0].name, "args": self.arguments, "id": "call-1", "type": "tool_call"}
            message = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])


class WordLLM(CustomLLM):
    """A LlamaIndex LLM that answers the same way."""

    _kinds: list[str] = PrivateAttr(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        return list(self._kinds)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="word-llm")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        told = [{"role": "user", "content": prompt.removeprefix("user: ").removesuffix("\nassistant: ")}]
        kind = kind_of(told, {})
        self._kinds.append(kind)
        return CompletionResponse(text=answer(kind, told))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        text = self.complete(prompt).text
        return (CompletionResponse(text=text[: end + 1], delta=text[end]) for end in range(len(text)))


class WordExtractor:
    """An `Extractor` that counts its calls. Can be pickled."""

    fingerprint = "words-1"

    def __init__(self) -> None:
        self.calls = 0

    async def extract(self, chunk: Chunk) -> Extraction:
        self.calls += 1
        found = extraction(chunk.text)
        return Extraction(
            entities=[ExtractedEntity(**entity) for entity in found["entities"]],
            relations=[ExtractedRelation(**relation) for relation in found["relations"]],
        )


class WordEmbedder:
    """An `Embedder` over hashed words that does not call itself lexical, and counts its texts. Can be pickled."""

    fingerprint = "words-64"

    def __init__(self) -> None:
        self.texts = 0
        self.down = False

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        if self.down:
            raise RuntimeError("the model is down")
        self.texts += len(texts)
        return [self.vector(text) for text in texts]

    @staticmethod
    def vector(text: str) -> list[float]:
        values = [0.0] * 64
        for word in text.lower().split():
            digest = hashlib.sha256(word.strip(".,?!").encode()).digest()
            values[digest[0] % 64] += 1.0
        length = math.sqrt(sum(value * value for value in values)) or 1.0
        return [value / length for value in values]
