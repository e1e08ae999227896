"""The handle's call that takes over what other systems stored."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Literal

from lightrag_integrations._upkeep import Upkeep
from lightrag_integrations.observe import Observer
from lightrag_integrations.progress import observing

if TYPE_CHECKING:
    from lightrag_integrations.migrate.report import ImportReport
    from lightrag_integrations.migrate.sources import ImportSource

__all__ = ["Import"]


class Import(Upkeep):
    """Migration."""

    def import_from(
        self,
        source: ImportSource,
        *,
        vectors: Literal["embed", "keep"] = "embed",
        graph: Literal["words", "model", "none"] = "words",
        unfinished: Literal["skip", "ingest"] = "skip",
        dry_run: bool = False,
        show_progress: bool = False,
        observer: Observer | None = None,
    ) -> ImportReport:
        """Take over what another system stored: documents, chunks, graph and, where asked for, vectors.

        A graph that LightRAG built comes over as it stands, without a call of a chat model: each chunk tells what it
        told LightRAG, from the cached answers where they are kept, so that deleting a document takes away its share.
        Everything is read and checked before anything is written or an index made; then each document is stored in one
        transaction.
        Importing again changes nothing.

        Args:
            source: `LightRAGDirectory`, `LightRAGWorkspace`, `LangChainTable`, `LangChainCollection` or
                `LlamaIndexTable`. A document of the index with the same id is replaced.
            vectors: "embed": the handle's model embeds all chunks. "keep": their vectors are taken over; the handle's
                model has to be the one that they come from, which a few texts are embedded to find out. Names and facts
                are embedded by the handle's model in either case: LightRAG embeds them in another form.
            graph: Of what comes without one (tables; unfinished documents): "words" finds names without a model,
                "model" asks as `ingest` does, "none" stores none.
            unfinished: Documents that LightRAG had not finished are reported and left out, or their texts ingested.
            dry_run: Write nothing, not even an index that isn't there, and tell what would be taken.
            show_progress: Draw progress bars on standard error.
            observer: Gets the events of this call, beside the handle's.

        Returns:
            What came over, what did not, and why.

        Raises:
            InputError: The source is not what it is said to be, or broken, or its vectors are another model's; nothing
                was written.
            StorageError: A database failed; call again to go on.
        """
        words = {"vectors": vectors, "graph": graph, "unfinished": unfinished}
        with observing(self._settings.observer, observer, show_progress=show_progress and not dry_run) as seen:
            return self._live.work(self._importing(source, words, dry_run=dry_run, observer=seen))

    async def aimport_from(
        self,
        source: ImportSource,
        *,
        vectors: Literal["embed", "keep"] = "embed",
        graph: Literal["words", "model", "none"] = "words",
        unfinished: Literal["skip", "ingest"] = "skip",
        dry_run: bool = False,
        show_progress: bool = False,
        observer: Observer | None = None,
    ) -> ImportReport:
        """Like `import_from`."""
        words = {"vectors": vectors, "graph": graph, "unfinished": unfinished}
        with observing(self._settings.observer, observer, show_progress=show_progress and not dry_run) as seen:
            return await self._live.awork(self._importing(source, words, dry_run=dry_run, observer=seen))

    def _importing(
        self, source: ImportSource, words: Mapping[str, str], *, dry_run: bool, observer: Observer
    ) -> Callable[[], Coroutine[Any, Any, ImportReport]]:
        from lightrag_integrations._importing import ImportCall, Ready, run_import
        from lightrag_integrations._looking import looking

        live = self._live
        call = ImportCall(source, **words, dry_run=dry_run)
        ready = Ready(
            open=live.ready,
            session=live.session,
            looking=lambda: looking(live),
            options=live.settings.options.ingest,
            observer=observer,
        )
        return lambda: run_import(call, ready)
