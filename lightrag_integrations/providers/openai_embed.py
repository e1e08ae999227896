"""A live embedder at an OpenAI-compatible endpoint: one client, on the loop of the handle that made it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

import openai

from lightrag_integrations.protocols import TextKind
from lightrag_integrations.providers.errors import ForeignErrors
from lightrag_integrations.providers.openai_wire import host_of, nonsense, tokens_of

__all__ = ["LiveEmbedder"]

Vectors = Sequence[Sequence[float]]


class LiveEmbedder:
    """A connected embedding model."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        model: str,
        *,
        dimensions: int | None,
        prefixes: Mapping[TextKind, str],
        batch: int,
        extra_body: Mapping[str, Any],
    ) -> None:
        """Take the client over.

        Args:
            client: Closed with this object.
            model: Its name at the endpoint.
            dimensions: Asked for, where given.
            prefixes: Put before the texts of each kind.
            batch: Most texts in one request.
            extra_body: Further fields of each request.
        """
        self.fingerprint = _fingerprint(f"{model}@{host_of(client)}", dimensions, prefixes)
        self._client = client
        self._model = model
        self._prefixes = dict(prefixes)
        self.batch = batch
        self.dimension = dimensions
        self._fields: dict[str, Any] = {} if dimensions is None else {"dimensions": dimensions}
        if extra_body:
            self._fields["extra_body"] = dict(extra_body)

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """One vector for each text, in order.

        Raises:
            ModelError: The call failed.
        """
        return (await self.embed_counted(texts, kind=kind))[0]

    async def embed_counted(self, texts: Sequence[str], *, kind: TextKind) -> tuple[Vectors, int]:
        """The vectors, and the tokens used."""
        prefix = self._prefixes.get(kind, "")
        vectors: list[Sequence[float]] = []
        tokens = 0
        for start in range(0, len(texts), self.batch):
            # An empty text is refused by most endpoints; a blank one is taken.
            inputs = [prefix + text or " " for text in texts[start : start + self.batch]]
            with ForeignErrors(f"embedding model {self.fingerprint}"):
                answer = await self._client.embeddings.create(model=self._model, input=inputs, **self._fields)
                data = getattr(answer, "data", None)
                if not isinstance(data, list):
                    raise nonsense(self.fingerprint, answer)
                vectors += [item.embedding for item in sorted(data, key=_position)]
                tokens += tokens_of(answer)[0]
        return vectors, tokens

    async def aclose(self) -> None:
        """Close the client's connections."""
        await self._client.close()


def _position(item: Any) -> int:
    return cast(int, getattr(item, "index", 0) or 0)


def _fingerprint(name: str, dimensions: int | None, prefixes: Mapping[TextKind, str]) -> str:
    parts = [name]
    if dimensions is not None:
        parts.append(str(dimensions))
    if any(prefixes.values()):
        said = "\0".join(prefixes.get(kind, "") for kind in ("document", "query"))
        parts.append(hashlib.sha256(said.encode()).hexdigest()[:8])
    return ":".join(parts)
