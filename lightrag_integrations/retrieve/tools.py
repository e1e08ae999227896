"""What retrieval works with: given by the handle for one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from lightrag_integrations.calls.ladder import RungMemory
from lightrag_integrations.protocols import ChatModel, Embedder, Reranker, Tokenizer
from lightrag_integrations.reader import Reader
from lightrag_integrations.store import Store
from lightrag_integrations.watch import Watch

__all__ = ["Outside", "RetrievalTools"]


class Outside(Protocol):
    """A store of vectors outside."""

    def over(self, reader: Reader) -> Reader:
        """The same snapshot, with the nearest chunks from outside."""
        ...


@dataclass(frozen=True)
class RetrievalTools:
    """Store and models of one call."""

    store: Store
    embedder: Embedder
    tokenizer: Tokenizer
    rungs: RungMemory
    keywords_chat: ChatModel | None
    answer_chat: ChatModel | None
    reranker: Callable[[], Reranker]
    """Asked only when a call reranks, as making one may need a model."""
    llm_reranker: Callable[[str | None], Reranker] | None = None
    """The same for `rerank="llm"`, with these instructions in place of its own."""
    decompose_chat: ChatModel | None = None
    embedder_of: Callable[[str], Embedder | None] | None = None
    """Another model that the handle holds, by its fingerprint: while it changes the index's model it holds both."""
    outside: Outside | None = None
    """Answers the vector part in place of PostgreSQL."""
    watch: Watch = field(default_factory=Watch)
    """The handle's: counts and traces."""
