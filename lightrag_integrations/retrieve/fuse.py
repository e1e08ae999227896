"""Several rankings of one search added up: the whole question's and its steps'."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest

from lightrag_integrations.retrieve.neighbourhood import DIGITS
from lightrag_integrations.retrieve.ranking import Found, Ranking
from lightrag_integrations.retrieve.trace import Path, SeedPart, Trace

__all__ = ["fused"]

_POWER = 0.75
"""Scores count to this power: below 1, so that what several steps find passes what one alone finds."""


def fused(rankings: Sequence[Ranking]) -> Ranking:
    """One ranking; a chunk's score is the sum over all, and what each step adds is a part of its own.

    Args:
        rankings: Of the whole question, whose parts keep their names, then of each step.
    """
    chunks = {
        chunk: _summed([ranking.chunks.get(chunk) for ranking in rankings])
        for chunk in dict.fromkeys(chunk for ranking in rankings for chunk in ranking.chunks)
    }
    return Ranking(
        chunks=chunks,
        entities=_in_turns([ranking.entities for ranking in rankings]),
        facts=_in_turns([ranking.facts for ranking in rankings]),
        pinned=rankings[0].pinned,
        trace=_Traces(rankings) if any(ranking.trace for ranking in rankings) else None,
    )


def _worth(found: Found | None) -> float:
    return max(found.score, 0.0) ** _POWER if found is not None else 0.0


def _summed(items: Sequence[Found | None]) -> Found:
    whole, *_ = items
    first = _worth(whole)
    parts = {name: value * first / whole.score for name, value in whole.parts.items()} if whole and first else {}
    parts |= {f"step {number}": _worth(item) for number, item in enumerate(items) if number and _worth(item)}
    order = [item for item in sorted(items, key=lambda item: -_worth(item)) if item is not None]
    return replace(
        order[0],
        parts=parts,
        entities=tuple(dict.fromkeys(entity for item in order for entity in item.entities)),
        facts=tuple(dict.fromkeys(fact for item in order for fact in item.facts)),
        given=round(sum(parts.values()), DIGITS),
    )


def _in_turns(lists: Iterable[Sequence[int]]) -> tuple[int, ...]:
    turns = (item for turn in zip_longest(*lists) for item in turn if item is not None)
    return tuple(dict.fromkeys(turns))


class _Traces(Trace):
    """The traces of several walks, asked for chunks that each of them may have found."""

    def __init__(self, rankings: Sequence[Ranking]) -> None:
        """Keep the walks; what they are worth for a chunk is told by its scores there."""
        self._walks = tuple((ranking, ranking.trace) for ranking in rankings if ranking.trace is not None)

    def seeds(self, chunks: Sequence[int], limit: int) -> dict[int, list[SeedPart]]:
        """Where the score of each chunk began, in any of the walks."""
        found: dict[int, dict[tuple[str, tuple[str, int]], SeedPart]] = {chunk: {} for chunk in chunks}
        for ranking, trace in self._walks:
            held = [chunk for chunk in chunks if _worth(ranking.chunks.get(chunk))]
            for chunk, parts in trace.seeds(held, limit).items():
                for part in parts:
                    before = found[chunk].get((part.signal, part.node))
                    more = part.part * self._share(chunk, ranking) + (before.part if before else 0.0)
                    share = max(part.share, before.share if before else 0.0)
                    found[chunk][part.signal, part.node] = part._replace(part=more, share=share)
        return {
            chunk: sorted(parts.values(), key=lambda one: -round(one.part, DIGITS))[:limit]
            for chunk, parts in found.items()
        }

    def path(self, chunk: int) -> Path | None:
        """The path of the walk that gave most; its losses are of the whole score."""
        found = [(ranking, trace) for ranking, trace in self._walks if _worth(ranking.chunks.get(chunk))]
        if not found:
            return None
        ranking, trace = max(found, key=lambda walk: _worth(walk[0].chunks[chunk]))
        path = trace.path(chunk)
        if path is None:
            return None
        share = self._share(chunk, ranking)
        losses = (None if loss is None else share * (1 - (1 - loss) ** _POWER) for loss in path.losses)
        return path._replace(losses=tuple(losses))

    def _share(self, chunk: int, ranking: Ranking) -> float:
        total = sum(_worth(walk.chunks.get(chunk)) for walk, _ in self._walks)
        return _worth(ranking.chunks.get(chunk)) / total if total else 0.0
