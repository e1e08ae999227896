"""Reranking by a chat model that reads all candidates at once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from lightrag_integrations.calls.ladder import RungMemory, structured
from lightrag_integrations.calls.meter import estimate_tokens
from lightrag_integrations.errors import ConfigurationError, ModelError
from lightrag_integrations.models import Hit
from lightrag_integrations.prompts import fill, load
from lightrag_integrations.protocols import ChatModel, Message
from lightrag_integrations.rerank.ranking import OnFailure, check_on_failure, content, guarded, ranked

__all__ = ["LLMReranker", "Ranking"]

_PLACES_AFTER_POINT = 6
_FACTS = 3


class Ranking(BaseModel):
    """The model's answer: passage numbers, best first."""

    model_config = ConfigDict(title="ranking")

    ranking: list[int] = Field(description="Numbers of all passages, the most helpful first, each number once.")


class LLMReranker:
    """Listwise: one call shows a chat model the numbered candidates, it answers their order.

    Of each it reads title and text, cut so that the call stays within its limit, and the facts that led to it where
    the text itself doesn't tell them.

    Scores fall evenly from 1 to just above 0. What the model leaves out follows in the order it came in, as does what
    is beyond `max_hits`.
    """

    def __init__(
        self,
        chat: Any = None,
        *,
        top_n: int | None = None,
        max_hits: int = 40,
        max_chars: int = 2000,
        max_prompt_tokens: int = 16_000,
        max_completion_tokens: int | None = None,
        on_failure: OnFailure = "raise",
        prompt: str | None = None,
        rungs: RungMemory | None = None,
    ) -> None:
        """Set model and limits.

        Args:
            chat: A `ChatModel`. `None`, or anything else that a handle takes as `llm`: used through a handle, which
                binds a live model.
            top_n: Most hits, where a call says nothing else.
            max_hits: Candidates shown to the model.
            max_chars: So much of each candidate is shown at most.
            max_prompt_tokens: About so much of all candidates together; each gets an equal share.
            max_completion_tokens: Limit for the answer; models that think aloud need a lot.
            on_failure: `raise` a `ModelError`, or `keep_order` with a logged warning.
            prompt: Replaces the instructions; the shape of the answer has to stay.
            rungs: Which ways of structured output work with which model; shared by a handle's tasks.
        """
        check_on_failure(on_failure)
        self.chat = chat
        self.top_n = top_n
        self.max_hits = max_hits
        self.max_chars = max_chars
        self.max_prompt_tokens = max_prompt_tokens
        self.max_completion_tokens = max_completion_tokens
        self.on_failure: OnFailure = on_failure
        self.prompt = prompt
        self._rungs = rungs or RungMemory()

    def bind(self, chat: ChatModel, rungs: RungMemory | None = None) -> LLMReranker:
        """The same with a live model.

        Args:
            chat: The model to ask.
            rungs: What is known of its formats; None: what this object knows.

        Returns:
            A new reranker; this one is left as it is.
        """
        bound = copy.copy(self)
        bound.chat = chat
        bound._rungs = rungs or self._rungs
        return bound

    def asking(self, prompt: str | None) -> LLMReranker:
        """The same with other instructions; None: with its own."""
        if prompt is None:
            return self
        other = copy.copy(self)
        other.prompt = prompt
        return other

    async def rerank(self, query: str, hits: Sequence[Hit], *, top_n: int | None = None) -> Sequence[Hit]:
        """Rank hits by the model's order.

        Args:
            query: The question.
            hits: Candidates; title and text are shown.
            top_n: Most hits; None: the object's own `top_n`, without one all.

        Raises:
            ConfigurationError: There is no live model.
            ModelError: The model failed or gave no usable answer, and `on_failure` is `raise`.
        """
        wanted = self.top_n if top_n is None else top_n
        chat = self.chat
        if not isinstance(chat, ChatModel):
            raise ConfigurationError(
                f"LLMReranker has {'no model' if chat is None else f'a {type(chat).__name__}'}; "
                "give it a ChatModel, or use it as a handle's reranker"
            )

        async def work() -> Sequence[Hit]:
            order = await self._order(chat, query, hits)
            size = len(hits)
            scores = ((index, round(1.0 - place / size, _PLACES_AFTER_POINT)) for place, index in enumerate(order))
            return ranked(hits, scores, wanted)

        return await guarded(work, hits, top_n=wanted, on_failure=self.on_failure)

    async def _order(self, chat: ChatModel, query: str, hits: Sequence[Hit]) -> list[int]:
        """Indexes of all hits, the model's first."""
        shown = hits[: self.max_hits]
        template = load("passage")
        passages = "\n".join(
            fill(template, number=str(number), text=self._shown(hit, self.max_prompt_tokens // len(shown)))
            for number, hit in enumerate(shown, start=1)
        )
        messages = [
            Message("system", self.prompt or load("rerank")),
            Message("user", fill(load("rerank_input"), question=query, passages=passages)),
        ]
        answer, _ = await structured(
            chat, messages, Ranking, rungs=self._rungs, max_tokens=self.max_completion_tokens
        )  # fmt: skip
        chosen = [number - 1 for number in answer.ranking if 1 <= number <= len(shown)]
        if not chosen:
            raise ModelError(
                f"model {chat.name} ranked none of {len(shown)} passages; it answered {answer.ranking[:10]}"
            )
        return list(dict.fromkeys((*chosen, *range(len(hits)))))

    def _shown(self, hit: Hit, tokens: int) -> str:
        """The candidate's text and what connects it with the question, cut to about so many tokens."""
        text = content(hit)[: self.max_chars]
        facts = dict.fromkeys(fact.words for fact in hit.evidence.facts if fact.words not in hit.text)
        known = "; ".join(list(facts)[:_FACTS])[: self.max_chars // 4]
        while text and estimate_tokens(text + known) > tokens:
            known = known[: len(text) // 4]
            text = text[: len(text) * tokens // estimate_tokens(text + known)]
        return f"{text}\nRelated: {known}" if known else text
