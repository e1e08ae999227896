"""Entities and relations as nodes and triples, with what callers noted of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lightrag_integrations.evidence import HAND
from lightrag_integrations.graph.reading import ALL, Reading, find_entities, positive
from lightrag_integrations.graph.withdrawing import label_of
from lightrag_integrations.notes import PLAIN, Link, NodeView, NotedFact, NotedMention, Schema, TripleView
from lightrag_integrations.reader import Reader
from lightrag_integrations.text.keys import normalise_name

__all__ = ["Noted"]

_SOURCES = 100
"""Chunks named of an entity that mention it without a note."""
_WIDER = 8
"""So many facts are looked at for each that is wanted: several may say the same, or bear a label not wanted."""
Names = Sequence[str] | None
Noting = Mapping[str, Any] | None


class Noted(Reading):
    """The part of `index.graph` that shows it as a property graph. It looks at no filter."""

    def key(self, name: str) -> str:
        """What a name is matched by: names that mean the same have the same."""
        return normalise_name(name)

    def nodes(self, names: Names = None, *, noting: Noting = None, chunk_ids: Names = None) -> list[NodeView]:
        """Entities.

        Args:
            names: Only these; unknown ones are left out.
            noting: Only those of which something noted has one of these properties; what was noted later may say
                otherwise.
            chunk_ids: Only those that these chunks mention.
        """
        return self._live.read(lambda: self._nodes(names, noting, chunk_ids))

    async def anodes(self, names: Names = None, *, noting: Noting = None, chunk_ids: Names = None) -> list[NodeView]:
        """Like `nodes`."""
        return await self._live.aread(lambda: self._nodes(names, noting, chunk_ids))

    def near(self, vector: Sequence[float], *, limit: int = 10) -> list[tuple[NodeView, float]]:
        """Entities whose vector is nearest, with the cosine.

        Args:
            vector: From the index's embedding model.
            limit: At most so many.
        """
        return self._live.read(lambda: self._near(vector, limit))

    async def anear(self, vector: Sequence[float], *, limit: int = 10) -> list[tuple[NodeView, float]]:
        """Like `near`."""
        return await self._live.aread(lambda: self._near(vector, limit))

    def triples(self, names: Names = None, *, labels: Names = None, noting: Noting = None) -> list[TripleView]:
        """What is said of two entities, and how chunks are linked, one for each source, label and target.

        Args:
            names: Only those with such an end: an entity, or for links also a chunk or document.
            labels: Only of these labels.
            noting: Only those of which something noted, of them or of an end, has one of these properties; what was
                noted later may say otherwise. Links are not narrowed by it.
        """
        return self._live.read(lambda: self._triples(names, labels, noting))

    async def atriples(self, names: Names = None, *, labels: Names = None, noting: Noting = None) -> list[TripleView]:
        """Like `triples`."""
        return await self._live.aread(lambda: self._triples(names, labels, noting))

    def around(
        self, names: Sequence[str], *, depth: int = 2, limit: int = 30, without: Sequence[str] = ()
    ) -> list[TripleView]:
        """Triples within some steps of some nodes, nearer ones first, then heavier ones.

        Args:
            names: Of entities, or ids of chunks and documents.
            depth: Steps.
            limit: At most so many triples.
            without: Labels that are left out, though followed.
        """
        return self._live.read(lambda: self._around(names, depth=depth, limit=limit, without=without))

    async def aaround(
        self, names: Sequence[str], *, depth: int = 2, limit: int = 30, without: Sequence[str] = ()
    ) -> list[TripleView]:
        """Like `around`."""
        return await self._live.aread(lambda: self._around(names, depth=depth, limit=limit, without=without))

    def schema(self) -> Schema:
        """Types of entities and labels of relations, each with the names of what is noted of them."""
        return self._live.read(self._schema)

    async def aschema(self) -> Schema:
        """Like `schema`."""
        return await self._live.aread(self._schema)

    async def _nodes(self, names: Names, noting: Noting, chunk_ids: Names) -> list[NodeView]:
        async with self._live.reading() as reader:
            wanted: list[Sequence[int]] = []
            if names is not None:
                wanted.append(await find_entities(reader, names))
            if noting is not None:
                wanted.append(sorted(await reader.entities_noting(noting)))
            if chunk_ids is not None:
                chunks = [row.id for row in await reader.find_chunks(chunk_ids)]
                wanted.append(sorted(entity for _, entity, _ in await reader.mentions_of_chunks(chunks)))
            first, *others = wanted or [await reader.all_entities()]
            left = set(first).intersection(*others)
            return await _views(reader, [entity for entity in dict.fromkeys(first) if entity in left])

    async def _near(self, vector: Sequence[float], limit: int) -> list[tuple[NodeView, float]]:
        positive("limit", limit)
        async with self._live.reading() as reader:
            found = dict(await reader.nearest_entities(vector, limit))
            views = await _views(reader, list(found))
            return list(zip(views, found.values(), strict=True))

    async def _triples(self, names: Names, labels: Names, noting: Noting) -> list[TripleView]:
        async with self._live.reading() as reader:
            links = await reader.noted_links(ends=names, labels=labels)
            chosen: list[Sequence[int]] = []
            if names is not None:
                chosen.append(await reader.facts_at(await find_entities(reader, names), limit=ALL))
            elif labels is not None:
                chosen.append(await reader.facts_labelled(labels, plain=PLAIN))
            if noting is not None:
                ends = await reader.facts_at(await reader.entities_noting(noting), limit=ALL)
                chosen.append([*await reader.facts_noting(noting), *ends])
            first, *others = chosen or [await reader.facts_at(await reader.all_entities(), limit=ALL)]
            left = set(first).intersection(*others)
            told = await reader.noted_facts([fact for fact in first if fact in left])
            wanted = [fact for fact in told if labels is None or label_of(fact) in labels]
            return [*await _told(reader, wanted), *_linked(links)]

    async def _around(
        self, names: Sequence[str], *, depth: int, limit: int, without: Sequence[str]
    ) -> list[TripleView]:
        positive("limit", limit)
        found: dict[tuple[str, str, str], TripleView] = {}
        async with self._live.reading() as reader:
            ends, seen = list(dict.fromkeys(names)), set(names)
            for _ in range(depth):
                if not ends or len(found) >= limit:
                    break
                entities = await find_entities(reader, ends)
                facts = await reader.noted_facts(await reader.facts_at(entities, limit=max(limit, 1) * _WIDER))
                heavy = sorted(facts, key=lambda fact: -fact.row.weight)
                new = [*await _told(reader, heavy), *_linked(await reader.noted_links(ends=ends))]
                for one in new:
                    if one.label not in without:
                        found.setdefault((one.source, one.label, one.target), one)
                ends = [end for one in new for end in (one.source, one.target) if end not in seen]
                ends = list(dict.fromkeys(ends))[: limit * _WIDER]
                seen.update(ends)
        return list(found.values())[:limit]

    async def _schema(self) -> Schema:
        async with self._live.reading() as reader:
            return await reader.schema(plain=PLAIN)


async def _views(reader: Reader, ids: Sequence[int]) -> list[NodeView]:
    """The entities, in the order given."""
    rows = await reader.entities(ids)
    told: dict[int, list[NotedMention]] = {}
    for mention in await reader.noted_mentions(ids, limit=_SOURCES):
        told.setdefault(mention.entity, []).append(mention)
    found = []
    for entity in ids:
        if entity in rows:
            row, mentions = rows[entity], told.get(entity, [])
            found.append(
                NodeView(
                    name=row.name, type=row.type, description=row.description, properties=_noted(mentions),
                    chunk_ids=tuple(one.chunk_id for one in mentions if not one.document_id.startswith(HAND)),
                )
            )  # fmt: skip
    return found


def _noted(mentions: Sequence[NotedMention]) -> dict[str, Any] | None:
    noted = [one.properties for one in mentions if one.properties is not None]
    return {name: value for one in noted for name, value in one.items()} if noted else None


async def _told(reader: Reader, facts: Sequence[NotedFact]) -> list[TripleView]:
    names = await reader.shown_names([*{end for fact in facts for end in (fact.row.source, fact.row.target)}])
    found: dict[tuple[int, str, int], list[NotedFact]] = {}
    for fact in facts:
        found.setdefault((fact.row.source, label_of(fact), fact.row.target), []).append(fact)
    return [
        TripleView(
            source=names[source], target=names[target], label=label, properties=_said(told),
            chunk_ids=tuple(_chunks(told)),
        )
        for (source, label, target), told in found.items()
    ]  # fmt: skip


def _said(facts: Sequence[NotedFact]) -> dict[str, Any]:
    """What is noted of facts, else what they say; of several, all descriptions."""
    properties: dict[str, Any] = {}
    descriptions: list[str] = []
    for fact in facts:
        own = dict(fact.properties) if fact.label is not None else _plain(fact)
        description = own.get("description")
        if isinstance(description, str) and description and description not in descriptions:
            descriptions.append(description)
        properties |= own
    return properties | ({"description": "\n".join(descriptions)} if descriptions else {})


def _plain(fact: NotedFact) -> dict[str, Any]:
    view = fact.row.view
    return {"description": view.description, "keywords": list(view.keywords), "weight": view.weight}


def _chunks(facts: Iterable[NotedFact]) -> list[str]:
    views = (fact.row.view for fact in facts)
    return list(dict.fromkeys(view.chunk_id for view in views if not view.document_id.startswith(HAND)))


def _linked(links: Iterable[Link]) -> list[TripleView]:
    found: dict[tuple[str, str, str], list[Link]] = {}
    for link in links:
        found.setdefault((link.source, link.label, link.target), []).append(link)
    return [
        TripleView(
            source=source, target=target, label=label, link=True,
            properties={name: value for link in told for name, value in link.properties.items()},
            chunk_ids=tuple(dict.fromkeys(link.chunk_id for link in told)),
        )
        for (source, label, target), told in found.items()
    ]  # fmt: skip
