"""Together: what a stored chunk tells and what is added to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lightrag_integrations.contributions import Fact, PreparedChunk, PreparedDocument
from lightrag_integrations.ingest.identity import canonical
from lightrag_integrations.ingest.validate import merged_mentions
from lightrag_integrations.notes import Note
from lightrag_integrations.rework import Reworked

__all__ = ["Addition", "told_by_both"]

_FactKey = tuple[str, str, str, tuple[str, ...]]


class Addition:
    """One call's additions, as a change of stored chunks."""

    def __init__(
        self,
        documents: Sequence[PreparedDocument],
        graphs: Mapping[str, PreparedChunk],
        *,
        into: Mapping[str, str],
    ) -> None:
        """Change nothing yet.

        Args:
            documents: New chunks, or such as are stored.
            graphs: What is added to stored chunks, by id.
            into: Stored chunks whose contributions another one takes over.
        """
        self._documents = documents
        self._graphs = graphs
        self._into = into

    def __call__(self, stored: Mapping[str, PreparedDocument]) -> Reworked:
        """The documents with chunks that are new or changed."""
        missing = [chunk_id for chunk_id in self._graphs if chunk_id not in stored]
        if missing:
            return Reworked(missing=missing)
        taken: dict[str, list[PreparedChunk]] = {}
        for source, target in self._into.items():
            if source in stored:
                taken.setdefault(target, []).append(_untitled(stored[source].chunks[0]))
        made = [
            replace(document, chunks=self._changed(document, stored, taken)) for document in self._documents
        ]  # fmt: skip
        made += [self._added(stored[chunk_id], told) for chunk_id, told in self._graphs.items()]
        gone = [chunk_id for chunk_id in self._into if chunk_id in stored]
        return Reworked(documents=_by_document([one for one in made if one.chunks]), gone=gone)

    def _changed(
        self,
        document: PreparedDocument,
        stored: Mapping[str, PreparedDocument],
        taken: Mapping[str, Sequence[PreparedChunk]],
    ) -> list[PreparedChunk]:
        changed = []
        for chunk in document.chunks:
            known = stored.get(chunk.chunk.id)
            before = None if known is None else known.chunks[0]
            after = chunk if before is None else told_by_both(before, chunk, as_second=True)
            for other in taken.get(chunk.chunk.id, ()):
                after = told_by_both(after, other)
            if before is None or not _same(before, after):
                changed.append(after)
        return changed

    def _added(self, stored: PreparedDocument, told: PreparedChunk) -> PreparedDocument:
        (before,) = stored.chunks
        after = told_by_both(before, told)
        return replace(stored, chunks=[] if _same(before, after) else [after])


def told_by_both(first: PreparedChunk, second: PreparedChunk, *, as_second: bool = False) -> PreparedChunk:
    """One chunk that tells what both tell.

    Args:
        first: What it tells comes first; descriptions add up, and of what both note the second goes before.
        second: The other.
        as_second: Text, place, metadata and vector are the second's; else the first's.
    """
    mentions = merged_mentions([*first.mentions, *second.mentions])
    facts: list[Fact] = list(first.facts)
    places = {_key(fact): place for place, fact in enumerate(facts)}
    moved: dict[int, int] = {}
    for ordinal, fact in enumerate(second.facts):
        place = moved[ordinal] = places.setdefault(_key(fact), len(facts))
        if place == len(facts):
            facts.append(fact)
        else:
            facts[place] = replace(facts[place], weight=fact.weight)
    notes = {_place(note): note for note in first.notes}
    for note in second.notes:
        shifted = note if note.ordinal is None else replace(note, ordinal=moved[note.ordinal])
        known = notes.get(_place(shifted), Note(""))
        label = shifted.label or known.label
        notes[_place(shifted)] = replace(shifted, label=label, properties={**known.properties, **shifted.properties})
    base = second if as_second else first
    return replace(base, mentions=tuple(mentions.values()), facts=tuple(facts), notes=tuple(notes.values()))


def _by_document(documents: Sequence[PreparedDocument]) -> list[PreparedDocument]:
    found: dict[str, PreparedDocument] = {}
    for one in documents:
        known = found.get(one.document.id)
        found[one.document.id] = one if known is None else replace(known, chunks=[*known.chunks, *one.chunks])
    return list(found.values())


def _key(fact: Fact) -> _FactKey:
    return fact.source_key, fact.target_key, fact.description, fact.keywords


def _place(note: Note) -> tuple[object, ...]:
    """What a note is about: two of the same are one."""
    link = note.label if note.ordinal is None and note.target else ""
    return note.ordinal, note.source, note.target, link


def _untitled(chunk: PreparedChunk) -> PreparedChunk:
    """A statement is about what it names; the chunk that takes it over need not be."""
    return replace(chunk, mentions=[replace(mention, is_title=False) for mention in chunk.mentions])


def _same(before: PreparedChunk, after: PreparedChunk) -> bool:
    """Whether nothing but vectors differs."""
    return _said(before) == _said(after)


def _said(chunk: PreparedChunk) -> tuple[object, ...]:
    own = chunk.chunk
    return (
        chunk.content_hash, own.title, own.position, own.start, own.end, own.metadata,
        sorted(chunk.mentions, key=lambda mention: mention.key),
        [replace(fact, embedding=None) for fact in chunk.facts],
        {_place(note): (note.label, canonical(note.properties)) for note in chunk.notes},
    )  # fmt: skip
