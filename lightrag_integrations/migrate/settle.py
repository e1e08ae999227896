"""Settle who said what: the graph says what there is, the cached answers which chunk told it.

LightRAG keeps one description of each entity and relation, merged of what its chunks tell and sometimes summarised.
Here each chunk gets back what it told itself, so that deleting its document takes away exactly that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lightrag_integrations.migrate.answers import said_in
from lightrag_integrations.migrate.names import fields
from lightrag_integrations.migrate.spool import Spool
from lightrag_integrations.migrate.told import Own, Sources, Told, descriptions_of
from lightrag_integrations.text.keys import normalise_name
from lightrag_integrations.text.terms import terms

__all__ = ["settle"]

_MAX_KEY_BYTES = 1024
_CANDIDATES = 200
"""Chunks among which the one that shares most words with a description is looked for."""
_NO_CHUNK = ("", "manual_creation", "UNKNOWN")
"""What LightRAG writes where a chunk's id belongs."""
_ANSWERS = """SELECT a.text FROM answer a JOIN chunk_answer l ON l.key = a.key WHERE l.chunk = ?1
UNION ALL SELECT text FROM (SELECT text, time FROM answer WHERE chunk = ?1 ORDER BY time)
WHERE NOT EXISTS (SELECT 1 FROM chunk_answer WHERE chunk = ?1)"""


class _Thing(NamedTuple):
    id: int
    name: str
    other: str
    type: str
    description: str
    keywords: str
    weight: float
    key: str
    other_key: str


def settle(spool: Spool) -> Counter[str]:
    """Fill `told`, mark what is taken, and write at each thing of the graph what becomes of it.

    Args:
        spool: Filled.

    Returns:
        How many things came over in another form, by what was done.
    """
    _choose(spool)
    for (chunk,) in spool.rows("SELECT id FROM chunk WHERE taken ORDER BY id"):
        _read_answers(chunk, spool)
    notes: Counter[str] = Counter()
    last = 0
    # Page by page: rows are written in between.
    while page := spool.run("SELECT id, name, other, type, description, keywords, weight, key, other_key FROM thing "
                            "WHERE id > ? ORDER BY id LIMIT 500", last).fetchall():  # fmt: skip
        for row in page:
            thing = _Thing(*row)
            state, told = _settled(thing, spool)
            notes.update(told)
            spool.run("UPDATE thing SET state = ? WHERE id = ?", state, thing.id)
        last = page[-1][0]
    return notes


def _choose(spool: Spool) -> None:
    # Older versions kept no state: what has chunks was taken in.
    spool.run(
        "UPDATE document SET taken = 1 WHERE state = 'processed' "
        "OR (state = '' AND EXISTS (SELECT 1 FROM chunk WHERE document = document.id))"
    )
    # Chunks of a custom graph belong to documents that LightRAG keeps neither a text nor a state of.
    spool.run(
        "INSERT INTO document (id, text, source, state, reason, taken) "
        "SELECT document, '', max(source), '', '', 1 FROM chunk WHERE document NOT IN (SELECT id FROM document) "
        "GROUP BY document ORDER BY document"
    )
    spool.run(
        "UPDATE chunk SET taken = 1 WHERE trim(text, ' ' || char(9, 10, 13)) <> '' "
        "AND document IN (SELECT id FROM document WHERE taken)"
    )


def _read_answers(chunk: str, spool: Spool) -> None:
    """What the answers about a chunk say. A chunk names its answers; in older versions they name it."""
    answers = [text for (text,) in spool.run(_ANSWERS, chunk).fetchall()]
    if answers:
        spool.run("UPDATE chunk SET answered = 1 WHERE id = ?", chunk)
    for place, said in enumerate(said_in(answers)):
        keys = sorted(normalise_name(end) for end in (said.source, said.target) if end)
        spool.run(
            "INSERT INTO said VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            chunk, keys[0], keys[-1] if said.target else "", place, said.source, said.target, said.type,
            said.description, said.keywords, said.lesser,
        )  # fmt: skip


