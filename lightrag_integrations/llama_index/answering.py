"""Which model answers, and a handle's own chat model as a LlamaIndex LLM."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, closing
from typing import Any

from llama_index.core import Settings
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import CustomLLM
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.llm import LLM
from llama_index.core.llms.utils import resolve_llm
from pydantic import Field

from lightrag_integrations import AnswerOptions, ConfigurationError, LightRAGIndex

__all__ = ["HandleLLM", "answering_llm", "of_the_handle"]

_CONTEXT_WINDOW = 32_768


class HandleLLM(CustomLLM):
    """A model behind a handle's limits, retries and ledger, where LlamaIndex wants an LLM of its own kind."""

    index: LightRAGIndex = Field(exclude=True, repr=False)
    """The handle."""
    model: Any = Field(default=None, exclude=True, repr=False)
    """Whatever a handle takes as `llm`; None: the one that it answers with."""
    context_window: int = _CONTEXT_WINDOW
    """Tokens that the model takes; there is no way to ask it."""

    @classmethod
    def class_name(cls) -> str:
        """Stable name."""
        return "LightRAGHandleLLM"

    @property
    def metadata(self) -> LLMMetadata:
        """Name and window of the model."""
        name = getattr(self.model, "model_name", None) or getattr(self.model, "model", None)
        return LLMMetadata(
            model_name=str(name or self.index.describe()["llm"]), context_window=self.context_window, is_chat_model=True
        )

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Ask."""
        text, options = self._asked(messages)
        return _reply(self.index.answer(text, mode="bypass", options=options).text)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Like `chat`."""
        text, options = self._asked(messages)
        return _reply((await self.index.aanswer(text, mode="bypass", options=options)).text)

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Like `chat`, in pieces."""
        return (_reply(said, piece) for said, piece in self._pieces(messages))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Like `chat`, in pieces."""
        return (_reply(said, piece) async for said, piece in self._apieces(messages))

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Ask with one message."""
        text, options = self._asked([ChatMessage(prompt)])
        return CompletionResponse(text=self.index.answer(text, mode="bypass", options=options).text)

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Like `complete`."""
        text, options = self._asked([ChatMessage(prompt)])
        return CompletionResponse(text=(await self.index.aanswer(text, mode="bypass", options=options)).text)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Like `complete`, in pieces."""
        pieces = self._pieces([ChatMessage(prompt)])
        return (CompletionResponse(text=said, delta=piece) for said, piece in pieces)

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """Like `complete`, in pieces."""
        pieces = self._apieces([ChatMessage(prompt)])
        return (CompletionResponse(text=said, delta=piece) async for said, piece in pieces)

    def _pieces(self, messages: Sequence[ChatMessage]) -> Generator[tuple[str, str], None, None]:
        """What was said so far, and what is new of it."""
        text, options = self._asked(messages)
        stream: Any = self.index.stream_answer(text, mode="bypass", options=options)
        said = ""
        with closing(stream):
            for piece in stream:
                said += piece
                yield said, piece

    async def _apieces(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[tuple[str, str], None]:
        """Like `_pieces`."""
        text, options = self._asked(messages)
        stream: Any = self.index.astream_answer(text, mode="bypass", options=options)
        said = ""
        async with aclosing(stream):
            async for piece in stream:
                said += piece
                yield said, piece

    def _asked(self, messages: Sequence[ChatMessage]) -> tuple[str, AnswerOptions]:
        """The last message as the question, those before as instructions and history."""
        *earlier, last = messages
        system = [item.content or "" for item in earlier if item.role == MessageRole.SYSTEM]
        history = tuple(
            ("assistant" if item.role == MessageRole.ASSISTANT else "user", item.content or "")
            for item in earlier
            if item.role != MessageRole.SYSTEM
        )
        options = AnswerOptions(
            history=history,
            user_prompt="\n\n".join(system),
            max_completion_tokens=self.index.options.answer.max_completion_tokens,
            llm=self.model,
        )
        return last.content or "", options


def of_the_handle(index: LightRAGIndex) -> Any:
    """The model that the handle answers with, as it was given; None without one."""
    own = index.options.models.answer
    return index.llm if own is None else own


def answering_llm(index: LightRAGIndex, llm: Any = None) -> LLM:
    """The LLM that answers: the one given, else the handle's, else `Settings.llm` as it is now.

    Args:
        index: The handle.
        llm: A LlamaIndex LLM, whatever else a handle takes as `llm`, or a name that LlamaIndex resolves.

    Raises:
        ConfigurationError: There is none of the three.
    """
    if isinstance(llm, str):
        return resolve_llm(llm)
    chosen = of_the_handle(index) if llm is None else llm
    if isinstance(chosen, LLM):
        return chosen
    if chosen is not None:
        return HandleLLM(index=index, model=llm)
    try:
        return Settings.llm
    except (ImportError, ValueError) as error:
        raise ConfigurationError(
            "no model to answer with: the handle has no llm=, none was given here as llm=, and Settings.llm is not set"
        ) from error


def _reply(text: str, delta: str | None = None) -> ChatResponse:
    return ChatResponse(message=ChatMessage(text, role=MessageRole.ASSISTANT), delta=delta)
