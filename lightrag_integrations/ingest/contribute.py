"""Contribute: one chunk's extraction, its title and its lexical names become the chunk's mentions and facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lightrag_integrations.contributions import Fact, Mention, PreparedChunk
from lightrag_integrations.ingest.check import MAX_ID_BYTES, plain_json
from lightrag_integrations.ingest.lexical import lexical_contributions, lexical_mentions
from lightrag_integrations.ingest.validate import contributions, merged_mentions
from lightrag_integrations.models import Chunk, ChunkGraph, Extraction
from lightrag_integrations.notes import Note
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.text.keys import normalise_name

__all__ = ["as_given", "from_extraction", "from_words", "is_lexical"]


def from_extraction(
    chunk: PreparedChunk, extraction: Extraction, options: IngestOptions, *, grounded: bool
) -> tuple[PreparedChunk, int]:
    """The chunk with the mentions and facts of an extraction, its title and its lexical names beside them.

    Args:
        chunk: The chunk.
        extraction: What was found in it.
        options: The limits.
        grounded: Drop names that do not occur in the chunk.

    Returns:
        The chunk, and how many records were dropped.
    """
    found = contributions(extraction, chunk, options, grounded=grounded)
    mentions = [*found.mentions.values(), *_short(lexical_mentions(chunk.chunk), options)]
    return _with(chunk, mentions, found.facts.values()), found.dropped


def from_words(chunk: PreparedChunk, options: IngestOptions) -> PreparedChunk:
    """The chunk with what the lexical tier finds in it."""
    mentions, facts = lexical_contributions(chunk.chunk)
    return _with(chunk, _short(mentions, options), facts)


def as_given(chunk: PreparedChunk, graph: ChunkGraph) -> PreparedChunk:
    """The chunk with what the caller says of it, and nothing else.

    Args:
        chunk: The chunk.
        graph: Checked.
    """
    named = [
        Mention(normalise_name(one.name), one.name, one.type, one.description, is_title=one.title)
        for one in graph.entities
    ]
    ends = [end for relation in graph.relations for end in (relation.source, relation.target)]
    facts = [
        Fact(
            normalise_name(one.source), normalise_name(one.target), one.description, tuple(one.keywords), one.weight,
            start=one.start, end=one.end, cooccurrence=one.cooccurrence,
        )
        for one in graph.relations
    ]  # fmt: skip
    told = _with(chunk, [*named, *(Mention(normalise_name(end), end) for end in ends)], facts)
    return replace(told, notes=_notes(graph))


def _notes(graph: ChunkGraph) -> tuple[Note, ...]:
    """What is said beyond mentions and facts; of an entity that is named twice, all of it."""
    entities: dict[str, Note] = {}
    for one in graph.entities:
        if one.properties is not None:
            key = normalise_name(one.name)
            entities[key] = Note(
                key, properties={**entities.get(key, Note(key)).properties, **plain_json(one.properties)}
            )
    facts = [
        Note(
            normalise_name(one.source),
            normalise_name(one.target),
            one.label or "",
            place,
            plain_json(one.properties or {}),
        )
        for place, one in enumerate(graph.relations)
        if one.label is not None or one.properties is not None
    ]
    links = [
        Note(one.source, one.target, one.label, properties=plain_json(one.properties)) for one in graph.links or ()
    ]
    return (*entities.values(), *facts, *links)


def is_lexical(chunk: Chunk, extraction: Extraction) -> bool:
    """True when this is what the lexical tier finds in the chunk: enriched earlier, it still is co-occurrence."""
    mentions, facts = lexical_contributions(chunk)
    surfaces = {mention.key: mention.surface for mention in mentions}
    told = [(surfaces[fact.source_key], surfaces[fact.target_key], fact.description) for fact in facts]
    given = [(relation.source, relation.target, relation.description) for relation in extraction.relations]
    return told == given and list(surfaces.values()) == [entity.name for entity in extraction.entities]


def _short(mentions: Iterable[Mention], options: IngestOptions) -> list[Mention]:
    """The mentions whose names keep to the limit; a long title is cut, not lost: it links its chunks."""
    kept = []
    for mention in mentions:
        if mention.is_title:
            mention = _cut(mention, options.max_name_chars)
        if len(mention.surface) <= options.max_name_chars and _storable(mention.key):
            kept.append(mention)
    return kept


def _cut(mention: Mention, limit: int) -> Mention:
    """The mention, its name as long as the limit and its key allow."""
    while len(mention.surface) > limit or not _storable(mention.key):
        # A key may be much longer than its name: one character may stand for a whole phrase.
        limit = limit if len(mention.surface) > limit else len(mention.surface) // 2
        surface = mention.surface[:limit].rstrip()
        mention = replace(mention, surface=surface, key=normalise_name(surface))
    return mention


def _storable(key: str) -> bool:
    return len(key.encode()) <= MAX_ID_BYTES


def _with(chunk: PreparedChunk, mentions: Iterable[Mention], facts: Iterable[Fact]) -> PreparedChunk:
    merged = merged_mentions(mentions)
    known = tuple(fact for fact in facts if fact.source_key in merged and fact.target_key in merged)
    return replace(chunk, mentions=tuple(merged.values()), facts=known)
