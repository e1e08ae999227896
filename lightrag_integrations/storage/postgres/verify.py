"""Checks every invariant of the store and says what is wrong in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lightrag_integrations.edits import Edits
from lightrag_integrations.storage.postgres.edits import read_edits
from lightrag_integrations.storage.postgres.parts import StorePart, run
from lightrag_integrations.storage.postgres.pool import Connection
from lightrag_integrations.storage.postgres.postings import Keywords, StoredWords, compare
from lightrag_integrations.storage.postgres.reads import INDEX_NAMES, recorded_dimension
from lightrag_integrations.storage.postgres.schema import Layout

__all__ = ["VerifyPart", "other_problems", "shown", "wrong_roots"]

_MEND = "repair() mends this"
_AGAIN = "run repair() and ingest these documents again"
_DROPPED = "repair() drops such vectors; ingest their documents again after it"
_BACKUP = "load a backup, or ingest everything into a new index"
_ROWS = (
    ("chunk of nothing", "chunks whose document is gone", "repair() removes them; ingest their documents again"),
    ("mention of no chunk", "entities mentioned by chunks that are gone", _MEND),
    ("mention of no entity", "documents that mention entities which are gone", _MEND),
    ("fact of no chunk", "facts told by chunks that are gone", _MEND),
    ("fact of no relation", "chunks with facts whose relation is gone", _MEND),
    ("fact of another relation", "chunks with facts that belong to a relation between other entities", _MEND),
    ("fact without mention", "documents with facts about entities that their chunk does not mention", _AGAIN),
    ("weight", "documents with facts whose weight is not a finite number", _AGAIN),
    ("relation of no entity", "relations between entities that are gone", _MEND),
    ("tie", "chunks whose mentions or facts are ordered by another number than they are", _MEND),
    ("document twice", "document ids that occur twice", _BACKUP),
    ("chunk twice", "chunk ids that occur twice", _BACKUP),
    ("entity twice", "entities that occur twice", _BACKUP),
    ("relation twice", "relations that occur twice", _BACKUP),
    ("mention twice", "mentions that occur twice in one chunk", _BACKUP),
    ("aside of nothing", "what was put aside for edits, of chunks that are gone", _MEND),
    ("baseless", "documents shown as edited, of which what they said is lost", _AGAIN),
    ("misshown", "chunks of which something is shown otherwise than the edits want it", _MEND),
    ("lease without owner", "pending documents leased to nobody", _MEND),
    ("lease of a failure", "failed documents that still belong to a worker", _MEND),
    ("lease too long", "pending documents leased for more than a week", _MEND),
    ("pending chunks", "pending documents whose chunks and list of chunks don't agree", _MEND),
    ("summary of nothing", "summaries that say nothing, or of entities that are gone", _MEND),
    ("record ahead", "records written after now, by a clock that was ahead", _MEND),
    ("note of nothing", "notes of chunks, mentions or facts that are gone", _MEND),
    ("postings of nothing", "segments that are gone, but have keyword postings", _MEND),
)
_KEYS = (
    "meta_pkey", "pending_pkey", "document_pkey", "document_document_id_key", "chunk_pkey", "chunk_chunk_id_key",
    "chunk_document_fkey", "chunk_by_document", "chunk_by_metadata", "entity_pkey", "entity_key_key", "mention_pkey",
    "mention_entity_fkey", "mention_chunk_fkey", "mention_by_entity", "relation_pkey", "relation_low_high_key",
    "relation_low_fkey", "relation_high_fkey", "relation_by_high", "fact_pkey", "fact_relation_fkey",
    "fact_chunk_fkey", "fact_by_relation", "fact_by_chunk", "fact_by_source", "fact_by_target", "segment_pkey",
    "postings_pkey", "blank_pkey", "extraction_pkey", "ledger_pkey", "summary_pkey", "summary_entity_fkey",
    "alias_pkey", "alias_by_root", "hidden_pkey", "hidden_by_roots", "override_pkey", "override_by_root",
    "aside_mention_pkey", "aside_mention_entity_fkey", "aside_mention_chunk_fkey", "aside_mention_by_entity",
    "aside_fact_pkey", "aside_fact_chunk_fkey", "aside_fact_by_chunk", "record_pkey", "record_by_key",
    "record_by_time", "record_by_group", "note_chunk_fkey", "note_by_chunk", "note_by_source",
    "note_by_target", "note_by_properties", "mirrored_by_key", "mirrored_by_stored",
)  # fmt: skip


class VerifyPart(StorePart):
    """`verify` of the store."""

    async def verify(self) -> Sequence[str]:
        """Check every invariant, in one snapshot, beside readers and writers; reads the whole index.

        - Every chunk has its document, every mention its chunk and its entity, every fact its chunk and its relation,
          every relation its entities.
        - A fact's relation is that of its two ends, and its chunk mentions both. Its weight is a finite number.
        - Chunks, mentions and facts carry the number that orders equal weights, made from the chunk's id.
        - No document, chunk, entity, relation or mention is there twice.
        - The keyword index holds for every stored chunk exactly the words of its title and text, with their counts and
          the chunk's length, and nothing of any other chunk but of those subtracted; the chunk's own length agrees.
        - The segments list every stored chunk once, deletions subtracted, and their sums are right.
        - Vectors have length one and the recorded dimension, and their embedding model is recorded; so have those that
          are being made by another model, and there are no others.
        - A pending document is leased by somebody or by nobody, never for more than a week; a failed one by nobody.
        - No record was written later than now, as far as clocks agree.
        - A summary says something, of an entity that is there.
        - What is shown is what the edits make of what is said, and what was said is there whole; every edit knows where
          its chain of aliases ends.
        - The index's name is recorded, sequences give numbers above all that are used, keys and plain indexes are
          there, and no vector index is left half built.

        Entities without mentions and relations without facts are no damage: a writer may be about to use them, nobody
        sees them, and upkeep sweeps them; `status().idle` counts them.
        """
        async with self._database.snapshot() as (connection, layout):
            stored, keywords = await compare(connection, layout)
            layout = layout.reading(dict(await run(connection, layout, "meta")))
            return [
                *await _rows(connection, layout),
                *await _edits(connection, layout),
                *_keywords(stored, keywords),
                *await _vectors(connection, layout),
                *await _schema(connection, layout),
            ]


def shown(what: str, count: int, examples: Sequence[str]) -> str:
    """What was found, how much of it and a few of them.

    Args:
        what: In words, plural.
        count: How many.
        examples: Ids or names, at most three are shown.
    """
    some = [f"{one:.60}" for one in examples[:3] if one]
    more = ", …" if count > len(some) else ""
    return f"{what}: {count}" + (f" ({', '.join(some)}{more})" if some else "")


async def _rows(connection: Connection, layout: Layout) -> list[str]:
    rows = await run(connection, layout, "wrong_rows")
    if (await run(connection, layout, "any_edits"))[0][0]:
        rows += await run(connection, layout, "wrong_edits")
    found: dict[str, tuple[int, list[str]]] = {}
    for kind, count, examples in rows:
        before = found.get(kind, (0, []))
        found[kind] = (before[0] + count, [*before[1], *(examples or ())])
    return [f"{shown(words, *found[kind])}; {remedy}" for kind, words, remedy in _ROWS if kind in found]


async def _edits(connection: Connection, layout: Layout) -> list[str]:
    edits = await read_edits(connection, layout)
    problems = []
    circle = sorted(key for key in edits.aliases if edits.root(key) == key)
    if circle:
        problems.append(f"{shown('names merged in a circle', len(circle), circle)}; unmerge one of them")
    wrong = await wrong_roots(connection, layout, edits)
    if wrong:
        problems.append(f"{shown('edits that lead to another name than their aliases', len(wrong), wrong)}; {_MEND}")
    return problems


async def wrong_roots(connection: Connection, layout: Layout, edits: Edits) -> list[str]:
    """Keys of edits whose recorded root is not where their aliases lead."""
    wrong = [key for key, root in await run(connection, layout, "alias_roots") if edits.root(key) != root]
    rows = await run(connection, layout, "pair_roots")
    return wrong + [low for low, high, *roots in rows if low < high and edits.roots((low, high)) != tuple(roots)]


def _keywords(stored: StoredWords, found: Keywords) -> Iterator[str]:
    if found.unreadable:
        yield f"{shown('rows of the keyword index that cannot be read', found.unreadable, ())}; {_MEND}"
    for what, places in (
        ("chunks whose length is not their number of words", stored.wrong_lengths),
        ("chunks ordered by another number than their id's", stored.wrong_ties),
        ("chunks whose words are not those of the keyword index", found.words),
        ("chunks whose length in the keyword index is wrong", found.lengths),
    ):
        if places:
            yield f"{shown(what, len(places), [stored.names[place] for place in places[:3]])}; {_MEND}"
    for what, numbers in (
        ("chunks in the keyword index that are not stored", found.unknown),
        ("segments with wrong sums", found.counts),
        ("chunks that the segments list not at all, twice or wrongly", found.listed),
    ):
        if numbers:
            yield f"{shown(what, len(numbers), [f'number {one}' for one in numbers[:3]])}; {_MEND}"


async def _vectors(connection: Connection, layout: Layout) -> list[str]:
    meta: dict[str, Any] = dict(await run(connection, layout, "meta"))
    dimension = recorded_dimension(meta)
    any_vectors = any((await run(connection, layout, "count_vectors", most=1))[0])
    problems = []
    if dimension is None and ("embedding" in meta or any_vectors):
        problems.append(f"the dimension of the vectors is not recorded; {_MEND}")
    if "embedding" not in meta and (dimension is not None or any_vectors):
        problems.append(f"the embedding model of the vectors is not recorded; {_BACKUP}")
    problems += await other_problems(connection, layout)
    if dimension is not None:
        for kind, wrong, count, examples in await run(connection, layout, "wrong_vectors", dimension=dimension):
            what = (
                f"whose vectors have another dimension than {dimension}"
                if wrong
                else "whose vectors have a wrong length"
            )
            plural = {"chunk": "chunks", "entity": "entities", "fact": "facts"}[kind]
            problems.append(f"{shown(f'{plural} {what}', count, examples)}; {_DROPPED if wrong else _MEND}")
    names = list(INDEX_NAMES)
    for name, valid, building in await run(connection, layout, "vector_indexes", schema=layout.schema, names=names):
        if not valid and not building:
            problems.append(f"the vector index {name} was left half built; {_MEND}")
    return problems


async def other_problems(connection: Connection, layout: Layout) -> list[str]:
    """What is wrong with vectors that are not searched: another model's being made, or the last one's being dropped.

    Args:
        connection: In a snapshot or transaction.
        layout: Of the vectors that are searched.
    """
    meta = dict(await run(connection, layout, "meta"))
    count = (await run(connection, layout, "count_other"))[0][0] if "emptying" not in meta else 0
    wrong: list[tuple[Any, ...]] = []
    if "filling" in meta:
        dimension = recorded_dimension(meta, "filling_dimension")
        wrong = await run(connection, layout.turned(), "wrong_vectors", dimension=dimension)
    elif count:
        wrong = [("", True, count, ())]
    if not wrong:
        return []
    return [f"{shown('vectors of a model that is not in use', sum(row[2] for row in wrong), ())}; {_MEND}"]


async def _schema(connection: Connection, layout: Layout) -> list[str]:
    problems = []
    meta = dict(await run(connection, layout, "meta"))
    if meta.get("name") != layout.name:
        problems.append(f"the schema is that of index {layout.name!r}, but says {meta.get('name')!r}; {_MEND}")
    for name, most, last in await run(connection, layout, "sequences", schema=layout.schema):
        problems.append(f"the sequence {name} is at {last}, though {most} is used; {_MEND}")
    found = {row[0] for row in await run(connection, layout, "keys_found", schema=layout.schema)}
    missing = [name for name in _KEYS if name not in found]
    if missing:
        problems.append(f"{shown('keys or indexes of tables that are missing', len(missing), missing)}; {_BACKUP}")
    return problems
