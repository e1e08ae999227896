"""The manner of working: options that decide what is stored travel with what is pending, so that a retry keeps them."""

from __future__ import annotations

import json
from dataclasses import replace
from types import TracebackType

from lightrag_integrations.contributions import PreparedDocument
from lightrag_integrations.ingest.call import Call, Job
from lightrag_integrations.ingest.identity import options_fingerprint
from lightrag_integrations.ingest.line import Line
from lightrag_integrations.ingest.queue import EmbedQueue
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.protocols import Extractor

__all__ = ["Lines", "manner_of", "with_manner"]

_MANNER = (
    "chunk_tokens", "overlap_tokens", "entity_types", "language", "extract_prompt", "grounded", "max_entities",
    "max_relations", "max_name_chars", "max_description_chars", "max_completion_tokens", "extract", "embed",
)  # fmt: skip


def manner_of(options: IngestOptions) -> str:
    """The options that decide what is stored of a document, as JSON. Tries, time-outs, sizes of batches do not."""
    return json.dumps(options.model_dump(mode="json", include=set(_MANNER)), sort_keys=True)


def with_manner(options: IngestOptions, manner: str) -> IngestOptions:
    """The options, with those that another call wrote down in place of their own.

    Args:
        options: Of the running call.
        manner: Made by `manner_of`; empty: nothing was written down.
    """
    known = {name: value for name, value in json.loads(manner or "{}").items() if name in _MANNER}
    return IngestOptions.model_validate({**options.model_dump(), **known})


class Lines:
    """A line for each manner in which documents were accepted. An asynchronous context manager."""

    def __init__(self, call: Call, queue: EmbedQueue) -> None:
        """Set up nothing yet."""
        self._call = call
        self._queue = queue
        self._own = manner_of(call.options)
        self._lines: dict[str, Line] = {}
        self._extractors: list[Extractor | None] = []
        """Those of other manners than the call's."""

    async def __aenter__(self) -> Lines:
        """Nothing to open."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let paid answers reach the cache."""
        for line in self._lines.values():
            await line.__aexit__(kind, error, trace)
        self._call.tally.dropped(sum(int(getattr(one, "dropped", 0)) for one in self._extractors))

    async def prepare(self, job: Job) -> PreparedDocument:
        """Everything derived from one document, in the manner it was accepted with."""
        manner = job.pending.options or self._own
        line = self._lines.get(manner)
        if line is None:
            line = self._lines[manner] = Line(self._call_for(manner), self._queue)
        with self._queue.coming():
            return await line.prepare(job)

    def _call_for(self, manner: str) -> Call:
        call = self._call
        if manner == self._own:
            return call
        options = with_manner(call.options, manner)
        tools = replace(call.tools, extractor=call.tools.extractor_for(options))
        if tools.extractor is not call.tools.extractor:
            self._extractors.append(tools.extractor)
        return replace(call, tools=tools, options=options, fingerprint=options_fingerprint(tools, options))
