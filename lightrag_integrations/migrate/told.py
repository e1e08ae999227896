"""Which chunk told which of the descriptions that LightRAG merged into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["EDITED", "PLACED", "SUMMARISED", "Own", "Sources", "Told", "descriptions_of"]

SUMMARISED = "summaries by a model, replaced by the descriptions they were made of"
EDITED = "descriptions edited by hand, taken as they stand"
PLACED = "descriptions without a cached answer, given to the chunk that shares most words with them"


class Own(NamedTuple):
    """What a chunk tells of an entity or a relation."""

    description: str = ""
    type: str = ""
    keywords: tuple[str, ...] = ()
    turned: bool = False
    """It tells the relation from its other end."""
    lesser: bool = False
    """Another answer about the chunk says more of it."""


@dataclass(frozen=True)
class Sources:
    """The chunks that speak of an entity or relation, in order, and what is known of them."""

    own: Mapping[str, Sequence[Own]]
    """By chunk what its answers say of just this."""
    unanswered: frozenset[str]
    """Those of which no answer is kept, so that what they told is not known."""
    elsewhere: Callable[[str], Sequence[str]]
    """Chunks whose answers say this of another name (names were merged)."""
    nearest: Callable[[str, Sequence[str]], str]
    """Of some chunks the one that shares most words with a description."""
    is_summary: Callable[[str], bool]
    """Whether a model made this text of other descriptions."""


@dataclass(frozen=True)
class Told:
    """Who tells what."""

    by_chunk: Mapping[str, Sequence[Own]]
    """Never empty."""
    notes: set[str] = field(default_factory=set)

    def types(self, graph: str) -> dict[str, str]:
        """The type that each chunk gives; the graph's where it gives none, or where the graph's was set by hand."""
        own = {chunk: next((one.type for one in told if one.type), "") for chunk, told in self.by_chunk.items()}
        graph = "" if graph == "UNKNOWN" else graph
        by_hand = graph not in set(own.values())
        return {chunk: graph if by_hand or not kind else kind for chunk, kind in own.items()}

    def keywords(self, graph: Sequence[str]) -> dict[str, list[list[str]]]:
        """The keywords of what each chunk tells, of those that the graph has.

        Those that no answer gives go to who gives none, or where all give some to the first.
        """
        held = frozenset(graph)
        own = {
            chunk: [[word for word in one.keywords if word in held] for one in told]
            for chunk, told in self.by_chunk.items()
        }
        given = {word for told in own.values() for words in told for word in words}
        left = [word for word in graph if word not in given]
        each = [words for told in own.values() for words in told]
        for words in [words for words in each if not words] or each[:1]:
            words += left
        return own


def descriptions_of(merged: Sequence[str], sources: Sources) -> Told:
    """Give each of the merged descriptions to the chunks that told it.

    Args:
        merged: What the graph holds, split.
        sources: At least one chunk.
    """
    held = frozenset(merged)
    own = {chunk: _counting(told, held) for chunk, told in sources.own.items()}
    known = {one.description for told in own.values() for one in told}
    notes, unknown = set[str](), list[str]()
    for text in merged:
        if text in known:
            continue
        if sources.is_summary(text):
            notes.add(SUMMARISED)
            continue
        tellers = sources.elsewhere(text)
        for chunk in tellers:
            own[chunk].append(Own(text))
        if not tellers:
            unknown.append(text)
    if unknown:
        notes |= _place(unknown, held, own, sources)
    return Told({chunk: told or [Own()] for chunk, told in own.items()}, notes)


def _counting(told: Sequence[Own], merged: frozenset[str]) -> list[Own]:
    """Of what several answers about one chunk say that which the graph has, else that which says most."""
    taken = [one for one in told if one.description in merged]
    return taken if any(one.lesser for one in taken) else [one for one in told if not one.lesser]


def _place(unknown: Sequence[str], merged: frozenset[str], own: dict[str, list[Own]], sources: Sources) -> set[str]:
    """Descriptions that no answer explains: of chunks whose answers are not kept, else of somebody's own hand."""
    lost = [chunk for chunk in own if chunk in sources.unanswered]
    edited = not lost and any(own.values())
    if edited:
        # Who wrote it anew wrote it in place of what is not there any more.
        for chunk, told in own.items():
            own[chunk] = [one for one in told if one.description in merged]
    among = lost or list(own)
    for text in unknown:
        chunk = among[0] if len(among) == 1 else sources.nearest(text, among)
        own[chunk].append(Own(text))
    if edited:
        return {EDITED}
    return {PLACED} if len(among) > 1 else set()