def _settled(thing: _Thing, spool: Spool) -> tuple[str, set[str]]:
    """What becomes of one thing: "taken", "hand", or why it is left out; and what was done to it."""
    ends = [end for end in (thing.name, thing.other) if end]
    keys = [key for key in (thing.key, thing.other_key) if key]
    if (
        not thing.name
        or not all(any(map(str.isalnum, end)) for end in ends)
        or any(len(key.encode()) > _MAX_KEY_BYTES for key in keys)
    ):
        return "name", set()
    if thing.key == thing.other_key:
        return "self", set()
    rows = spool.run(
        "SELECT t.chunk, c.taken, c.answered FROM thing_chunk t LEFT JOIN chunk c ON c.id = t.chunk WHERE t.thing = ? "
        "ORDER BY t.place",
        thing.id,
    ).fetchall()
    named = [row for row in rows if row[0] not in _NO_CHUNK]
    sources = {chunk: bool(answered) for chunk, taken, answered in named if taken}
    if not sources:
        return ("unfinished" if any(taken is not None for _, taken, _ in named) else "hand"), set()
    told = descriptions_of(fields(thing.description), _sources(thing, sources, spool))
    _write(thing, told, share=thing.weight / len(named), spool=spool)
    return "taken", told.notes


def _sources(thing: _Thing, chunks: Mapping[str, bool], spool: Spool) -> Sources:
    """The chunks with what is known of them; each is said to be answered or not."""
    own: dict[str, list[Own]] = {chunk: [] for chunk in chunks}
    low, high = sorted((thing.key, thing.other_key)) if thing.other_key else (thing.key, "")
    found = spool.rows(
        "SELECT s.chunk, s.source, s.type, s.description, s.keywords, s.lesser FROM thing_chunk t JOIN said s "
        "ON s.chunk = t.chunk AND s.key = ? AND s.other_key = ? WHERE t.thing = ? ORDER BY t.place, s.place",
        low, high, thing.id,
    )  # fmt: skip
    for chunk, source, kind, description, keywords, lesser in found:
        if chunk in own:
            turned = bool(thing.other) and normalise_name(source) != thing.key
            own[chunk].append(Own(description, kind, _keywords(keywords), turned, bool(lesser)))

    def elsewhere(description: str) -> list[str]:
        query = (
            "SELECT DISTINCT t.chunk FROM thing_chunk t JOIN said s ON s.chunk = t.chunk WHERE t.thing = ? "
            "AND s.description = ? AND (s.other_key <> '') = ? ORDER BY t.place"
        )
        return [chunk for (chunk,) in spool.rows(query, thing.id, description, bool(thing.other)) if chunk in own]

    words: dict[str, set[str]] = {}

    def nearest(description: str, among: Sequence[str]) -> str:
        wanted = set(terms(description))
        for chunk in among[:_CANDIDATES]:
            if chunk not in words:
                words[chunk] = set(terms(_text(chunk, spool)))
        # Of equal ones the first counts.
        return max(among[:_CANDIDATES], key=lambda chunk: len(wanted & words[chunk]))

    def is_summary(description: str) -> bool:
        return bool(spool.count("SELECT count(*) FROM summary WHERE text = ?", description))

    unanswered = frozenset(chunk for chunk, answered in chunks.items() if not answered)
    return Sources(own, unanswered, elsewhere=elsewhere, nearest=nearest, is_summary=is_summary)


def _text(chunk: str, spool: Spool) -> str:
    return str(spool.run("SELECT text FROM chunk WHERE id = ?", chunk).fetchone()[0])


def _write(thing: _Thing, told: Told, *, share: float, spool: Spool) -> None:
    """What each chunk tells of a thing: at least that it speaks of it. Together they have the graph's weight."""
    kinds = told.types(thing.type)
    keywords = told.keywords(_keywords(thing.keywords)) if thing.other else {}
    for chunk, own in told.by_chunk.items():
        for place, one in enumerate(own):
            ends = (thing.other, thing.name) if one.turned else (thing.name, thing.other)
            words = ",".join(keywords[chunk][place]) if keywords else ""
            spool.run(
                "INSERT INTO told VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                chunk, thing.id, place, *ends, kinds[chunk], one.description, words, share / len(own),
            )  # fmt: skip


def _keywords(text: str) -> tuple[str, ...]:
    parts = (part.strip() for field in fields(text) for part in field.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))
