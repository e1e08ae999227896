"""Reranking by an endpoint: Cohere, Jina, vLLM, Hugging Face's text-embeddings-inference and their like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter

from lightrag_integrations.calls.retry import RetryPolicy
from lightrag_integrations.errors import ConfigurationError, ModelError
from lightrag_integrations.models import Hit
from lightrag_integrations.rerank.ranking import OnFailure, check_on_failure, content, guarded, ranked

__all__ = ["HTTPReranker"]

_MAX_SHOWN = 200


class _Result(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    index: int
    score: float = Field(alias="relevance_score")


_RESULTS = TypeAdapter(list[_Result])


class HTTPReranker:
    """Asks `POST {base_url}/rerank` with `model`, `query`, `documents` and `top_n`.

    Answers may be `{"results": [{"index", "relevance_score"}]}` or a bare list of `{"index", "score"}`
    (text-embeddings-inference, which also wants `texts` for `documents` and is asked again that way). Hits that the
    answer leaves out are dropped. Each call opens a connection of its own, so that one object serves any number of
    event loops and threads.
    """

    def __init__(
        self,
        base_url: str,
        model: str = "",
        *,
        api_key: SecretStr | str | None = None,
        top_n: int | None = None,
        timeout_s: float = 30.0,
        attempts: int = 3,
        headers: Mapping[str, str] | None = None,
        on_failure: OnFailure = "raise",
    ) -> None:
        """Set the endpoint; no I/O.

        Args:
            base_url: With or without `/rerank` at its end.
            model: The endpoint's name of the model; empty where it serves one only.
            api_key: Sent as a bearer token.
            top_n: Most hits, where a call says nothing else.
            timeout_s: Limit for one try.
            attempts: Tries in all; rate limits, server errors and broken connections are tried again.
            headers: Sent along with every request.
            on_failure: `raise` a `ModelError`, or `keep_order` with a logged warning.

        Raises:
            ConfigurationError: The address or the policy is none.
        """
        check_on_failure(on_failure)
        if not base_url.startswith(("http://", "https://")):
            raise ConfigurationError(f"base_url is {base_url!r}; expected an address like https://host/v1")
        address = base_url.rstrip("/")
        self.url = address if address.endswith("/rerank") else f"{address}/rerank"
        self.model = model
        self.top_n = top_n
        self.timeout_s = timeout_s
        self.attempts = attempts
        self.on_failure: OnFailure = on_failure
        self._api_key = SecretStr(api_key) if isinstance(api_key, str) else api_key
        self._headers = dict(headers or {})

    def __repr__(self) -> str:
        """Address and model; never the key."""
        return f"HTTPReranker({self.url!r}, {self.model!r})"

    async def rerank(self, query: str, hits: Sequence[Hit], *, top_n: int | None = None) -> Sequence[Hit]:
        """Rank hits by the endpoint's scores.

        Args:
            query: The question.
            hits: Candidates; title and text are sent.
            top_n: Most hits; None: the object's own `top_n`, without one all.

        Raises:
            ModelError: The endpoint failed or answered nonsense, and `on_failure` is `raise`.
        """
        wanted = self.top_n if top_n is None else top_n

        async def work() -> Sequence[Hit]:
            async with httpx.AsyncClient(timeout=self.timeout_s, headers=self._all_headers()) as client:
                scores = await self._scores(client, query, hits, wanted)
            return ranked(hits, ((result.index, result.score) for result in scores), wanted)

        return await guarded(work, hits, top_n=wanted, on_failure=self.on_failure)

    async def _scores(
        self, client: httpx.AsyncClient, query: str, hits: Sequence[Hit], top_n: int | None
    ) -> list[_Result]:
        texts = [content(hit) for hit in hits]
        body: dict[str, Any] = {"query": query, "documents": texts, "top_n": min(top_n or len(hits), len(hits))}
        if self.model:
            body["model"] = self.model
        retry = RetryPolicy(self.attempts)
        reply = await retry.run(lambda: self._post(client, body))
        if reply.status_code in (400, 422) and "texts" in reply.text:
            reply = await retry.run(lambda: self._post(client, {"query": query, "texts": texts, "truncate": True}))
        if reply.is_error:
            raise _refused(self.url, reply)
        return self._read(reply)

    async def _post(self, client: httpx.AsyncClient, body: Mapping[str, Any]) -> httpx.Response:
        """One try; what is worth another one is raised."""
        try:
            reply = await client.post(self.url, json=body)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ModelError(
                f"no answer from {self.url}: {type(error).__name__} {error}",
                retryable=isinstance(error, httpx.HTTPError),
            ) from error
        if reply.status_code in (408, 409, 425, 429) or reply.status_code >= 500:
            raise _refused(self.url, reply, retryable=True)
        return reply

    def _read(self, reply: httpx.Response) -> list[_Result]:
        try:
            data = reply.json()
            found = data.get("results", data.get("data")) if isinstance(data, dict) else data
            return _RESULTS.validate_python([_renamed(item) for item in found or ()] if found is not None else None)
        except (ValueError, TypeError) as error:
            raise _shown(
                ModelError(f"{self.url} answered something else than a list of results with index and score"), reply
            ) from error

    def _all_headers(self) -> dict[str, str]:
        if self._api_key is None:
            return self._headers
        return {**self._headers, "Authorization": f"Bearer {self._api_key.get_secret_value()}"}


def _renamed(item: Any) -> Any:
    """`score` is text-embeddings-inference's word for `relevance_score`."""
    if isinstance(item, dict) and "relevance_score" not in item and "score" in item:
        return {**item, "relevance_score": item["score"]}
    return item


def _refused(url: str, reply: httpx.Response, *, retryable: bool = False) -> ModelError:
    wait = reply.headers.get("retry-after", "")
    error = ModelError(
        f"{url} answered {reply.status_code} {reply.reason_phrase}",
        retryable=retryable,
        retry_after_s=float(wait) if wait.isdecimal() else None,
    )
    return _shown(error, reply)


def _shown(error: ModelError, reply: httpx.Response) -> ModelError:
    """The error with the answer as a note: tracebacks show it, logs do not, as endpoints like to quote documents."""
    error.add_note(f"the answer was: {reply.text[:_MAX_SHOWN]!r}")
    return error
