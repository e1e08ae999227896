"""Storing documents with their contributions to the graph: one span, an event at each end and for each step."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]

from lightrag_integrations import Document, IngestOptions, LightRAGIndex
from lightrag_integrations.llama_index.events import MergeEndEvent, MergeStartEvent, Telling

__all__ = ["amerge", "merge"]

dispatcher = get_dispatcher(__name__)


@dispatcher.span
def merge(
    index: LightRAGIndex, documents: Sequence[Document], options: IngestOptions, *, show_progress: bool = False
) -> None:
    """Store documents.

    Args:
        index: The handle.
        documents: What to store.
        options: How.
        show_progress: Draw progress bars on standard error.

    Raises:
        LightRAGError: Some could not be stored; says which and why.
    """
    dispatcher.event(MergeStartEvent(index=index.name, documents=len(documents)))
    report = index.ingest(documents, options=options, observer=Telling(), show_progress=show_progress)
    dispatcher.event(MergeEndEvent(index=index.name, report=report))
    report.raise_if_failed()


@dispatcher.span
async def amerge(
    index: LightRAGIndex, documents: Sequence[Document], options: IngestOptions, *, show_progress: bool = False
) -> None:
    """Like `merge`."""
    dispatcher.event(MergeStartEvent(index=index.name, documents=len(documents)))
    report = await index.aingest(documents, options=options, observer=Telling(), show_progress=show_progress)
    dispatcher.event(MergeEndEvent(index=index.name, report=report))
    report.raise_if_failed()
