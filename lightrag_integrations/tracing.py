"""Traces: the seam between the work and whoever wants to see it as spans. Nothing is made while nobody does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

__all__ = ["NO_SPAN", "NO_TRACER", "Attribute", "ModelAttributes", "Span", "Tracer", "within"]

T = TypeVar("T")
Attribute = str | bool | int | float | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelAttributes:
    """What spans tell of a model and its endpoint."""

    name: str
    provider: str
    address: str = ""
    """Host; empty: not known."""
    port: int = 0


class Span:
    """A piece of work under way, as a context manager; this one belongs to no trace and forgets what it is told."""

    __slots__ = ()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, with the error that ended it."""

    def tell(self, attributes: Mapping[str, Attribute]) -> None:
        """Note attributes, by name.

        Args:
            attributes: Never text of documents, questions or answers, unless `Tracer.content` allows it.
        """

    def inside(self) -> AbstractContextManager[None]:
        """For a span made `apart`: what begins in this block is its child."""
        return nullcontext()


NO_SPAN = Span()
"""Of no trace."""


class Tracer:
    """Makes spans; this one makes none. `OpenTelemetryTracer` is the one to use, or inherit and override.

    What a tracer or a span raises ends the call that it watches: it must raise nothing.
    """

    on: bool = False
    """Whether spans are made: what is told of them needs not be gathered otherwise."""
    content: bool = False
    """Whether questions, prompts and answers may be told."""

    def span(
        self, name: str, attributes: Mapping[str, Attribute] | None = None, *, remote: bool = False, apart: bool = False
    ) -> Span:
        """A span below the caller's current one, begun by `with`.

        Args:
            name: With few distinct values.
            attributes: Those known from the beginning.
            remote: The work is another process's, asked by this one.
            apart: Don't make it the current one: for generators, whose steps may run in other contexts.
        """
        return NO_SPAN


NO_TRACER = Tracer()
"""Makes no spans."""


async def within(span: Span, items: AsyncIterator[T]) -> AsyncIterator[T]:
    """Iterate with every step inside a span that was made `apart`; closed, it closes what it iterates.

    Args:
        span: What the steps are children of.
        items: What to iterate.
    """
    try:
        while True:
            with span.inside():
                try:
                    item = await anext(items)
                except StopAsyncIteration:
                    return
            yield item
    finally:
        if isinstance(items, AsyncGenerator):
            with span.inside():
                await items.aclose()
