"""The mirrors of one open handle: its stores taken in, and brought up to date one sync at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, TypeVar

from lightrag_integrations.errors import MirrorError, StorageError
from lightrag_integrations.mirror.adopt import make_of
from lightrag_integrations.mirror.nearest import Outside
from lightrag_integrations.mirror.sync import empty, sync_all
from lightrag_integrations.mirror.tools import Mirror, RunTarget
from lightrag_integrations.mirror.verify import verify_all
from lightrag_integrations.mirrored import Target
from lightrag_integrations.reports import IngestReport, MirrorReport
from lightrag_integrations.store import Store
from lightrag_integrations.stores import Stores

__all__ = ["OpenMirrors", "RunBlocking", "make_mirrors"]

T = TypeVar("T")
_LOG = logging.getLogger("lightrag_integrations.mirror")
_ROLES = ("vectors", "documents", "graph")


class RunBlocking(Protocol):
    """Runs a blocking call in a thread."""

    def __call__(self, fn: Callable[[], T], /) -> Awaitable[T]:
        """Start `fn`; await its result."""
        ...


class OpenMirrors:
    """The mirrors of an open handle. Use `make_mirrors`."""

    def __init__(self, stores: Stores, index: str, store: Store, run_blocking: RunBlocking) -> None:
        """Take in the stores; none of them is asked anything.

        Args:
            stores: As the user gave them.
            index: The index's name.
            store: PostgreSQL.
            run_blocking: Where their calls run.
        """
        self._stores = stores
        self._one_at_a_time = asyncio.Lock()
        self.all: list[Mirror[Any]] = [
            Mirror(
                role=role,
                name=f"{role}:{stores.name}",
                index=index,
                target=_target(role, given, index),
                run=_runner(role, run_blocking, stores),
                store=store,
            )
            for role in _ROLES
            if (given := getattr(stores, role)) is not None
        ]
        vectors = next((mirror for mirror in self.all if mirror.role == "vectors"), None)
        self.outside = (
            None if vectors is None else Outside(vectors, timeout_s=stores.search_timeout_s, most=stores.search_most)
        )

    async def sync(self, *, anew: bool = False) -> MirrorReport:
        """See `mirror.handle.Mirrors.sync`."""
        async with self._one_at_a_time:
            return await sync_all(self.all, anew=anew)

    async def verify(self) -> list[str]:
        """See `mirror.handle.Mirrors.verify`."""
        async with self._one_at_a_time:
            return await verify_all(self.all)

    async def before_drop(self) -> None:
        """Take out what was put in: once the index is gone, nobody knows what that is."""
        async with self._one_at_a_time:
            for mirror in self.all:
                try:
                    await empty(mirror)
                except MirrorError as error:
                    told = {"action": "mirror"}
                    _LOG.warning("mirror %s keeps what the dropped index put there: %s", mirror.role, error, extra=told)

    async def after_change(self) -> MirrorReport | None:
        """Sync where that is wanted after each change; what fails is told, and breaks nothing."""
        if not self._stores.automatic:
            return None
        try:
            report = await self.sync()
        except StorageError as error:
            report = MirrorReport(failed={mirror.role: str(error) for mirror in self.all})
        for role, reason in report.failed.items():
            _LOG.warning("mirror %s failed, the next sync goes on: %s", role, reason, extra={"action": "mirror"})
        return report

    async def after(self, report: T) -> T:
        """The same report, once the mirrors followed."""
        await self.after_change()
        return report

    async def after_ingest(self, report: IngestReport) -> IngestReport:
        """The report of an ingestion, with what became of the mirrors after it."""
        return report.model_copy(update={"mirrors": await self.after_change()})


def make_mirrors(stores: Stores | None, index: str, store: Store, run_blocking: RunBlocking) -> OpenMirrors | None:
    """The mirrors of a handle; None where it has no stores.

    Args:
        stores: As the user gave them.
        index: The index's name.
        store: PostgreSQL.
        run_blocking: Where their calls run.
    """
    return None if stores is None else OpenMirrors(stores, index, store, run_blocking)


def _target(role: str, given: Any, index: str) -> Target:
    """A store behind the methods that a mirror needs."""
    make = make_of(role, given)
    if make == "own":
        return given  # type: ignore[no-any-return]
    if make == "langchain":
        from lightrag_integrations.langchain import stores as langchain

        return langchain.LangChainVectors(given) if role == "vectors" else langchain.LangChainDocuments(given)
    from lightrag_integrations.llama_index import stores as llama_index

    if make == "llama_index_kv":
        return llama_index.LlamaKeyValues(given, index)
    if make == "llama_index_documents":
        return llama_index.LlamaDocuments(given)
    if role == "vectors":
        return llama_index.LlamaVectors(given)
    from lightrag_integrations.llama_index.graph_mirror import LlamaGraph

    return LlamaGraph(given)


def _runner(role: str, run_blocking: RunBlocking, stores: Stores) -> RunTarget:
    places = asyncio.Semaphore(stores.threads)
    going = set[asyncio.Task[Any]]()

    def ended(call: asyncio.Task[Any]) -> None:
        going.discard(call)
        places.release()
        if not call.cancelled():
            call.exception()  # nobody may be left to hear it

    async def run(fn: Callable[[], T], /) -> T:
        def guarded() -> T:
            with _StoreErrors(role):
                return fn()

        try:
            async with asyncio.timeout(stores.call_timeout_s):
                await places.acquire()
                # A call that nobody waits for any more goes on in its thread, and keeps its place until it ends.
                call = asyncio.create_task(_awaited(run_blocking(guarded)))
                going.add(call)
                call.add_done_callback(ended)
                return await asyncio.shield(call)
        except TimeoutError as error:
            raise MirrorError(f"the store of {role} gave no answer within {stores.call_timeout_s} s") from error

    return run


async def _awaited(call: Awaitable[T]) -> T:
    return await call


class _StoreErrors(AbstractContextManager[None]):
    """Whatever a store outside raises leaves as `MirrorError`, with the original as its cause; exits pass."""

    def __init__(self, role: str) -> None:
        self._role = role

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            told = " ".join(str(error).split())[:300]
            reason = f"{type(error).__name__}: {told}" if told else f"{type(error).__name__}, without a message"
            raise MirrorError(f"the store of {self._role} failed: {reason}") from error
