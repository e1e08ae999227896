"""One course of calls on a handle for both ways to run it: blocking, and without blocking the running loop."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar

from lightrag_integrations import LightRAGIndex

__all__ = ["Call", "Course", "arun", "run"]

T = TypeVar("T")


class Call(NamedTuple):
    """A method of a handle, or of one of its rooms, and what it is called with."""

    method: str
    """Such as "graph.nodes": its asynchronous twin has an "a" before the last part."""
    args: tuple[Any, ...] = ()
    fields: dict[str, Any] | None = None


Course = Generator[Call, Any, T]
"""Yields calls, is sent what they return, and returns what it is about."""


def run(index: LightRAGIndex, course: Course[T]) -> T:
    """Follow a course, blocking."""
    answer: Any = None
    while True:
        try:
            call = course.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        room, name = _room(index, call)
        answer = getattr(room, name)(*call.args, **(call.fields or {}))


async def arun(index: LightRAGIndex, course: Course[T]) -> T:
    """Follow a course without blocking."""
    answer: Any = None
    while True:
        try:
            call = course.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        room, name = _room(index, call)
        answer = await getattr(room, f"a{name}")(*call.args, **(call.fields or {}))


def _room(index: LightRAGIndex, call: Call) -> tuple[Any, str]:
    *rooms, name = call.method.split(".")
    found: Any = index
    for room in rooms:
        found = getattr(found, room)
    return found, name
