"""What LlamaIndex's event handlers see of extraction and of merging into the graph."""

from __future__ import annotations

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.base import BaseEvent  # type: ignore[attr-defined]

from lightrag_integrations import Event, IngestReport, Observer

__all__ = [
    "ExtractionEndEvent",
    "ExtractionStartEvent",
    "IngestStepEvent",
    "MergeEndEvent",
    "MergeStartEvent",
    "Telling",
]

dispatcher = get_dispatcher(__name__)


class _OwnEvent(BaseEvent):
    @classmethod
    def class_name(cls) -> str:
        """Stable name, told apart from other packages' events."""
        return f"LightRAG{cls.__name__}"


class ExtractionStartEvent(_OwnEvent):
    """Nodes are about to be extracted from and embedded."""

    nodes: int


class ExtractionEndEvent(_OwnEvent):
    """They were; what the index's cache knew already is counted, too."""

    nodes: int
    entities: int
    relations: int


class MergeStartEvent(_OwnEvent):
    """Documents are about to be stored with what they contribute to the graph."""

    index: str
    documents: int


class MergeEndEvent(_OwnEvent):
    """They were; the report has the counts, model calls and tokens."""

    index: str
    report: IngestReport


class IngestStepEvent(_OwnEvent):
    """One step between the two, as the handle's observers are told: split, extracted, stored, failed and so on."""

    kind: str
    document_id: str
    count: int
    detail: str


class Telling(Observer):
    """Passes the steps of an ingestion on to LlamaIndex's event handlers."""

    def on_event(self, event: Event) -> None:
        """Pass one step on."""
        dispatcher.event(
            IngestStepEvent(kind=event.kind, document_id=event.document_id, count=event.count, detail=event.detail)
        )
