"""What edits should make of what is said, told in plain Python; and documents that say it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg
from hypothesis import strategies as st
from psycopg import sql

from lightrag_integrations import Chunk, ChunkEntity, ChunkGraph, ChunkRelation, Document
from lightrag_integrations.storage.postgres import schema_name

__all__ = ["NAMES", "Said", "Told", "Wanted", "applied", "graphs", "shown"]

NAMES = ("Ann", "Bob", "Cleo", "Dan", "Eve")
HAND = "by-hand:"


class Said(NamedTuple):
    """A mention: of which entity, where, and how."""

    key: str
    chunk: str
    surface: str
    type: str
    description: str
    title: bool
    edited: tuple[str, ...] | None = None


class Told(NamedTuple):
    """A fact."""

    chunk: str
    ordinal: int
    source: str
    target: str
    weight: float
    description: str


@dataclass
class Wanted:
    """The edits, as a user would write them down."""

    aliases: dict[str, str] = field(default_factory=dict)
    hidden: set[frozenset[str]] = field(default_factory=set)
    """One key, or two."""
    overrides: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    def root(self, key: str) -> str:
        while key in self.aliases:
            key = self.aliases[key]
        return key

    def hides(self, keys: Iterable[str]) -> bool:
        """Whether an entity or a pair is hidden, under whichever name."""
        keys = {*keys}
        return any(len(one) == len(keys) and {self.root(key) for key in one} == keys for one in self.hidden)

    def override(self, root: str) -> tuple[str | None, str | None]:
        own = sorted((key for key in self.overrides if self.root(key) == root), key=lambda key: (key != root, key))
        types = [self.overrides[key][0] for key in own if self.overrides[key][0] is not None]
        words = [self.overrides[key][1] for key in own if self.overrides[key][1] is not None]
        return (types or [None])[0], (words or [None])[0]


def applied(
    mentions: Sequence[Said], facts: Sequence[Told], wanted: Wanted, by_hand: Mapping[str, bool]
) -> tuple[list[Said], list[Told]]:
    """What is to be shown.

    Args:
        mentions: As said.
        facts: As said.
        wanted: The edits.
        by_hand: Of each chunk, whether hiding passes it by.
    """
    groups: dict[tuple[str, str], list[Said]] = {}
    for one in mentions:
        root = wanted.root(one.key)
        if by_hand[one.chunk] or not wanted.hides([root]):
            groups.setdefault((root, one.chunk), []).append(one)
    return sorted(_joined(*place, group, wanted) for place, group in groups.items()), sorted(
        told for one in facts if (told := _told(one, wanted, by_hand[one.chunk])) is not None
    )


def _joined(root: str, chunk: str, group: list[Said], wanted: Wanted) -> Said:
    kind, words = wanted.override(root)
    ordered = sorted(group, key=lambda one: (one.key != root, not one.title, one.key))
    first = ordered[0]
    if len(ordered) == 1 and first.key == root and (kind, words) == (None, None):
        return first
    types = [one.type for one in ordered if one.type]
    said = "\n".join(dict.fromkeys(one.description for one in ordered if one.description))
    return Said(
        key=root, chunk=chunk, surface=first.surface, type=(types or [""])[0] if kind is None else kind,
        description=said if words is None else words, title=any(one.title for one in ordered),
        edited=tuple(one.surface for one in ordered if one.key != root),
    )  # fmt: skip


def _told(fact: Told, wanted: Wanted, by_hand: bool) -> Told | None:
    source, target = wanted.root(fact.source), wanted.root(fact.target)
    if source == target and fact.source != fact.target:
        return None
    if not by_hand and (wanted.hides([source]) or wanted.hides([target]) or wanted.hides([source, target])):
        return None
    return fact._replace(source=source, target=target)


def shown(dsn: str, name: str) -> tuple[list[Said], list[Told], dict[str, bool]]:
    """Mentions and facts that an index shows, and which chunks are made by hand."""
    with psycopg.connect(dsn) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql.SQL(query).format(s=sql.Identifier(schema_name(name)))).fetchall()

        mentions = rows(
            "SELECT e.key, c.chunk_id, m.surface, m.type, m.description, m.is_title, m.edited FROM {s}.mention m "
            "JOIN {s}.entity e ON e.id = m.entity JOIN {s}.chunk c ON c.id = m.chunk"
        )
        facts = rows(
            "SELECT c.chunk_id, f.ordinal, s.key, t.key, f.weight, f.description FROM {s}.fact f JOIN {s}.entity s "
            "ON s.id = f.source JOIN {s}.entity t ON t.id = f.target JOIN {s}.chunk c ON c.id = f.chunk "
            "WHERE f.embedding IS NOT NULL OR f.description = ''"
        )
        chunks = rows("SELECT c.chunk_id, d.document_id FROM {s}.chunk c JOIN {s}.document d ON d.id = c.document")
    said = [Said(*row[:6], None if row[6] is None else tuple(row[6])) for row in mentions]
    return sorted(said), sorted(Told(*row) for row in facts), {one: owner.startswith(HAND) for one, owner in chunks}


_entities = st.builds(
    ChunkEntity, name=st.sampled_from(NAMES), type=st.sampled_from(("person", "place", "")),
    description=st.sampled_from(("", "is here", "was there")), title=st.booleans(),
)  # fmt: skip


@st.composite
def graphs(draw: st.DrawFn) -> Document:
    """A document of one or two chunks that say their graph."""
    document_id = draw(st.sampled_from(("d1", "d2", "d3")))
    chunks = []
    for number in range(draw(st.integers(1, 2))):
        entities = draw(st.lists(_entities, min_size=1, max_size=4, unique_by=lambda one: one.name))
        names = [one.name for one in entities]
        pairs = st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(lambda pair: pair[0] != pair[1])
        told = [
            ChunkRelation(source=one, target=other, description=f"{one} met {other}", weight=draw(st.integers(1, 3)))
            for one, other in (draw(st.lists(pairs, max_size=4)) if len(names) > 1 else ())
        ]
        chunks.append(
            Chunk(
                id=f"{document_id}/{number}", document_id=document_id, position=number, text=" and ".join(names),
                graph=ChunkGraph(entities=entities, relations=told),
            )
        )  # fmt: skip
    return Document(id=document_id, chunks=tuple(chunks))
