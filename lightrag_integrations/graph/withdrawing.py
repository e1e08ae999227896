"""What is taken from chunks: entities with all about them, and triples. Pure, but for finding the chunks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import product

from lightrag_integrations.contributions import Fact, PreparedChunk, PreparedDocument
from lightrag_integrations.edits import Edits
from lightrag_integrations.evidence import HAND
from lightrag_integrations.notes import Note, NotedFact, label_for
from lightrag_integrations.reader import Reader
from lightrag_integrations.rework import Reworked
from lightrag_integrations.text.keys import normalise_name

__all__ = ["Triple", "Withdrawal", "chunks_to_change", "label_of", "same_keys"]

Triple = tuple[str, str, str]


def label_of(fact: NotedFact) -> str:
    """What a fact is called."""
    return label_for(fact.row.view.keywords, fact.label)


def same_keys(edits: Edits) -> Callable[[str], Collection[str]]:
    """Tells of a name all keys that are shown as the same entity."""
    shown: dict[str, set[str]] = {}
    for key in edits.aliases:
        shown.setdefault(edits.root(key), {edits.root(key)}).add(key)

    def same(name: str) -> Collection[str]:
        key = normalise_name(name)
        return {key} | shown.get(edits.root(key), set())

    return same


async def chunks_to_change(
    reader: Reader, names: Sequence[str], triples: Collection[Triple], *, same: Callable[[str], Collection[str]]
) -> list[str]:
    """Ids of the chunks that tell something of these entities, or one of these triples; what is hidden, too.

    Args:
        reader: The whole index.
        names: Of entities.
        triples: (source, label, target).
        same: Keys that are shown as one entity, by its name.
    """
    keys = sorted({key for name in names for key in same(name)})
    pairs = sorted({pair for source, _, target in triples for pair in product(same(source), same(target))})
    found = [*await reader.chunks_telling(keys, pairs)]
    found += [link.chunk_id for link in await reader.noted_links(ends=names)]
    for source, label, target in triples:
        links = await reader.noted_links(ends=[source], labels=[label])
        found += [link.chunk_id for link in links if link.target == target]
    return found


class Withdrawal:
    """A change of stored chunks that takes entities and triples from them."""

    def __init__(self, keys: Collection[str], triples: Collection[Triple], *, root: Callable[[str], str]) -> None:
        """Change nothing yet.

        Args:
            keys: Of entities.
            triples: (source, label, target).
            root: The key that a name is shown under, by the name's own.
        """
        self._root = root
        self._keys = frozenset(keys)
        self._links = frozenset(triples)
        self._facts = frozenset(
            (root(normalise_name(one)), label, root(normalise_name(two))) for one, label, two in triples
        )

    def __call__(self, stored: Mapping[str, PreparedDocument]) -> Reworked:
        """The chunks without them; statements that state nothing any more are gone."""
        changed: dict[str, PreparedDocument] = {}
        gone: list[str] = []
        for chunk_id, document in stored.items():
            (before,) = document.chunks
            after = self._without(before)
            if (after.mentions, after.facts, after.notes) == (before.mentions, before.facts, before.notes):
                continue
            if document.document.id.startswith(HAND) and _is_empty(before, after):
                gone.append(chunk_id)
                continue
            known = changed.get(document.document.id)
            chunks = [after] if known is None else [*known.chunks, after]
            changed[document.document.id] = replace(document, chunks=chunks)
        return Reworked(documents=list(changed.values()), gone=gone)

    def _without(self, chunk: PreparedChunk) -> PreparedChunk:
        labels = {note.ordinal: note.label for note in chunk.notes if note.ordinal is not None}
        kept = [place for place, fact in enumerate(chunk.facts) if self._stays(fact, labels.get(place))]
        moved: dict[int | None, int] = {old: new for new, old in enumerate(kept)}
        notes = []
        for note in chunk.notes:
            if note.ordinal is not None:
                if note.ordinal in moved:
                    notes.append(replace(note, ordinal=moved[note.ordinal]))
            elif self._note_stays(note):
                notes.append(note)
        return replace(
            chunk,
            mentions=tuple(mention for mention in chunk.mentions if mention.key not in self._keys),
            facts=tuple(chunk.facts[place] for place in kept),
            notes=tuple(notes),
        )

    def _stays(self, fact: Fact, label: str | None) -> bool:
        if fact.source_key in self._keys or fact.target_key in self._keys:
            return False
        ends = self._root(fact.source_key), self._root(fact.target_key)
        return (ends[0], label_for(fact.keywords, label), ends[1]) not in self._facts

    def _note_stays(self, note: Note) -> bool:
        if not note.target:
            return note.source not in self._keys
        if (note.source, note.label, note.target) in self._links:
            return False
        return not {normalise_name(note.source), normalise_name(note.target)} & self._keys


def _is_empty(before: PreparedChunk, after: PreparedChunk) -> bool:
    """A statement of a relation or link is nothing without it, whatever it mentions."""
    if before.facts:
        return not after.facts
    return not after.mentions and not after.notes
