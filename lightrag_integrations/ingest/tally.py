"""What one call did so far: counted and told to the observer in the same breath, so that both agree."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lightrag_integrations.contributions import PreparedDocument
from lightrag_integrations.ingest.tools import IngestTools
from lightrag_integrations.observe import Event, EventKind
from lightrag_integrations.reports import IngestReport, SummaryReport

__all__ = ["Tally"]


class Tally:
    """Counts of one call, and its events."""

    def __init__(self, tools: IngestTools) -> None:
        """Start the clock."""
        self._observer = tools.observer
        self._counters = tools.watch.counters
        self._meter = tools.meter
        self._extractor = tools.extractor
        self._started = time.monotonic()
        self._unchanged = self._dropped = self._superseded = self._busy = 0
        self._stored: dict[str, tuple[int, int, int]] = {}
        self._ids: list[str] = []
        self._errors: dict[str, str] = {}
        self._summaries: SummaryReport | None = None

    def given(self, document_ids: Sequence[str]) -> None:
        """These documents are good to be worked on."""
        self._ids.extend(document_ids)

    def accepted(self, count: int) -> None:
        """So many documents are written down as pending."""
        self._tell("accepted", count=count)

    def unchanged(self, count: int, detail: str = "") -> None:
        """So many documents are stored already with this content."""
        self._unchanged += count
        self._counters.ingested(unchanged=count)
        if count:
            self._tell("unchanged", count=count, detail=detail)

    def split(self, document_id: str, count: int) -> None:
        """A document has so many chunks."""
        self._tell("split", document_id, count=count)

    def extracted(self, document_id: str, count: int, detail: str = "") -> None:
        """So many chunks of a document have their extraction."""
        if count:
            self._tell("extracted", document_id, count=count, detail=detail)

    def embedded(self, document_id: str, count: int) -> None:
        """So many vectors of a document are there."""
        if count:
            self._tell("embedded", document_id, count=count)

    def dropped(self, count: int) -> None:
        """So many extracted records were refused."""
        self._dropped += count

    def model_call(self, document_id: str, count: int) -> None:
        """So many model calls were made for a document."""
        if count:
            self._tell("model_call", document_id, count=count)

    def stored(self, document: PreparedDocument) -> None:
        """A document is committed."""
        mentions = sum(len(chunk.mentions) for chunk in document.chunks)
        facts = sum(len(chunk.facts) for chunk in document.chunks)
        self._stored[document.document.id] = (len(document.chunks), mentions, facts)
        self._counters.ingested(documents=1, chunks=len(document.chunks), mentions=mentions, facts=facts)
        self._tell("stored", document.document.id)

    @property
    def stored_ids(self) -> list[str]:
        """Of the documents committed so far."""
        return [*self._stored]

    def summarised(self, summaries: SummaryReport) -> None:
        """Summaries were made, or should have been."""
        self._summaries = summaries
        if summaries.made or summaries.errors or summaries.stopped:
            self._tell(
                "summarised",
                count=summaries.made,
                detail=summaries.stopped or "".join([*summaries.errors.values()][:1]),
            )

    def superseded(self, document_id: str) -> None:
        """A document was finished, but meanwhile deleted or taken over by a newer call: nothing was stored."""
        self._superseded += 1
        self._counters.ingested(superseded=1)
        self._tell("superseded", document_id)

    def busy(self, count: int) -> None:
        """So many documents were left to others, who are at work on them."""
        self._busy += count

    def failed(self, document_id: str, reason: str) -> None:
        """A document was refused or could not be finished."""
        self._errors[document_id] = reason
        self._counters.ingested(failed=1)
        self._stored.pop(document_id, None)
        self._tell("failed", document_id, detail=reason)

    def report(self) -> IngestReport:
        """The report of the whole call; also told to the observer as finished."""
        meter = self._meter
        report = IngestReport(
            documents=len(self._stored),
            unchanged=self._unchanged,
            superseded=self._superseded,
            failed=len(self._errors),
            processing=self._busy,
            chunks=sum(chunks for chunks, _, _ in self._stored.values()),
            entities=sum(mentions for _, mentions, _ in self._stored.values()),
            relations=sum(facts for _, _, facts in self._stored.values()),
            model_calls=meter.model_calls,
            cached=meter.cached,
            prompt_tokens=meter.prompt_tokens,
            completion_tokens=meter.completion_tokens,
            unanswered_tokens=meter.unanswered,
            embedding_tokens=meter.embedding_tokens,
            dropped=self._dropped + meter.dropped + int(getattr(self._extractor, "dropped", 0)),
            seconds=time.monotonic() - self._started,
            document_ids=tuple(self._ids),
            errors=dict(self._errors),
            summaries=self._summaries,
        )
        self._tell("finished", count=len(self._stored))
        return report

    def _tell(self, kind: EventKind, document_id: str = "", *, count: int = 1, detail: str = "") -> None:
        self._observer.on_event(Event(kind, document_id, count, detail))
