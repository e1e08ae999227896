"""Given: is a graph that comes ready-made fit to be stored as it stands?"""

from __future__ import annotations

from collections.abc import Iterator

from lightrag_integrations.models import ChunkGraph
from lightrag_integrations.text.keys import normalise_name

__all__ = ["graph_problems"]

_MAX_KEY_BYTES = 1024
_MAX_WEIGHT = 1e9
"""Weights are added up; of larger ones the sum is no number any more, and nothing could be searched."""


def graph_problems(graph: ChunkGraph | None) -> Iterator[str]:
    """Everything that keeps a graph from being stored: names that can't be keys, relations of a thing with itself.

    Args:
        graph: Of one chunk; its texts are known to be storable.

    Yields:
        A line for each problem: what was got, what is expected.
    """
    if graph is None:
        return
    for entity in graph.entities:
        yield from _name_problems(entity.name)
    for relation in graph.relations:
        yield from _name_problems(relation.source)
        yield from _name_problems(relation.target)
        if normalise_name(relation.source) == normalise_name(relation.target):
            yield f"graph: a relation joins {relation.source!r:.80} with itself; expected two entities"
        if not 0 < relation.weight <= _MAX_WEIGHT:
            given = f"a relation has the weight {relation.weight}"
            yield f"graph: {given}; expected a number above 0, {_MAX_WEIGHT:g} at most"


def _name_problems(name: str) -> Iterator[str]:
    if not any(map(str.isalnum, name)):
        yield f"graph: {name!r:.80} can't be a name; expected a letter or digit"
    elif len(normalise_name(name).encode("utf-8", "surrogatepass")) > _MAX_KEY_BYTES:
        yield f"graph: a name has {len(name)} characters; expected at most {_MAX_KEY_BYTES} bytes of UTF-8"
