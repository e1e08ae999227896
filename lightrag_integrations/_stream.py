"""What is given to one ingestion: a list as a whole, an iterator in portions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial

from lightrag_integrations.errors import InputError
from lightrag_integrations.ingest.accept import Earlier
from lightrag_integrations.models import Document
from lightrag_integrations.options import IngestOptions, merged
from lightrag_integrations.providers.documents import adopt_portions
from lightrag_integrations.reports import IngestReport

__all__ = ["Stream"]

Portion = tuple[list[Document], IngestOptions]


class Stream:
    """Portions of documents with the options for each, and what was done with them.

    Iterate over it, blocking or not, and hand in the report of each portion before asking for the next.
    """

    def __init__(self, inputs: object, options: IngestOptions) -> None:
        """Read nothing yet.

        Args:
            inputs: What `adopt_portions` takes.
            options: Of the whole call; of the token budget each portion gets what is left.
        """
        self._portions = adopt_portions(inputs)
        self._options = options
        self._report: IngestReport | None = None
        self.earlier = Earlier()
        """What the portions so far brought: a stream is one call."""

    def __iter__(self) -> Iterator[Portion]:
        """Read in the caller's thread."""
        for documents in self._portions:
            yield documents, self._left()

    async def __aiter__(self) -> AsyncGenerator[Portion]:
        """Read in a thread of its own, the same for all portions, with the caller's context variables."""
        loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, "lightrag-reading")
        read = partial(copy_context().run, next, self._portions, None)
        try:
            while (documents := await loop.run_in_executor(thread, read)) is not None:
                yield documents, self._left()
        finally:
            thread.shutdown(wait=False)

    def done(self, report: IngestReport) -> None:
        """What became of the portion handed out last."""
        self._report = report if self._report is None else self._report.followed_by(report)

    def report(self) -> IngestReport:
        """What became of all."""
        return self._report or IngestReport()

    @contextmanager
    def telling(self) -> Iterator[None]:
        """When something bad comes, say what is stored already."""
        try:
            yield
        except InputError as error:
            if self._report is None:
                raise
            raise InputError(
                f"{self._report.documents} documents of this stream are stored; next came: {error}", error.problems
            ) from error

    def _left(self) -> IngestOptions:
        budget, done = self._options.token_budget, self._report
        if budget is None or done is None:
            return self._options
        gone = done.prompt_tokens + done.completion_tokens + done.unanswered_tokens
        return merged(self._options, {"token_budget": max(0, budget - gone)})
