"""The extension points, as protocols: what a handle takes in place of its own parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from lightrag_integrations.models import Chunk, Extraction, Hit

__all__ = [
    "ChatModel",
    "ChatReply",
    "Embedder",
    "Extractor",
    "Message",
    "ReplyFormat",
    "Reranker",
    "TextKind",
    "Tokenizer",
]

ReplyFormat = Literal["json_schema", "json_object", "tool", "text"]
TextKind = Literal["document", "query"]


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A model's reply. `truncated` when it stopped at its length limit."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    truncated: bool = False
    model: str = ""
    """The model that answered, where the endpoint tells."""


@runtime_checkable
class ChatModel(Protocol):
    """A chat model. Errors are `ModelError` (with `retryable`) or `FormatUnsupported`.

    The object stays the caller's: a handle never closes it.
    """

    name: str
    """Identifies model and endpoint in fingerprints and the ledger; never holds a secret."""
    formats: tuple[ReplyFormat, ...]
    """Ways of asking for structured output, strongest first; `text` is always last."""

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat = "text",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> ChatReply:
        """Answer once. `schema` is a JSON schema (with a `title`), needed by `json_schema` and `tool`."""
        ...

    def stream(self, messages: Sequence[Message], *, max_tokens: int | None = None) -> AsyncIterator[str]:
        """Yield the answer in pieces."""
        ...

    async def aclose(self) -> None:
        """Give back connections; called by whoever made the object."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Texts to vectors. `embed` runs on the handle's loop: what computes for long belongs into a thread.

    An optional attribute `lexical = True` says that the vectors hold no more than the words do (`HashEmbedder`):
    `mix` then leaves them out. Another, `dimension`, says how long the vectors are: chunks that come with vectors of
    another length can then be refused without asking the model. The object stays the caller's: a handle never closes
    it.
    """

    fingerprint: str

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Sequence[Sequence[float]]:
        """One vector for each text, all of one dimension, in order."""
        ...


@runtime_checkable
class Extractor(Protocol):
    """One chunk to entities and relations. Same chunk, same fingerprint: same answer, as it is cached.

    An optional attribute `cacheable = False` keeps answers out of the cache (cheap, deterministic extractors).
    """

    fingerprint: str

    async def extract(self, chunk: Chunk) -> Extraction:
        """Extract from `chunk.content`; sees no other chunk."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """Reorders hits. Pure: returns new hits with new scores, best first, at most `top_n`."""

    async def rerank(self, query: str, hits: Sequence[Hit], *, top_n: int | None = None) -> Sequence[Hit]:
        """Rank `hits` for `query`; no hits: `[]`."""
        ...


@runtime_checkable
class Tokenizer(Protocol):
    """Counts and cuts text in tokens, without the network."""

    fingerprint: str

    def count(self, text: str) -> int:
        """Number of tokens of `text`."""
        ...

    def cut(self, text: str, limit: int) -> str:
        """The longest prefix of `text` of at most `limit` tokens, never splitting a character."""
        ...
