"""Spans of model calls, by OpenTelemetry's conventions for generative AI (names as of 2026)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from lightrag_integrations.protocols import ChatReply, Message
from lightrag_integrations.tracing import Attribute, ModelAttributes, Span, Tracer

__all__ = ["CallSpans"]


class CallSpans:
    """Makes the spans of one model at one task. A span is one call of ours, with all its tries and waits."""

    def __init__(self, tracer: Tracer, model: Callable[[], ModelAttributes], task: str) -> None:
        """Make none yet.

        Args:
            tracer: Makes them.
            model: Says of which; asked when a call is made.
            task: What they are for, as the ledger names it.
        """
        self._tracer = tracer
        self._model = model
        self._task = task

    def chat(
        self, messages: Sequence[Message], *, format: str = "text", max_tokens: int | None = None, stream: bool = False
    ) -> Span:
        """Around a chat call.

        Args:
            messages: The prompt; told only where content is wanted.
            format: How the answer is asked for.
            max_tokens: Longest answer.
            stream: It comes in pieces.
        """
        model = self._model()
        attributes = _about(model, "chat") | {
            "gen_ai.output.type": "json" if format in ("json_schema", "json_object") else "text",
            "lightrag.task": self._task,
        }
        if max_tokens is not None:
            attributes["gen_ai.request.max_tokens"] = max_tokens
        if stream:
            attributes["gen_ai.request.stream"] = True
        if self._tracer.content:
            attributes |= _prompt(messages)
        return self._tracer.span(f"chat {model.name}", attributes, remote=True, apart=stream)

    def replied(self, span: Span, reply: ChatReply, *, whole: bool = True) -> None:
        """Tell what came back.

        Args:
            span: Of the call.
            reply: Tokens 0: the endpoint told none.
            whole: It was not broken off.
        """
        reason = "length" if reply.truncated else "stop" if whole else ""
        attributes = _tokens(reply.prompt_tokens, reply.completion_tokens)
        if reason:
            attributes["gen_ai.response.finish_reasons"] = (reason,)
        if reply.model:
            attributes["gen_ai.response.model"] = reply.model
        if self._tracer.content:
            said = [{"role": "assistant", "parts": _parts(reply.text), "finish_reason": reason}]
            attributes["gen_ai.output.messages"] = json.dumps(said, ensure_ascii=False)
        span.tell(attributes)

    def embeddings(self, count: int) -> Span:
        """Around one request for vectors.

        Args:
            count: Texts in it.
        """
        model = self._model()
        attributes = _about(model, "embeddings") | {"lightrag.task": self._task, "lightrag.texts": count}
        return self._tracer.span(f"embeddings {model.name}", attributes, remote=True)

    def embedded(self, span: Span, dimension: int, tokens: int) -> None:
        """Tell what came back.

        Args:
            span: Of the request.
            dimension: Of its vectors.
            tokens: Counted by the endpoint, or estimated.
        """
        span.tell({"gen_ai.embeddings.dimension.count": dimension, **_tokens(tokens, 0)})


def _about(model: ModelAttributes, operation: str) -> dict[str, Attribute]:
    attributes: dict[str, Attribute] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": model.provider,
        "gen_ai.request.model": model.name,
    }
    return attributes | ({"server.address": model.address, "server.port": model.port} if model.address else {})


def _tokens(prompt: int, completion: int) -> dict[str, Attribute]:
    told = {"gen_ai.usage.input_tokens": prompt, "gen_ai.usage.output_tokens": completion}
    return {name: count for name, count in told.items() if count}


def _prompt(messages: Sequence[Message]) -> dict[str, Attribute]:
    system = [part for message in messages if message.role == "system" for part in _parts(message.content)]
    turns = [
        {"role": message.role, "parts": _parts(message.content)} for message in messages if message.role != "system"
    ]
    shown: dict[str, Attribute] = {"gen_ai.input.messages": json.dumps(turns, ensure_ascii=False)}
    return shown | ({"gen_ai.system_instructions": json.dumps(system, ensure_ascii=False)} if system else {})


def _parts(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "content": text}]
