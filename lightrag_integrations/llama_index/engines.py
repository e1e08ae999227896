"""An index as query engine and chat engine: each argument goes where it belongs, unknown ones are refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from llama_index.core.chat_engine import (
    CondensePlusContextChatEngine,
    CondenseQuestionChatEngine,
    ContextChatEngine,
    SimpleChatEngine,
)
from llama_index.core.chat_engine.types import BaseChatEngine, ChatMode
from llama_index.core.query_engine import RetrieverQueryEngine

from lightrag_integrations import InputError, LightRAGIndex
from lightrag_integrations.llama_index.answering import answering_llm
from lightrag_integrations.llama_index.query_engine import LightRAGQueryEngine
from lightrag_integrations.llama_index.retriever import LightRAGRetriever

__all__ = ["chat_engine", "query_engine"]

_CHATS: Mapping[ChatMode, Any] = MappingProxyType(
    {
        ChatMode.BEST: CondensePlusContextChatEngine,
        ChatMode.CONDENSE_PLUS_CONTEXT: CondensePlusContextChatEngine,
        ChatMode.CONTEXT: ContextChatEngine,
        ChatMode.CONDENSE_QUESTION: CondenseQuestionChatEngine,
        ChatMode.SIMPLE: SimpleChatEngine,
    }
)
_GIVEN = frozenset({"self", "cls", "index", "retriever", "query_engine", "llm", "kwargs"})
_ENGINES = (LightRAGQueryEngine.from_args, RetrieverQueryEngine.from_args)


def query_engine(index: LightRAGIndex, llm: Any, settings: Mapping[str, Any]) -> LightRAGQueryEngine:
    """A query engine over a handle.

    Args:
        index: The handle.
        llm: What answers; None: the handle's model, then `Settings.llm`.
        settings: Of the retriever and of the engine, by name.

    Raises:
        InputError: An argument is neither's.
    """
    searching, answering = _for(_names(LightRAGRetriever.__init__), settings), _for(_names(*_ENGINES), settings)
    _refuse_others(settings, LightRAGRetriever.__init__, *_ENGINES)
    own = {name: value for name, value in answering.items() if name not in searching or name == "callback_manager"}
    return LightRAGQueryEngine.from_args(LightRAGRetriever(index, **searching), llm, **own)


def chat_engine(index: LightRAGIndex, mode: ChatMode, llm: Any, settings: Mapping[str, Any]) -> BaseChatEngine:
    """A chat engine over a handle; see `query_engine`."""
    kind = _CHATS.get(mode)
    if kind is None:
        modes = ", ".join(one.value for one in _CHATS)
        raise InputError(f"chat_mode: got {mode.value!r}; expected one of {modes}; for agents, see LightRAGToolSpec")
    chatting = _for(_names(kind.from_defaults), settings)
    searching = _for(_names(LightRAGRetriever.__init__), settings)
    parts: dict[str, Any] = {"llm": answering_llm(index, llm)}
    if kind is CondenseQuestionChatEngine:
        _refuse_others(settings, LightRAGRetriever.__init__, kind.from_defaults, *_ENGINES)
        asking = {name: value for name, value in settings.items() if name in searching or name not in chatting}
        parts["query_engine"] = query_engine(index, llm, asking)
    else:
        _refuse_others(settings, LightRAGRetriever.__init__, kind.from_defaults)
        if kind is not SimpleChatEngine:
            parts["retriever"] = LightRAGRetriever(index, **searching)
    engine: BaseChatEngine = kind.from_defaults(**parts, **chatting)
    return engine


def _for(names: set[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name in names}


def _refuse_others(settings: Mapping[str, Any], *takers: Callable[..., Any]) -> None:
    known = _names(*takers)
    unknown = sorted(settings.keys() - known)
    if unknown:
        raise InputError(f"got unknown arguments {', '.join(unknown)}; expected some of {', '.join(sorted(known))}")


def _names(*functions: Callable[..., Any]) -> set[str]:
    return {name for one in functions for name in inspect.signature(one).parameters} - _GIVEN
