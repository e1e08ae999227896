"""Summaries of entities, made when asked for."""

from __future__ import annotations

from collections.abc import Sequence

from lightrag_integrations.graph.reading import Reading, find_entities
from lightrag_integrations.options import SummaryOptions
from lightrag_integrations.reports import SummaryEstimate, SummaryReport

__all__ = ["Summarising"]

Names = Sequence[str] | None


class Summarising(Reading):
    """The part of `index.graph` that writes summaries.

    One is shown as `EntityView.description` exactly where the visible contributions are those it was made from: never
    after one came, changed or went, nor through a filter that hides one. A later call makes a new one.
    """

    def summarise(self, names: Names = None, *, options: SummaryOptions | None = None) -> SummaryReport:
        """Let the model describe each entity whose descriptions have become many, unless it did already.

        Args:
            names: Only these entities; None: all.
            options: In place of the handle's `options.summaries`.

        Returns:
            How many were made, and why others were not.

        Raises:
            ConfigurationError: The handle has no model.
            StorageError: PostgreSQL failed; what was made is kept.
        """
        return self._live.run(lambda: self._summarise(names, options))

    async def asummarise(self, names: Names = None, *, options: SummaryOptions | None = None) -> SummaryReport:
        """Like `summarise`."""
        return await self._live.arun(lambda: self._summarise(names, options))

    def estimate_summaries(self, names: Names = None, *, options: SummaryOptions | None = None) -> SummaryEstimate:
        """What `summarise` would cost now; calls no model."""
        return self._live.run(lambda: self._estimate_summaries(names, options))

    async def aestimate_summaries(
        self, names: Names = None, *, options: SummaryOptions | None = None
    ) -> SummaryEstimate:
        """Like `estimate_summaries`."""
        return await self._live.arun(lambda: self._estimate_summaries(names, options))

    async def _summarise(self, names: Names, options: SummaryOptions | None) -> SummaryReport:
        return await self._live.summarise(await self._chosen(names), options)

    async def _estimate_summaries(self, names: Names, options: SummaryOptions | None) -> SummaryEstimate:
        return await self._live.estimate_summaries(await self._chosen(names), options)

    async def _chosen(self, names: Names) -> list[int] | None:
        if names is None:
            return None
        async with self._live.reading() as reader:
            return await find_entities(reader, names)
