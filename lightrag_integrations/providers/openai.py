"""Models behind any OpenAI-compatible endpoint: settings that make a live client for the handle that uses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypedDict, Unpack
from urllib.parse import urlsplit

import openai
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, field_validator

from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.protocols import ChatModel, Embedder, ReplyFormat
from lightrag_integrations.providers.openai_chat import LiveChat
from lightrag_integrations.providers.openai_embed import LiveEmbedder
from lightrag_integrations.providers.trust import Trust

__all__ = ["OpenAIChatModel", "OpenAIEmbedder"]

FORMATS: tuple[ReplyFormat, ...] = ("json_schema", "json_object", "tool", "text")


class _EndpointFields(TypedDict, total=False):
    base_url: str | None
    api_key: str | SecretStr | None
    timeout_s: float
    headers: Mapping[str, str]
    extra_body: Mapping[str, Any]


class _ChatFields(_EndpointFields, total=False):
    temperature: float | None
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] | None
    formats: tuple[ReplyFormat, ...]


class _EmbedFields(_EndpointFields, total=False):
    dimensions: int | None
    query_prefix: str
    document_prefix: str
    batch: int


class _Endpoint(BaseModel):
    # An input that is refused may hold a key: pydantic is not to print it.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    model: str = Field(min_length=1)
    """The model's name at the endpoint."""
    base_url: str | None = None
    """Address of the endpoint, most end in `/v1`; `None`: the openai client's own (OpenAI)."""
    api_key: SecretStr | None = None
    """`None`: the openai client's own (`OPENAI_API_KEY`); a local server without keys needs none."""
    timeout_s: float = Field(default=120.0, gt=0)
    """Longest silence of the endpoint within one call."""
    headers: dict[str, str] = Field(default_factory=dict, exclude=True, repr=False)
    """Sent with every call; may hold secrets, so not shown."""
    extra_body: dict[str, Any] = Field(default_factory=dict, exclude=True, repr=False)
    """Further fields of the request body, as the endpoint documents them."""
    _trust: Trust = PrivateAttr(default_factory=Trust)

    @field_validator("base_url")
    @classmethod
    def _no_secret(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("base_url must look like https://host/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError("base_url must hold no user, password or query: give the key as api_key or in headers")
        return value

    def _client(self) -> openai.AsyncOpenAI:
        key = self.api_key.get_secret_value() if self.api_key is not None else None
        try:
            return self._open(key)
        except openai.OpenAIError as error:
            if key is None and self.base_url is not None:
                return self._open("none")
            raise ConfigurationError(
                f"no key for {type(self).__name__}({self.model!r}): pass api_key or set OPENAI_API_KEY; "
                "for a local server pass its base_url"
            ) from error

    def _open(self, key: str | None) -> openai.AsyncOpenAI:
        # Retries are the handle's: the client's own would hide calls from budget and ledger.
        return openai.AsyncOpenAI(
            api_key=key,
            base_url=self.base_url,
            timeout=self.timeout_s,
            max_retries=0,
            default_headers=self.headers,
            http_client=openai.DefaultAsyncHttpxClient(verify=self._trust.context()),
        )


class OpenAIChatModel(_Endpoint):
    """A chat model at an OpenAI-compatible endpoint (OpenAI, Azure, Ollama, vLLM, NIM, llama.cpp, …).

    Settings only: each handle makes a client of its own. Nothing secret is printed or dumped.
    """

    makes: ClassVar[str] = "chat"
    temperature: float | None = Field(default=0.0, ge=0)
    """`None`: not sent. A model that refuses it is asked again without."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] | None = None
    """How the endpoint calls the limit; `None`: `max_completion_tokens` at OpenAI and Azure, `max_tokens` elsewhere,
    the other one where that is refused."""
    formats: tuple[ReplyFormat, ...] = FORMATS
    """Ways of asking for structured output to try, strongest first; `text` last."""

    def __init__(self, model: str, **fields: Unpack[_ChatFields]) -> None:
        """Name the model; everything else by keyword."""
        given: dict[str, Any] = {"model": model, **fields}
        super().__init__(**given)

    def connect(self) -> ChatModel:
        """A live model with its own client, to be used on the running loop only and closed with `aclose()`."""
        return LiveChat(
            self._client(),
            self.model,
            temperature=self.temperature,
            max_tokens_field=self.max_tokens_field,
            formats=self.formats if "text" in self.formats else (*self.formats, "text"),
            extra_body=self.extra_body,
        )


class OpenAIEmbedder(_Endpoint):
    """An embedding model at an OpenAI-compatible endpoint.

    Settings only: each handle makes a client of its own. Nothing secret is printed or dumped.
    """

    makes: ClassVar[str] = "embedder"
    dimensions: int | None = Field(default=None, ge=1)
    """Shorter vectors, where the model offers them."""
    query_prefix: str = ""
    """Put before questions; some models want an instruction there."""
    document_prefix: str = ""
    """Put before what is stored."""
    batch: int = Field(default=2048, ge=1)
    """Most texts the endpoint takes in one call; larger batches are split."""

    def __init__(self, model: str, **fields: Unpack[_EmbedFields]) -> None:
        """Name the model; everything else by keyword."""
        given: dict[str, Any] = {"model": model, **fields}
        super().__init__(**given)

    def connect(self) -> Embedder:
        """A live embedder with its own client, to be used on the running loop only and closed with `aclose()`."""
        return LiveEmbedder(
            self._client(),
            self.model,
            dimensions=self.dimensions,
            prefixes={"query": self.query_prefix, "document": self.document_prefix},
            batch=self.batch,
            extra_body=self.extra_body,
        )
