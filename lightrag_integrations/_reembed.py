"""The handle's call that changes the embedding model of an index."""

from __future__ import annotations

from typing import Any

from lightrag_integrations._import import Import
from lightrag_integrations.observe import Observer
from lightrag_integrations.progress import counting, observing
from lightrag_integrations.reports import ReembedReport

__all__ = ["Reembed"]


class Reembed(Import):
    """Changing the embedding model."""

    def reembed(
        self, embed_model: Any = None, *, show_progress: bool = False, observer: Observer | None = None
    ) -> ReembedReport:
        """Change the index's embedding model: embed all that is stored anew, then switch over at once.

        Searches go on meanwhile, each wholly with the one or the other model, and so does ingestion by whoever has the
        first one. Nothing is extracted again. Broken off, the next call with the same model goes on where this one
        was; a call with another model begins anew, and one with the model in use gives up what was begun.

        This handle has the new model from then on, and the next one has to be given it; handles that still have the
        first model get `EmbeddingMismatch`. Vectors that callers gave with their chunks are replaced like all others.

        Args:
            embed_model: As for the handle; None: the handle's own, where it is not the index's.
            show_progress: Draw a bar on standard error.
            observer: Gets the events of this call, beside the handle's.

        Returns:
            How many vectors were made; none when the index has that model already.

        Raises:
            ModelError: The model failed, or refuses a text; the index is as it was.
            StorageError: PostgreSQL failed, or another call began with another model.
        """
        model = self._live.settings.embed_model if embed_model is None else embed_model
        with (
            observing(self._settings.observer, observer, show_progress=False, index=self.name) as seen,
            counting("vector", show_progress=show_progress) as step,
        ):
            return self._live.run(lambda: self._live.reembed(model, seen, step))

    async def areembed(
        self, embed_model: Any = None, *, show_progress: bool = False, observer: Observer | None = None
    ) -> ReembedReport:
        """Like `reembed`."""
        model = self._live.settings.embed_model if embed_model is None else embed_model
        with (
            observing(self._settings.observer, observer, show_progress=False, index=self.name) as seen,
            counting("vector", show_progress=show_progress) as step,
        ):
            return await self._live.arun(lambda: self._live.reembed(model, seen, step))
