"""Validate: what an extractor found in a chunk becomes mentions and facts, or is dropped and counted."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lightrag_integrations.contributions import Fact, Mention, PreparedChunk
from lightrag_integrations.ingest.check import MAX_ID_BYTES
from lightrag_integrations.models import ExtractedEntity, ExtractedRelation, Extraction
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.text.keys import normalise_name
from lightrag_integrations.text.terms import term_hash, terms

__all__ = ["Contributions", "contributions", "in_words", "merged_mentions", "storable"]

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MIN_WEIGHT, _MAX_WEIGHT = 0.001, 1000.0
_MAX_KEYWORDS = 20
_MAX_KEYWORD_CHARS = 100
_MAX_TYPE_CHARS = 80


@dataclass
class Contributions:
    """Of one chunk."""

    mentions: dict[str, Mention] = field(default_factory=dict)
    """By key, in the order found."""
    facts: dict[tuple[str, str, str], Fact] = field(default_factory=dict)
    """By source key, target key and description."""
    dropped: int = 0


def contributions(
    extraction: Extraction, chunk: PreparedChunk, options: IngestOptions, *, grounded: bool
) -> Contributions:
    """Turn an extraction into contributions.

    Names get their keys; one key is one mention. Ends of relations are mentions too. Relations of a thing with itself,
    names without a letter or digit and whatever is over the limits are dropped.

    Args:
        extraction: As found, or as given by the user.
        chunk: The chunk it was found in.
        options: The limits.
        grounded: Also drop names of which no word occurs in the chunk.
    """
    reader = _Reader(chunk, options, grounded=grounded)
    for entity in extraction.entities:
        reader.add_entity(entity)
    for relation in extraction.relations:
        reader.add_relation(relation)
    return reader.found


def in_words(extraction: Extraction, chunk: PreparedChunk, options: IngestOptions) -> Extraction:
    """The extraction without names of which no word occurs in the chunk, and without their relations."""
    reader = _Reader(chunk, options, grounded=True)
    return Extraction(
        entities=[entity for entity in extraction.entities if reader.name(entity.name)],
        relations=[
            relation
            for relation in extraction.relations
            if reader.name(relation.source) and reader.name(relation.target)
        ],
    )


def storable(extraction: Extraction) -> Extraction:
    """The extraction without what JSON or PostgreSQL cannot hold: NUL, lone surrogates, infinite weights."""
    if _is_storable(extraction):
        return extraction
    entities = [
        ExtractedEntity(**{name: _UNSTORABLE.sub("", value) for name, value in entity})
        for entity in extraction.entities
    ]
    relations = [
        ExtractedRelation(
            source=_UNSTORABLE.sub("", relation.source),
            target=_UNSTORABLE.sub("", relation.target),
            keywords=[_UNSTORABLE.sub("", word) for word in relation.keywords],
            description=_UNSTORABLE.sub("", relation.description),
            weight=relation.weight if math.isfinite(relation.weight) else 1.0,
        )
        for relation in extraction.relations
    ]
    return Extraction(entities=entities, relations=relations)


def _is_storable(extraction: Extraction) -> bool:
    """Looked at in one go: hardly any has what must go."""
    texts = [text for entity in extraction.entities for text in (entity.name, entity.type, entity.description)]
    for relation in extraction.relations:
        texts += (relation.source, relation.target, relation.description, *relation.keywords)
    if not all(math.isfinite(relation.weight) for relation in extraction.relations):
        return False
    return _UNSTORABLE.search("".join(texts)) is None


def merged_mentions(mentions: Iterable[Mention]) -> dict[str, Mention]:
    """One mention for each key: first surface, first type, all distinct descriptions, title if any is."""
    found: dict[str, Mention] = {}
    for mention in mentions:
        known = found.get(mention.key)
        found[mention.key] = mention if known is None else _together(known, mention)
    return found


def _together(known: Mention, other: Mention) -> Mention:
    told = [one for one in (known.description, other.description) if one]
    # What has several lines may be there already.
    if len(told) == 2 and f"\n{other.description}\n" in f"\n{known.description}\n":
        told.pop()
    return replace(
        known,
        type=known.type or other.type,
        description="\n".join(told),
        is_title=known.is_title or other.is_title,
    )


class _Name(NamedTuple):
    surface: str
    key: str


class _Reader:
    """Reads the records of one chunk."""

    def __init__(self, chunk: PreparedChunk, options: IngestOptions, *, grounded: bool) -> None:
        self.found = Contributions()
        self._chunk = chunk
        self._options = options
        self._content = chunk.chunk.content.casefold() if grounded else None
        self._entities = 0
        self._relations = 0
        self._names: dict[str, _Name | None] = {}
        """As read before: a name of an entity comes again at the ends of its relations."""

    def add_entity(self, entity: ExtractedEntity) -> None:
        """Read one entity."""
        name = self.name(entity.name)
        if name is None or self._entities >= self._options.max_entities:
            self.found.dropped += 1
            return
        self._entities += 1
        description = _line(entity.description, self._options.max_description_chars)
        self._mention(Mention(name.key, name.surface, _line(entity.type, _MAX_TYPE_CHARS), description))

    def add_relation(self, relation: ExtractedRelation) -> None:
        """Read one relation."""
        source, target = self.name(relation.source), self.name(relation.target)
        if source is None or target is None or self._relations >= self._options.max_relations:
            self.found.dropped += 1
            return
        source_key, target_key = source.key, target.key
        if source_key == target_key:
            self.found.dropped += 1
            return
        self._relations += 1
        self._mention(Mention(source_key, source.surface))
        self._mention(Mention(target_key, target.surface))
        description = _line(relation.description, self._options.max_description_chars)
        fact = Fact(
            source_key, target_key, description, _keywords(relation.keywords), _weight(relation.weight)
        )  # fmt: skip
        known = self.found.facts.get((source_key, target_key, description))
        if known is not None:
            fact = replace(
                fact,
                keywords=tuple(dict.fromkeys((*known.keywords, *fact.keywords)))[:_MAX_KEYWORDS],
                weight=max(known.weight, fact.weight),
            )
        self.found.facts[source_key, target_key, description] = fact

    def _mention(self, mention: Mention) -> None:
        known = self.found.mentions.get(mention.key)
        if known is None:
            self.found.mentions[mention.key] = mention
        elif mention.type or mention.description:  # ends of relations say nothing more
            self.found.mentions[mention.key] = _together(known, mention)

    def name(self, text: str) -> _Name | None:
        """The name as it is kept, or None when it can't be one."""
        if text not in self._names:
            self._names[text] = self._read(text)
        return self._names[text]

    def _read(self, text: str) -> _Name | None:
        name = _line(text, self._options.max_name_chars + 1)
        if not 0 < len(name) <= self._options.max_name_chars or not any(map(str.isalnum, name)):
            return None
        key = normalise_name(name)
        fine = len(key.encode()) <= MAX_ID_BYTES and (self._content is None or self._occurs(name))
        return _Name(name, key) if fine else None

    def _occurs(self, name: str) -> bool:
        words = terms(name)
        if any(term_hash(word) in self._chunk.terms for word in words):
            return True
        return self._content is not None and name.casefold() in self._content


def _line(text: str, limit: int) -> str:
    """One line of storable text, cut to the limit."""
    return " ".join(_UNSTORABLE.sub("", text).split())[:limit].rstrip()


def _keywords(words: Iterable[str]) -> tuple[str, ...]:
    lines = (_line(word, _MAX_KEYWORD_CHARS) for word in words)
    return tuple(dict.fromkeys(line for line in lines if line))[:_MAX_KEYWORDS]


def _weight(weight: float) -> float:
    """Finite and above zero; rounded, so that sums are exact in any order."""
    return round(min(max(weight, _MIN_WEIGHT), _MAX_WEIGHT), 6) if math.isfinite(weight) else 1.0
