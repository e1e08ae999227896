"""`OpenTelemetryTracer`: a handle's work as OpenTelemetry spans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from lightrag_integrations.errors import InputError, MissingDependency, ModelError
from lightrag_integrations.given import shown
from lightrag_integrations.tracing import Attribute, Span, Tracer

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

__all__ = ["OpenTelemetryTracer"]

_SCOPE = "lightrag_integrations"
_CAUSES = 8


class OpenTelemetryTracer(Tracer):
    """Give it to a handle as `telemetry=`: searches, answers, ingestions and calls to models become spans.

    Names follow OpenTelemetry's conventions for generative AI. The caller's current span is the parent, whatever thread
    or loop it calls from. Without `record_content` a span holds names, counts and kinds of errors, and no text: neither
    of questions, prompts, documents and answers, nor of error messages, as endpoints quote what they were sent.

    | span | below it | attributes beside those of the conventions |
    |---|---|---|
    | `retrieval INDEX` | `lightrag.embed_query`, `lightrag.search` (`walk` or `rank`, `describe`), `lightrag.rerank` |
      `lightrag.mode`, `filtered`, `rerank`, `decompose`, `hits` |
    | `lightrag.answer` | retrieval, chat | `lightrag.mode`, `stream`, `stopped` (a stream not read to its end) |
    | `lightrag.ingest` | `lightrag.extract` of each chunk, embeddings, `lightrag.store` of each transaction,
      `lightrag.summarise` | `lightrag.documents`, `chunks`, `unchanged`, `failed`, … |
    | `chat MODEL`, `embeddings MODEL` | | `lightrag.task`, `texts`; one for each call with its tries and waits |

    `lightrag.enrich`, `lightrag.reembed`, `lightrag.summarise`, `lightrag.evaluate`: the handle's other calls.
    """

    on = True

    def __init__(self, tracer_provider: TracerProvider | None = None, *, record_content: bool = False) -> None:
        """Take the provider; needs the extra `otel`.

        Args:
            tracer_provider: Makes the spans; None: the process's, as set by `opentelemetry.trace.set_tracer_provider`.
            record_content: Also record questions, prompts, retrieved texts, answers and error messages.

        Raises:
            MissingDependency: `opentelemetry-api` is not installed.
            InputError: It makes no tracers.
        """
        try:
            from opentelemetry import context, trace
        except ImportError as error:
            raise MissingDependency(
                "opentelemetry-api is not installed; it comes with the extra: pip install 'lightrag-integrations[otel]'"
            ) from error
        if tracer_provider is not None and not callable(getattr(tracer_provider, "get_tracer", None)):
            raise InputError(
                f"tracer_provider: got {shown(tracer_provider)}; expected a TracerProvider, such as that of "
                "opentelemetry.trace.get_tracer_provider()"
            )
        self.content = record_content
        self.trace, self.context = trace, context
        self.tracer = trace.get_tracer(_SCOPE, tracer_provider=tracer_provider)

    def __getstate__(self) -> dict[str, Any]:
        """All but what belongs to this process: modules, and the tracer with its exporters."""
        return {name: value for name, value in vars(self).items() if name not in ("trace", "context", "tracer")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy in another process, of whatever class, uses that process's provider."""
        OpenTelemetryTracer.__init__(self, record_content=state["content"])
        vars(self).update(state)

    def span(
        self, name: str, attributes: Mapping[str, Attribute] | None = None, *, remote: bool = False, apart: bool = False
    ) -> Span:
        """See `Tracer.span`."""
        return _Span(self, name, attributes or {}, remote=remote, apart=apart)


class _Span(Span):
    """One span, current while the block runs unless it is made apart."""

    __slots__ = ("_apart", "_attributes", "_name", "_of", "_remote", "_span", "_token")

    def __init__(
        self, of: OpenTelemetryTracer, name: str, attributes: Mapping[str, Attribute], *, remote: bool, apart: bool
    ) -> None:
        self._of = of
        self._name = name
        self._attributes = attributes
        self._remote = remote
        self._apart = apart
        self._token: Any = None

    def __enter__(self) -> Self:
        api, kinds = self._of.trace, self._of.trace.SpanKind
        kind = kinds.CLIENT if self._remote else kinds.INTERNAL
        self._span = self._of.tracer.start_span(self._name, kind=kind, attributes=self._attributes)
        if not self._apart:
            self._token = self._of.context.attach(api.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            self._of.context.detach(self._token)
        if isinstance(error, GeneratorExit):
            self._span.set_attribute("lightrag.stopped", True)
        elif error is not None:
            self._fail(error)
        self._span.end()

    def tell(self, attributes: Mapping[str, Attribute]) -> None:
        self._span.set_attributes(attributes)

    @contextmanager
    def inside(self) -> Iterator[None]:
        token = self._of.context.attach(self._of.trace.set_span_in_context(self._span))
        try:
            yield
        finally:
            self._of.context.detach(token)

    def _fail(self, error: BaseException) -> None:
        api, kind = self._of.trace, _error_type(error)
        self._span.set_attribute("error.type", kind)
        self._span.set_status(api.Status(api.StatusCode.ERROR, str(error) if self._of.content else kind))
        if self._of.content:
            self._span.record_exception(error)


def _error_type(error: BaseException) -> str:
    """The endpoint's status where a model refused, "timeout" where it said nothing, else the error's class."""
    if isinstance(error, ModelError):
        cause: BaseException | None = error
        for _ in range(_CAUSES):
            for holder in (cause, getattr(cause, "response", None)):
                status = getattr(holder, "status_code", None)
                if isinstance(status, int):
                    return str(status)
            cause = cause.__cause__ if cause is not None else None
        if error.unanswered:
            return "timeout"
    return type(error).__name__
