"""Handles whose spans end up in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.doubles.fixtures import openai_server as openai_server
from tests.integration.handle.conftest import documents as documents
from tests.integration.handle.conftest import make_index as make_index


@dataclass
class Spans:
    """What was exported: only spans that have ended."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    provider: TracerProvider = field(default_factory=TracerProvider)

    def __post_init__(self) -> None:
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def all(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (found,) = self.named(name)
        return found

    def children(self, parent: ReadableSpan) -> list[ReadableSpan]:
        below = [span for span in self.all if span.parent and span.parent.span_id == parent.context.span_id]
        return sorted(below, key=lambda span: span.start_time or 0)

    def tree(self, parent: ReadableSpan) -> dict[str, Any]:
        """Names below a span; of several with one name, one."""
        return {child.name: self.tree(child) for child in self.children(parent)}

    def said(self) -> str:
        """Everything in every span, as text."""
        return "\n".join(span.to_json() for span in self.all)


@pytest.fixture
def spans() -> Iterator[Spans]:
    made = Spans()
    yield made
    made.provider.shutdown()
