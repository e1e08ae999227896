"""The tier that needs no model: names by rule, sentences that names share as facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from lightrag_integrations.contributions import Fact, Mention
from lightrag_integrations.models import Chunk, ExtractedEntity, ExtractedRelation, Extraction
from lightrag_integrations.text.chunk import TITLE_SEPARATOR
from lightrag_integrations.text.keys import normalise_name
from lightrag_integrations.text.names import names
from lightrag_integrations.text.sentences import sentences

__all__ = ["LexicalExtractor", "document_title", "lexical_contributions", "lexical_mentions"]

_ALL_PAIRS = 3
"""Sentences with more names link neighbours and the title only, so that nothing grows with the square."""
_MAX_TITLE_CHARS = 200


class LexicalExtractor:
    """Names and the sentences they share: deterministic, no model, no download, thousands of chunks a second.

    Entities have no type and no description. A relation joins two names of one sentence, or a name and the title of
    its chunk, and its description is that sentence.
    """

    fingerprint = "lexical/1"
    cacheable = False

    async def extract(self, chunk: Chunk) -> Extraction:
        """Extract names and co-occurrences.

        Args:
            chunk: The chunk; its title counts as a name.

        Returns:
            Entities in order of occurrence, the title first, and relations in order of their sentences.
        """
        mentions, facts = lexical_contributions(chunk)
        surfaces = {mention.key: mention.surface for mention in mentions}
        return Extraction(
            entities=[ExtractedEntity(name=mention.surface) for mention in mentions],
            relations=[
                ExtractedRelation(
                    source=surfaces[fact.source_key], target=surfaces[fact.target_key], description=fact.description
                )
                for fact in facts
            ],
        )


def lexical_contributions(chunk: Chunk) -> tuple[list[Mention], list[Fact]]:
    """Everything the lexical tier says of a chunk.

    Args:
        chunk: The chunk.

    Returns:
        Mentions, one per key, the title first; and facts (`cooccurrence`), each with its sentence as description and
        the sentence's span in the document's text.
    """
    spans = sentences(chunk.text)
    found = [(start, normalise_name(surface), surface) for start, _, surface in names(chunk.text, spans)]
    title = _title(chunk, found)
    mentions = _mentions(chunk, found, title)
    facts: list[Fact] = []
    position = 0
    for start, end in spans:
        keys: dict[str, None] = {}
        while position < len(found) and found[position][0] < end:
            keys[found[position][1]] = None
            position += 1
        sentence = chunk.text[start:end]
        for source, target in _pairs(list(keys), title.key if title else ""):
            facts.append(
                Fact(
                    source, target, sentence, start=chunk.start + start, end=chunk.start + end, cooccurrence=True
                )
            )  # fmt: skip
    return mentions, facts


def lexical_mentions(chunk: Chunk) -> list[Mention]:
    """The names in a chunk and its title, one mention per key, the title first."""
    found = [(start, normalise_name(surface), surface) for start, _, surface in names(chunk.text)]
    return _mentions(chunk, found, _title(chunk, found))


def document_title(title: str) -> str:
    """The document's part of a chunk's title."""
    return " ".join(title.split(TITLE_SEPARATOR, 1)[0].split())[:_MAX_TITLE_CHARS].rstrip()


def _title(chunk: Chunk, found: Sequence[tuple[int, str, str]]) -> Mention | None:
    surface = document_title(chunk.title)
    if surface:
        return Mention(normalise_name(surface), surface, is_title=True)
    return Mention(found[0][1], found[0][2], is_title=True) if found else None


def _mentions(chunk: Chunk, found: Sequence[tuple[int, str, str]], title: Mention | None) -> list[Mention]:
    mentions = {title.key: title} if title else {}
    headings = chunk.title.split(TITLE_SEPARATOR)[1:]
    for surface in (*(name for _, _, name in found), *(name for line in headings for _, _, name in names(line))):
        key = normalise_name(surface)
        if key not in mentions:
            mentions[key] = Mention(key, surface)
    return list(mentions.values())


def _pairs(keys: Sequence[str], title: str) -> Iterator[tuple[str, str]]:
    """Pairs of a sentence's names: all of few, neighbours of many; and each with the title."""
    others = [key for key in keys if key != title]
    if title:
        yield from ((title, key) for key in others)
    if len(others) <= _ALL_PAIRS:
        yield from combinations(others, 2)
    else:
        yield from pairwise(others)
