"""LightRAG's keywords, made by a model where asked for."""

from __future__ import annotations

from pydantic import BaseModel, Field

from lightrag_integrations.calls.ladder import RungMemory, structured
from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.prompts import fill, load
from lightrag_integrations.protocols import ChatModel, Message
from lightrag_integrations.retrieve.question import Keywords

__all__ = ["find_keywords"]

_MODES = ("local", "global", "hybrid")


class QuestionKeywords(BaseModel):
    """What the model answers."""

    high_level_keywords: list[str] = Field(default_factory=list)
    low_level_keywords: list[str] = Field(default_factory=list)


async def find_keywords(question: str, options: QueryOptions, chat: ChatModel | None, rungs: RungMemory) -> Keywords:
    """The caller's keywords, else the model's where `options.keywords` asks for them, else none.

    Args:
        question: The question.
        options: Mode and keywords.
        chat: The model.
        rungs: What is known of its formats.

    Raises:
        ConfigurationError: Keywords are asked for and there is no model.
        ModelError: The model failed.
    """
    given = Keywords(options.high_level_keywords, options.low_level_keywords)
    if given.high or given.low or not options.keywords or options.mode not in _MODES:
        return given
    if chat is None:
        raise ConfigurationError("keywords=True needs a model; give the handle llm=, or pass low_level_keywords=")
    messages = [
        Message("system", options.keywords_prompt or load("keywords")),
        Message("user", fill(load("keywords_input"), question=question)),
    ]
    found, _ = await structured(chat, messages, QuestionKeywords, rungs=rungs)
    return Keywords(tuple(found.high_level_keywords), tuple(found.low_level_keywords))
