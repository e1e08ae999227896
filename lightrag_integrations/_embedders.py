"""The embedding models that a session holds: its own, and others while the index's model is changed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from lightrag_integrations.errors import EmbeddingMismatch
from lightrag_integrations.protocols import Embedder
from lightrag_integrations.providers.adopt import adopt_embedder
from lightrag_integrations.providers.blocking import RunBlocking
from lightrag_integrations.providers.offline import HashEmbedder, hash_dimension
from lightrag_integrations.store import Store

__all__ = ["Embedders", "close_later"]

_log = logging.getLogger(__name__)


class Embedders:
    """Models made of what users give, each once, closed with the session."""

    def __init__(self, given: Any, *, run_blocking: RunBlocking, closing: AsyncExitStack) -> None:
        """Make the session's own; None: `HashEmbedder`."""
        self._run_blocking = run_blocking
        self._closing = closing
        self._held: list[tuple[Any, Embedder]] = []
        self._told = False
        self.seen: dict[str, int] = {}
        """Dimensions of what they answered, by fingerprint."""
        self.own: Embedder = self.adopt(given)
        """What the index is embedded with, as far as this session knows."""

    def adopt(self, given: Any) -> Embedder:
        """The model made of `given`, held beside the session's own."""
        for known, embedder in self._held:
            if known is given:
                return embedder
        chosen = HashEmbedder() if given is None else given
        embedder = adopt_embedder(chosen, run_blocking=self._run_blocking)
        close_later(self._closing, embedder, chosen)
        self._held.append((given, embedder))
        return embedder

    async def contradictions(self, store: Store) -> list[str]:
        """What is recorded of the index's model, where it can't be true."""
        recorded = await store.settings()
        model, dimension = recorded.get("embedding"), recorded.get("dimension")
        if model is None or dimension is None:
            return []
        told = (getattr(one, "dimension", None) for _, one in self._held if one.fingerprint == model)
        known = self.seen.get(model) or next(told, None) or hash_dimension(model)
        if known is None or str(known) == dimension:
            return []
        return [
            f"vectors of dimension {dimension} are recorded as of {model!r}, which makes {known}: nothing fits both; "
            "change the index's model to the one that is meant, with index.reembed(model)"
        ]

    def given(self, embedder: Embedder) -> object:
        """What it was made of."""
        return next((given for given, made in self._held if made is embedder), embedder)

    async def refuse_other(self, store: Store) -> None:
        """Make sure that the index answers, and is not another model's than the one given.

        Raises:
            EmbeddingMismatch: It is.
        """
        recorded = (await store.settings()).get("embedding")
        # A handle that was given no model may read, ask for words, list and delete.
        if self.given(self.own) is not None and recorded not in (None, self.own.fingerprint):
            raise EmbeddingMismatch.between(recorded, self.own.fingerprint)

    async def tell_if_blind(self, name: str, store: Store) -> None:
        """Warn, at the first search, where the index has vectors of meaning that this session can't ask for."""
        if self._told or not getattr(self.own, "lexical", False):
            return
        self._told = True
        # An index that isn't there is not to be made, or missed, by a look at it.
        if await store.there():
            recorded = (await store.settings()).get("embedding", self.own.fingerprint)
            if recorded != self.own.fingerprint:
                _log.warning(
                    "index %r has vectors of %r, and this handle no such model: it searches without them, and mode "
                    "'vector' fails; open it with embed_model=…",
                    name,
                    recorded,
                    extra={"index": name, "action": "blind"},
                )

    def turn_to(self, fingerprint: str) -> Embedder | None:
        """Where a model with this fingerprint is held, it is the session's own from now on: the index is of it."""
        for _, embedder in self._held:
            if embedder.fingerprint == fingerprint:
                self.own = embedder
                return embedder
        return None


def close_later(stack: AsyncExitStack, model: object, given: object) -> None:
    """Close a model with the stack, unless it is the caller's own object: other handles may use it too.

    Args:
        stack: Of the session.
        model: Made of what was given.
        given: By the caller.
    """
    close: Callable[[], Awaitable[None]] | None = getattr(model, "aclose", None)
    if close is not None and model is not given:
        stack.push_async_callback(close)
