"""The life of a handle: made, opened, closed, pickled, forked."""

from __future__ import annotations

import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from lightrag_integrations._settings import Settings, show_database
from lightrag_integrations.database import read_database
from lightrag_integrations.documents import Documents
from lightrag_integrations.graph import Graph
from lightrag_integrations.mirror.handle import Mirrors
from lightrag_integrations.observe import Observer
from lightrag_integrations.options import IndexOptions
from lightrag_integrations.stores import Stores
from lightrag_integrations.tracing import NO_TRACER, Tracer

if TYPE_CHECKING:
    from lightrag_integrations._live import Live

__all__ = ["Handle"]


class Keeper:
    """Held by a handle, its `documents` and its `graph`: what forgets the last of them closes the handle.

    A handle that each of these held would be in a circle, and closed whenever the collector comes by.
    """


class Handle:
    """What every handle is, apart from what it does. Users see `LightRAGIndex`."""

    def __init__(
        self,
        name: str = "default",
        *,
        database: Any = None,
        llm: Any = None,
        embed_model: Any = None,
        extractor: Any = None,
        reranker: Any = None,
        observer: Observer | None = None,
        max_concurrency: int = 16,
        options: IndexOptions | None = None,
        create: bool = True,
        telemetry: Tracer | None = None,
        stores: Stores | None = None,
    ) -> None:
        """Keep the settings.

        Args:
            name: Any text, up to 512 characters; one name is one set of tables.
            database: None for a PostgreSQL of our own under `./.lightrag`; a directory for one there; a
                `postgresql://` string or `ConnectOptions` for yours.
            llm: `OpenAIChatModel`, a LangChain chat model, a LlamaIndex LLM or a `ChatModel`. None: the graph is
                built by `LexicalExtractor`, and `answer` is not available.
            embed_model: `OpenAIEmbedder`, LangChain `Embeddings`, a LlamaIndex embedding or an `Embedder`. None:
                `HashEmbedder`, which knows words only.
            extractor: An `Extractor` in place of the model's or the lexical one.
            reranker: A `Reranker`; None: `LexicalReranker`.
            observer: Gets every ingestion event.
            max_concurrency: Model calls in flight at once.
            options: Defaults for all calls, and a model for each task.
            create: Whether an index that the database doesn't hold is made at the first call; else that call raises
                `IndexNotFound`.
            telemetry: `OpenTelemetryTracer()`, or a `Tracer` of your own; None: no spans.
            stores: Stores of other makes that follow the index, see `Stores`.

        Raises:
            InputError: The name is empty, too long or holds NUL.
            ConfigurationError: An argument is of the wrong kind.
        """
        self._settings = Settings(
            name=name,
            database=read_database(database),
            llm=llm,
            embed_model=embed_model,
            extractor=extractor,
            reranker=reranker,
            observer=observer,
            max_concurrency=max_concurrency,
            options=IndexOptions() if options is None else options,
            create=create,
            telemetry=telemetry or NO_TRACER,
            stores=stores,
        )
        self._start()

    def _start(self) -> None:
        from lightrag_integrations._live import Live

        self._live: Live = Live(self._settings)
        keeper = Keeper()
        self._keeper = keeper
        self._finalizer = weakref.finalize(keeper, self._live.close)
        self.documents = Documents(self._live, keeper)
        """Status, listing, reading, deletion and retry of documents."""
        self.graph = Graph(self._live, keeper)
        """Entities and relations, read from the visible contributions."""
        self.mirror = Mirrors(self._live, keeper)
        """The stores of other makes that follow the index."""

    @property
    def name(self) -> str:
        """The index's name."""
        return self._settings.name

    @property
    def options(self) -> IndexOptions:
        """Defaults for all calls."""
        return self._settings.options

    @property
    def llm(self) -> Any:
        """The chat model given, as it was given."""
        return self._settings.llm

    @property
    def reranker(self) -> Any:
        """The reranker given; None: `LexicalReranker`."""
        return self._settings.reranker

    def open(self) -> Self:
        """Open now rather than at the first call. Idempotent."""
        self._live.run(self._live.ready)
        return self

    async def aopen(self) -> Self:
        """Open now rather than at the first call. Idempotent."""
        await self._live.arun(self._live.ready)
        return self

    def close(self) -> None:
        """Wait for running calls (`options.close_timeout_s`), then give everything back. Idempotent."""
        self._finalizer.detach()
        self._live.close()

    async def aclose(self) -> None:
        """Like `close`, without blocking the running loop."""
        self._finalizer.detach()
        await self._live.aclose()

    def __enter__(self) -> Self:
        """Open."""
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    async def __aenter__(self) -> Self:
        """Open."""
        return await self.aopen()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.aclose()

    def __repr__(self) -> str:
        """Name and place, no secrets."""
        return f"LightRAGIndex({self.name!r}, database={show_database(self._settings.database)!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Settings only: a copy in another process opens its own connections."""
        return {"settings": self._live.settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the settings, open nothing."""
        self._settings = state["settings"]
        self._start()

    def describe(self) -> dict[str, str]:
        """Name, place and models, for traces and fingerprints; never a secret."""
        return self._live.describe()
