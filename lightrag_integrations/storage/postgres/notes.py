"""Notes of mentions, facts and chunks, as callers gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightrag_integrations.notes import Link, NotedFact, NotedMention, Schema
from lightrag_integrations.storage.postgres.facts import FactReads
from lightrag_integrations.storage.postgres.wire import int4_array, int8_array, json_text

__all__ = ["NoteReads"]


class NoteReads(FactReads):
    """`notes.NoteReader`."""

    async def noted_mentions(self, entities: Sequence[int], *, limit: int) -> Sequence[NotedMention]:
        """See `notes.NoteReader.noted_mentions`."""
        rows = await self._rows("noted_mentions", entities=int4_array(entities), limit=limit)
        found: dict[tuple[int, str], list[NotedMention]] = {}
        for mention in (NotedMention(*row) for row in rows):
            same = found.setdefault((mention.entity, mention.chunk_id), [])
            if mention.properties is not None or not same:  # a chunk may note it under several names
                same.append(mention)
        return [mention for same in found.values() for mention in same]

    async def noted_facts(self, facts: Sequence[int]) -> Sequence[NotedFact]:
        """See `notes.NoteReader.noted_facts`."""
        ids = list(dict.fromkeys(facts))
        found = await self.facts(ids)
        noted = await self._rows("notes_of_facts", facts=int8_array(ids))
        return [NotedFact(found[fact], label, properties or {}) for fact, label, properties in noted if fact in found]

    async def facts_labelled(self, labels: Sequence[str], *, plain: str) -> Sequence[int]:
        """See `notes.NoteReader.facts_labelled`."""
        return [row[0] for row in await self._rows("facts_labelled", labels=list(labels), plain=plain)]

    async def facts_noting(self, properties: Mapping[str, Any]) -> Sequence[int]:
        """See `notes.NoteReader.facts_noting`."""
        return [row[0] for row in await self._rows("facts_noting", pairs=_pairs(properties))]

    async def entities_noting(self, properties: Mapping[str, Any]) -> Sequence[int]:
        """See `notes.NoteReader.entities_noting`."""
        return [row[0] for row in await self._rows("entities_noting", pairs=_pairs(properties))]

    async def all_entities(self) -> Sequence[int]:
        """See `notes.NoteReader.all_entities`."""
        return [row[0] for row in await self._rows("all_entities")]

    async def facts_at(self, entities: Sequence[int], *, limit: int) -> Sequence[int]:
        """See `notes.NoteReader.facts_at`."""
        rows = await self._rows("facts_at", entities=int4_array(entities), limit=limit)
        return list(dict.fromkeys(row[0] for row in rows))

    async def chunks_telling(self, keys: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Sequence[str]:
        """See `notes.NoteReader.chunks_telling`."""
        sources, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        rows = await self._rows("chunks_telling", keys=list(keys), sources=sources, targets=targets)
        return [row[0] for row in rows]

    async def noted_links(
        self, *, ends: Sequence[str] | None = None, labels: Sequence[str] | None = None
    ) -> Sequence[Link]:
        """See `notes.NoteReader.noted_links`."""
        wanted = {"ends": None if ends is None else list(ends), "labels": None if labels is None else list(labels)}
        return [Link(*row) for row in await self._rows("noted_links", **wanted)]

    async def schema(self, *, plain: str) -> Schema:
        """See `notes.NoteReader.schema`."""
        types = await self._rows("schema_of_entities")
        labels = await self._rows("schema_of_relations", plain=plain)
        ends = await self._rows("schema_of_ends", plain=plain)
        return Schema(types=_grouped(types), labels=_grouped(labels), ends=tuple((a, label, b) for a, label, b in ends))


def _grouped(rows: Sequence[tuple[Any, ...]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, key, kind in rows:
        properties = found.setdefault(name, {})
        if key is not None:
            properties[key] = kind
    return found


def _pairs(properties: Mapping[str, Any]) -> list[str]:
    return [json_text({name: value}) for name, value in properties.items()]
