"""Embedding models of other makes, recognised by their methods; no framework is imported to look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.protocols import Embedder, TextKind
from lightrag_integrations.providers.blocking import RunBlocking, guarded
from lightrag_integrations.providers.errors import ForeignErrors
from lightrag_integrations.providers.naming import has, model_name, type_name

__all__ = ["adopt_embedder", "check_embedder"]

_LANGCHAIN = ("embed_documents", "embed_query")
_LLAMA_INDEX = ("get_text_embedding_batch", "get_query_embedding")
Vectors = Sequence[Sequence[float]]


def adopt_embedder(obj: object, *, run_blocking: RunBlocking) -> Embedder:
    """A live `Embedder` for whatever the user gave as `embed_model`.

    Models of LangChain and LlamaIndex are called through their blocking methods, in threads. Whatever a model raises
    becomes `ModelError`, retryable where its type or status says so.

    Args:
        obj: Settings of ours (anything with `connect()`), an `Embedder`, a LangChain `Embeddings` or a LlamaIndex
            `BaseEmbedding`.
        run_blocking: Runs blocking calls in threads.

    Raises:
        ConfigurationError: It is none of these.
    """
    check_embedder(obj)
    if has(obj, "connect"):
        connected = obj.connect()  # type: ignore[attr-defined]
        if not isinstance(connected, Embedder):
            raise _not_an_embedder(obj)
        return connected
    if isinstance(obj, Embedder):
        return _GuardedEmbedder(obj)
    return _LangChainEmbedder(obj, run_blocking) if has(obj, *_LANGCHAIN) else _LlamaIndexEmbedder(obj, run_blocking)


def check_embedder(obj: object) -> None:
    """Refuse what can't be an embedding model, without opening anything.

    Raises:
        ConfigurationError: It is none.
    """
    if isinstance(obj, type):
        raise ConfigurationError(f"embed_model: got the class {obj.__name__}; give an object made from it")
    if has(obj, "connect"):
        fine = getattr(obj, "makes", "embedder") == "embedder"
    else:
        fine = isinstance(obj, Embedder) or has(obj, *_LANGCHAIN) or has(obj, *_LLAMA_INDEX)
    if not fine:
        raise _not_an_embedder(obj)


def _not_an_embedder(obj: object) -> ConfigurationError:
    return ConfigurationError(
        f"embed_model: got {type_name(obj)}; expected OpenAIEmbedder, HashEmbedder, a LangChain Embeddings, a "
        "LlamaIndex BaseEmbedding or an object with the methods of Embedder"
    )


def _told(model: object, *names: str) -> int | None:
    told = (getattr(model, name, None) for name in names)
    return next((one for one in told if isinstance(one, int) and one > 0), None)


class _GuardedEmbedder:
    """A user's own `Embedder`: its errors become ours, and it stays the user's."""

    def __init__(self, embedder: Embedder) -> None:
        self.fingerprint = embedder.fingerprint
        self.lexical = bool(getattr(embedder, "lexical", False))
        self.dimension = _told(embedder, "dimension")
        self._embedder = embedder

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """Ask the user's model."""
        with ForeignErrors(f"embedding model {self.fingerprint}"):
            return await self._embedder.embed(texts, kind=kind)


class _BlockingEmbedder:
    """What both frameworks have in common: blocking methods, one for documents and one for a question."""

    def __init__(self, model: Any, run_blocking: RunBlocking) -> None:
        self.fingerprint = model_name(model)
        # Models that can make several sizes, and LlamaIndex' double, say which.
        self.dimension = _told(model, "dimensions", "embed_dim")
        self._model = model
        self._run_blocking = run_blocking

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """Ask in a thread."""
        if not texts:
            return []
        call = self._documents if kind == "document" else self._questions
        return await self._run_blocking(guarded(lambda: call(list(texts)), f"embedding model {self.fingerprint}"))

    def _documents(self, texts: list[str]) -> Vectors:
        raise NotImplementedError

    def _questions(self, texts: list[str]) -> Vectors:
        raise NotImplementedError


class _LangChainEmbedder(_BlockingEmbedder):
    def _documents(self, texts: list[str]) -> Vectors:
        vectors: Vectors = self._model.embed_documents(texts)
        return vectors

    def _questions(self, texts: list[str]) -> Vectors:
        return [self._model.embed_query(text) for text in texts]


class _LlamaIndexEmbedder(_BlockingEmbedder):
    def _documents(self, texts: list[str]) -> Vectors:
        vectors: Vectors = self._model.get_text_embedding_batch(texts)
        return vectors

    def _questions(self, texts: list[str]) -> Vectors:
        return [self._model.get_query_embedding(text) for text in texts]
