"""Answers: the context and the question to a model, its citations back to chunks."""

from __future__ import annotations

from collections.abc import AsyncIterator

from lightrag_integrations.calls.chat import end_stream
from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.models import Answer, Citation, RetrievalResult, cited_numbers
from lightrag_integrations.options import AnswerOptions, QueryOptions
from lightrag_integrations.prompts import fill, load
from lightrag_integrations.protocols import ChatModel, Message
from lightrag_integrations.retrieve.context import build_context
from lightrag_integrations.retrieve.pipeline import run_retrieve
from lightrag_integrations.retrieve.question import scrub
from lightrag_integrations.retrieve.tools import RetrievalTools
from lightrag_integrations.tracing import within

__all__ = ["run_answer", "run_stream"]


async def run_answer(question: str, tools: RetrievalTools, query: QueryOptions, options: AnswerOptions) -> Answer:
    """Retrieve and answer.

    Args:
        question: The question.
        tools: Store and models.
        query: How to search; `bypass`: not at all.
        options: History, extra instructions, length; what to answer from where it was searched already.

    Raises:
        ConfigurationError: There is no model.
        ModelError: The model failed.
    """
    chat = _chat(tools)
    with tools.watch.answer(query):
        result, messages = await _prepare(question, tools, query, options)
        reply = await chat.chat(messages, max_tokens=options.max_completion_tokens)
    return Answer(
        text=reply.text,
        citations=_cited(reply.text, result),
        retrieval=result,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
    )


async def run_stream(
    question: str, tools: RetrievalTools, query: QueryOptions, options: AnswerOptions
) -> AsyncIterator[str]:
    """Like `run_answer`, yielding the text in pieces."""
    chat = _chat(tools)
    with tools.watch.answer(query, stream=True) as work:
        pieces = within(work.span, _streamed(question, tools, query, options, chat=chat))
        try:
            async for piece in pieces:
                yield piece
        finally:
            await end_stream(pieces)


async def _streamed(
    question: str, tools: RetrievalTools, query: QueryOptions, options: AnswerOptions, *, chat: ChatModel
) -> AsyncIterator[str]:
    _, messages = await _prepare(question, tools, query, options)
    pieces = chat.stream(messages, max_tokens=options.max_completion_tokens)
    try:
        async for piece in pieces:
            yield piece
    finally:
        await end_stream(pieces)


def _chat(tools: RetrievalTools) -> ChatModel:
    if tools.answer_chat is None:
        raise ConfigurationError(
            "this handle has no model to answer with; give it llm= (or options.models.answer), or use "
            "retrieve(..., context=True) and your own model"
        )
    return tools.answer_chat


async def _prepare(
    question: str, tools: RetrievalTools, query: QueryOptions, options: AnswerOptions
) -> tuple[RetrievalResult, list[Message]]:
    query = query.model_copy(update={"context": True})
    result = await _searched(question, tools, query, options.retrieval)
    messages = [
        Message("assistant" if role == "assistant" else "user", scrub(text, optional=True))
        for role, text in options.history
    ]
    messages.append(Message("user", result.query))
    wish = scrub(options.user_prompt, optional=True)
    if result.context is None:  # bypass
        instructions = wish
    else:
        instructions = fill(
            options.system_prompt or load("answer"),
            context=result.context.text,
            response_type=options.response_type,
            user_prompt=wish,
        )
    return result, [Message("system", instructions), *messages] if instructions else messages


async def _searched(
    question: str, tools: RetrievalTools, query: QueryOptions, given: RetrievalResult | None
) -> RetrievalResult:
    if given is None:
        return await run_retrieve(question, tools, query)
    context = given.context or build_context(given, tools.tokenizer, query)
    return given.model_copy(update={"query": scrub(question), "context": context})


def _cited(text: str, result: RetrievalResult) -> tuple[Citation, ...]:
    """The context's citations that the text names as [n], in the order named."""
    if result.context is None:
        return ()
    known = {citation.number: citation for citation in result.context.citations}
    return tuple(known[number] for number in cited_numbers(text) if number in known)
