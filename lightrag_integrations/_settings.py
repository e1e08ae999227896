"""What a handle was made with: checked at once, opened later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightrag_integrations.errors import ConfigurationError, InputError
from lightrag_integrations.given import able, kind_of
from lightrag_integrations.mirror.adopt import check_stores
from lightrag_integrations.observe import Observer
from lightrag_integrations.options import ConnectOptions, IndexOptions
from lightrag_integrations.providers.adopt import check_chat, check_embedder
from lightrag_integrations.stores import Stores
from lightrag_integrations.tracing import NO_TRACER, Tracer

__all__ = ["Settings", "described", "show_database"]

_NAME_MAX = 512


@dataclass(frozen=True, slots=True)
class Settings:
    """The arguments of `LightRAGIndex`, checked. Can be pickled when the models in it can."""

    name: str
    database: Path | ConnectOptions
    llm: Any
    embed_model: Any
    extractor: Any
    reranker: Any
    observer: Observer | None
    max_concurrency: int
    options: IndexOptions
    create: bool = True
    telemetry: Tracer = NO_TRACER
    stores: Stores | None = None

    def __post_init__(self) -> None:
        """Refuse what can't work before anything is opened."""
        if not isinstance(self.name, str) or not self.name.strip() or len(self.name) > _NAME_MAX:
            raise InputError(f"index name: got {self.name!r:.80}; expected 1 to {_NAME_MAX} characters of text")
        if "\x00" in self.name or (not self.name.isprintable() and _has_surrogate(self.name)):
            raise InputError("index name: got a NUL character or a lone surrogate; remove it")
        if not isinstance(self.max_concurrency, int) or self.max_concurrency < 1:
            raise ConfigurationError(f"max_concurrency: got {self.max_concurrency!r}; expected a whole number above 0")
        _check_options(self.options)
        check_models(self)
        if self.extractor is not None and not able(self.extractor, "extract"):
            raise ConfigurationError(
                f"extractor: got {kind_of(self.extractor)}; expected an object with `fingerprint` and "
                "`async extract(chunk)` (see lightrag_integrations.protocols.Extractor)"
            )
        if self.reranker is not None and not able(self.reranker, "rerank"):
            raise ConfigurationError(
                f"reranker: got {kind_of(self.reranker)}; expected an object with `async rerank(query, hits, *, "
                "top_n)` such as LexicalReranker(), LLMReranker() or HTTPReranker(...)"
            )
        if self.observer is not None and not able(self.observer, "on_event"):
            raise ConfigurationError(f"observer: got {kind_of(self.observer)}; expected an Observer")
        if not isinstance(self.telemetry, Tracer):
            raise ConfigurationError(
                f"telemetry: got {kind_of(self.telemetry)}; expected OpenTelemetryTracer() or another Tracer"
            )
        check_stores(self.stores)
        if self.options.summaries.automatic and self.llm is None and self.options.models.summarise is None:
            raise ConfigurationError(
                "SummaryOptions(automatic=True) needs a model; give llm=, or TaskModels(summarise=...)"
            )


def check_models(settings: Settings) -> None:
    """Refuse objects that can't be what they were given as.

    Raises:
        ConfigurationError: One can't.
    """
    if settings.llm is not None:
        check_chat(settings.llm)
    if settings.embed_model is not None:
        check_embedder(settings.embed_model)
    for task, model in settings.options.models:
        if model is not None:
            check_chat(model, f"TaskModels({task}=…)")


def _check_options(options: object) -> None:
    if not isinstance(options, IndexOptions):
        fields = ((name, field.default) for name, field in IndexOptions.model_fields.items())
        part = next((name for name, default in fields if type(default) is type(options)), None)
        hint = f", here IndexOptions({part}={type(options).__name__}(…))" if part else ""
        raise ConfigurationError(
            f"options: got {type(options).__name__}; expected IndexOptions, which holds those of each task{hint}"
        )


def show_database(database: Path | ConnectOptions) -> str:
    """The database in words, without user, password or options."""
    if isinstance(database, Path):
        return str(database)
    from lightrag_integrations.storage.address import shown_url

    return shown_url(database.dsn.get_secret_value())


def described(settings: Settings) -> dict[str, str]:
    """See `LightRAGIndex.describe`."""
    return {
        "name": settings.name,
        "database": show_database(settings.database),
        "llm": _model_name(settings.llm),
        "embed_model": _model_name(settings.embed_model) or "hash",
        "embed_provider": "HashEmbedder" if settings.embed_model is None else type(settings.embed_model).__name__,
        "reranker": "LexicalReranker" if settings.reranker is None else type(settings.reranker).__name__,
        "extractor": _model_name(settings.extractor) or ("model" if settings.llm else "lexical"),
    }


def _model_name(model: Any) -> str:
    """A model's name by the attributes that the providers and frameworks use, else its class."""
    if model is None:
        return ""
    for attribute in ("fingerprint", "name", "model_name", "model", "model_id"):
        value = getattr(model, attribute, None)
        if isinstance(value, str) and value:
            return value
    return type(model).__name__


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
