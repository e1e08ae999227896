"""Reranking by a cross-encoder on this machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any

from lightrag_integrations.errors import ConfigurationError, MissingDependency, ModelError
from lightrag_integrations.models import Hit
from lightrag_integrations.rerank.ranking import OnFailure, check_on_failure, content, guarded, ranked

__all__ = ["CrossEncoderReranker"]

Pairs = list[tuple[str, str]]


class CrossEncoderReranker:
    """Scores (question, passage) pairs with a cross-encoder, in a thread.

    Takes the name or folder of a model (extra `sentence-transformers`; a name is downloaded at first use, a folder is
    not), or any object with `predict(pairs)` (sentence-transformers) or `score(pairs)` (LangChain).
    """

    def __init__(
        self, model: str | PathLike[str] | object, *, top_n: int | None = None, on_failure: OnFailure = "raise"
    ) -> None:
        """Keep the model; a name or folder is loaded at first use.

        Args:
            model: Name, folder or object.
            top_n: Most hits, where a call says nothing else.
            on_failure: `raise` a `ModelError`, or `keep_order` with a logged warning.

        Raises:
            ConfigurationError: The object can neither `predict` nor `score`, or the policy is none.
        """
        check_on_failure(on_failure)
        if not isinstance(model, str | PathLike) and _scorer(model) is None:
            raise ConfigurationError(
                f"model is a {type(model).__name__}; expected a name, a folder, or an object with predict() or score()"
            )
        self.model = model
        self.top_n = top_n
        self.on_failure: OnFailure = on_failure
        self._loaded: Any = None
        self._loading = threading.Lock()

    def __reduce__(self) -> tuple[Callable[..., CrossEncoderReranker], tuple[object, int | None, OnFailure]]:
        """Pickled without the loaded model and the lock."""
        return _rebuilt, (self.model, self.top_n, self.on_failure)

    async def rerank(self, query: str, hits: Sequence[Hit], *, top_n: int | None = None) -> Sequence[Hit]:
        """Rank hits by the model's scores.

        Args:
            query: The question.
            hits: Candidates; title and text are judged.
            top_n: Most hits; None: the object's own `top_n`, without one all.

        Raises:
            MissingDependency: sentence-transformers is needed and not installed.
            ModelError: The model failed, and `on_failure` is `raise`.
        """
        wanted = self.top_n if top_n is None else top_n
        pairs = [(query, content(hit)) for hit in hits]

        async def work() -> Sequence[Hit]:
            scores = await asyncio.to_thread(self._scores, pairs)
            return ranked(hits, enumerate(scores), wanted)

        return await guarded(work, hits, top_n=wanted, on_failure=self.on_failure)

    def _scores(self, pairs: Pairs) -> list[float]:
        try:
            score = _scorer(self._model())
            scores = [float(value) for value in score(pairs)] if score else []
        except (RuntimeError, ValueError, TypeError, OSError, LookupError) as error:
            raise ModelError(f"the cross-encoder failed on {len(pairs)} pairs: {error}") from error
        if len(scores) != len(pairs):
            raise ModelError(f"the cross-encoder gave {len(scores)} scores for {len(pairs)} pairs")
        return scores

    def _model(self) -> object:
        """The model, loaded once."""
        if not isinstance(self.model, str | PathLike):
            return self.model
        with self._loading:
            if self._loaded is None:
                try:
                    from sentence_transformers import CrossEncoder
                except ImportError as error:
                    raise MissingDependency(
                        "sentence-transformers is not installed; pip install "
                        '"lightrag-integrations[sentence-transformers]"'
                    ) from error
                self._loaded = CrossEncoder(str(self.model))
            return self._loaded


def _scorer(model: object) -> Callable[[Pairs], Sequence[Any]] | None:
    method = getattr(model, "predict", None) or getattr(model, "score", None)
    return method if callable(method) else None


def _rebuilt(model: object, top_n: int | None, on_failure: OnFailure) -> CrossEncoderReranker:
    return CrossEncoderReranker(model, top_n=top_n, on_failure=on_failure)
