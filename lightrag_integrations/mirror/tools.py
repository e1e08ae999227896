"""What keeping a mirror works with: given by the handle."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID, uuid4, uuid5

from lightrag_integrations.mirrored import UNDER_WAY, ChunkItem, Compared, MirrorKind, Recorded, Target
from lightrag_integrations.models import HIDDEN_KEY
from lightrag_integrations.reader import Reader
from lightrag_integrations.store import Store

__all__ = ["Counts", "Mirror", "Part", "Read", "RunTarget", "chunk_items", "nothing", "parts", "under_way",
           "vector_id"]  # fmt: skip

T = TypeVar("T")
TargetT = TypeVar("TargetT", bound=Target)
_IDS = UUID("6c1f9a52-0b7e-5d0c-9c53-2f6f5b0b6a11")


class RunTarget(Protocol):
    """Runs a call to a store outside in a thread; its errors leave as `MirrorError`."""

    def __call__(self, fn: Callable[[], T], /) -> Awaitable[T]:
        """Start `fn`; await its result."""
        ...


@dataclass(frozen=True)
class Mirror(Generic[TargetT]):
    """One store outside that follows an index."""

    role: str
    """vectors, graph or documents."""
    name: str
    """Under which PostgreSQL records what it was given."""
    index: str
    target: TargetT
    run: RunTarget
    store: Store


@dataclass
class Counts:
    """What a sync did with one mirror."""

    put: int = 0
    removed: int = 0
    unchanged: int = 0


@asynccontextmanager
async def under_way(mirror: Mirror[Any], kind: MirrorKind, rows: Sequence[Recorded]) -> AsyncIterator[None]:
    """Write down that things are being put, and after the block that they are there.

    Broken off, the next sync repeats it. So it does where another handle's sync put the same things meanwhile: whose
    state came last into the store is not known.

    Args:
        mirror: The store.
        kind: Of things.
        rows: As they are at the end.
    """
    token = f"{UNDER_WAY}{uuid4().hex}"
    begun = [replace(row, hash=token, label=row.label if kind == "entity" else "") for row in rows]
    await mirror.store.record_mirrored(mirror.name, kind, begun)
    yield
    await mirror.store.record_mirrored(mirror.name, kind, rows, begun=token)


def vector_id(index: str, chunk_id: str) -> str:
    """The id of a chunk among vectors: a UUID, as several engines take no other, and none of another index."""
    return str(uuid5(_IDS, f"{index}\n{chunk_id}"))


@dataclass(frozen=True)
class Part(Generic[T]):
    """Some things that are in the index or the mirror, read from one snapshot that is given back."""

    states: Sequence[Compared]
    items: Sequence[T]
    """Made of those that the mirror lacks or has otherwise."""

    @property
    def changed(self) -> list[Compared]:
        """What the mirror lacks or has otherwise."""
        return [state for state in self.states if state.present is not None and not state.same]

    @property
    def gone(self) -> list[Compared]:
        """What only the mirror has."""
        return [state for state in self.states if state.present is None]


Read = Callable[[Reader, Sequence[Compared]], Awaitable[Sequence[T]]]


async def parts(mirror: Mirror[Any], kind: MirrorKind, size: int, read: Read[T]) -> AsyncIterator[Part[T]]:
    """What is in the index or the mirror, a part at a time; memory holds one.

    Args:
        mirror: What to compare with.
        kind: Of things.
        size: Keys in a part.
        read: Makes items of what the mirror lacks or has otherwise.
    """
    after: str | None = ""
    while after is not None:
        after, part = await _part(mirror, kind, size, read, after)
        yield part


async def _part(
    mirror: Mirror[Any], kind: MirrorKind, size: int, read: Read[T], after: str
) -> tuple[str | None, Part[T]]:
    async with mirror.store.snapshot() as reader:
        keys = await reader.mirror_keys(mirror.name, kind, after=after, limit=size)
        part = Part[T](await reader.mirror_states(mirror.name, kind, keys) if keys else (), ())
        if part.changed:
            part = Part(part.states, await read(reader, part.changed))
        return keys[-1] if keys else None, part


async def nothing(reader: Reader, states: Sequence[Compared]) -> Sequence[Any]:
    """For those who only compare."""
    return ()


async def chunk_items(
    reader: Reader,
    states: Sequence[Compared],
    ids: Mapping[str, str],
    *,
    mentions: Mapping[str, Sequence[str]] | None = None,
) -> list[ChunkItem]:
    """Chunks as mirrors keep them; with their mentions where given, else with their vectors.

    Args:
        reader: The snapshot that the states come from.
        states: Which.
        ids: In the mirror, by chunk id.
        mentions: Ids in the mirror of the entities, by chunk id.
    """
    hashes = {state.key: state.present or "" for state in states}
    vectors = await reader.vectors([*hashes]) if mentions is None else {}
    return [
        ChunkItem(
            id=ids[row.chunk_id],
            chunk_id=row.chunk_id,
            document_id=row.document_id,
            text=row.text,
            title=row.title,
            source=row.source,
            position=row.position,
            metadata={key: value for key, value in row.metadata.items() if key != HIDDEN_KEY},
            hash=hashes[row.chunk_id],
            vector=tuple(float(value) for value in vectors.get(row.chunk_id, ())),
            mentions=tuple((mentions or {}).get(row.chunk_id, ())),
        )
        for row in await reader.find_chunks([*hashes])
    ]
