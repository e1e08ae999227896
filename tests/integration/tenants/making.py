"""Documents that share names, each field of each with a canary word of its own; random filters; who may be seen."""

import random
import re
from collections.abc import Iterable
from typing import Any

from lightrag_integrations import Chunk, Document, ExtractedEntity, ExtractedRelation, Extraction
from lightrag_integrations.filters import parse_filter
from tests.integration.storage.reference import passes

__all__ = ["PEOPLE", "Tenants", "random_filter", "random_question"]

PEOPLE = ("Ada Byron", "Otto Varga", "Edda Quill", "Colin Archer", "Roald Amundsen", "Maria Sibylla", "Ida Noddack")
PLACES = ("Larvik", "Brenn", "Hobart", "Quuxville", "Dundee")
VERBS = ("met", "wrote to", "painted", "followed", "outlived")
TENANTS = ("acme", "umbra", "Zeta", "no\"bo'dy")
TAGS = ("red", "blue", "old", "50%")
CANARY = re.compile("zq[a-z]{6}")


class Tenants:
    """Some documents, their canaries and who carries them."""

    def __init__(self, seed: int, documents: int, *, prefix: str = "d") -> None:
        self._draw = random.Random(seed)
        self.carriers: dict[str, set[str]] = {}
        """Canary to the chunks that carry it."""
        self.metadata: dict[str, dict[str, Any]] = {}
        """Chunk to what filters look at."""
        self.documents = [self._document(f"{prefix}{number}") for number in range(documents)]
        used = set(CANARY.findall(" ".join(one.model_dump_json() for one in self.documents).lower()))
        self.carriers = {word: chunks for word, chunks in self.carriers.items() if word in used}

    def canary(self, *chunk_ids: str) -> str:
        word = "zq" + "".join(self._draw.choices("abcdefghijklmnopqrstuvwxy", k=6))
        self.carriers.setdefault(word, set()).update(chunk_ids)
        return word

    def visible(self, where: dict[str, Any] | None) -> set[str]:
        """Ids of the chunks that a filter leaves, by the reference."""
        tree = parse_filter(where)
        return {name for name, metadata in self.metadata.items() if tree is None or passes(tree, metadata)}

    def leaked(self, shown: str, visible: Iterable[str]) -> set[str]:
        """The canaries of chunks that are not visible, in what was shown."""
        seen = set(visible)
        found = set(CANARY.findall(shown.lower())) & self.carriers.keys()
        return {word for word in found if not self.carriers[word] & seen}

    def held(self, shown: str) -> int:
        """How many different canaries were shown at all."""
        return len(set(CANARY.findall(shown.lower())) & self.carriers.keys())

    def hidden_word(self, draw: random.Random, visible: Iterable[str]) -> str:
        """A canary to ask for, of a chunk that is not visible where there is one."""
        seen = set(visible)
        hidden = [word for word, chunks in self.carriers.items() if not chunks & seen]
        return draw.choice(hidden or list(self.carriers))

    def _document(self, number: str) -> Document:
        draw = self._draw
        parts = [f"{number}.{place}" for place in range(draw.randint(1, 3))]
        name = f"{number} {self.canary(*parts)}"
        ids = [f"{part} {self.canary(part)}" for part in parts]
        for part, chunk_id in zip(parts, ids, strict=True):
            for chunks in self.carriers.values():
                if part in chunks:
                    chunks.remove(part)
                    chunks.add(chunk_id)
        own: dict[str, Any] = {
            "tenant": draw.choice(TENANTS), "level": draw.randint(0, 9), "owner": self.canary(*ids),
            self.canary(*ids): True, "nested": {"place": draw.choice(PLACES), "score": draw.random()},
        }  # fmt: skip
        if draw.random() < 0.7:
            own["tags"] = draw.sample(TAGS, draw.randint(0, 3))
        chunks = [self._chunk(chunk_id, name, own, place) for place, chunk_id in enumerate(ids)]
        # Chunks without a title of their own take the document's.
        title = draw.choice((draw.choice(PEOPLE), "", f"{draw.choice(PLACES)} {self.canary(*ids).title()}"))
        return Document(
            id=name, title=title, text=" ".join(chunk.text for chunk in chunks), chunks=tuple(chunks),
            source=f"/files/{self.canary(*ids)}.txt", metadata=own,
        )  # fmt: skip

    def _chunk(self, chunk_id: str, document_id: str, own: dict[str, Any], place: int) -> Chunk:
        draw = self._draw
        metadata: dict[str, Any] = {"note": f"{draw.choice(VERBS)} {self.canary(chunk_id)}", "place": place}
        if draw.random() < 0.3:
            metadata["tenant"] = draw.choice(TENANTS)  # over the document's: one part of it is another's
        told = [(draw.choice(PEOPLE), draw.choice(VERBS), draw.choice(PEOPLE)) for _ in range(draw.randint(1, 3))]
        words = [f"{a} {verb} {b} in {draw.choice(PLACES)}." for a, verb, b in told]
        secret = self.canary(chunk_id).title()
        words.append(f"{secret} {self.canary(chunk_id)} knew {draw.choice(PEOPLE)}.")
        title = draw.choice((*PEOPLE, *PLACES, "", f"{draw.choice(PLACES)} {self.canary(chunk_id).title()}"))
        self.metadata[chunk_id] = {**own, **metadata, "$chunk_id": chunk_id, "$document_id": document_id}
        return Chunk(
            id=chunk_id, document_id=document_id, text=" ".join(words), title=title, position=place, metadata=metadata,
            extraction=self._extraction(chunk_id, secret, told),
        )  # fmt: skip

    def _extraction(self, chunk_id: str, secret: str, told: list[tuple[str, str, str]]) -> Extraction:
        names = dict.fromkeys((secret, *(name for a, _, b in told for name in (a, b))))
        ends = [(told[0][0], "knew", secret), *told]
        return Extraction(
            entities=[
                ExtractedEntity(
                    name=name.upper() if self._draw.random() < 0.3 else name, type=self.canary(chunk_id),
                    description=f"{name} is told of, {self.canary(chunk_id)}.",
                )
                for name in names
            ],
            relations=[
                ExtractedRelation(
                    source=a, target=b, keywords=[verb, self.canary(chunk_id)], weight=self._draw.choice((0.5, 1.0, 2)),
                    description=f"{a} {verb} {b}, says {self.canary(chunk_id)}." if self._draw.random() < 0.8 else "",
                )
                for a, verb, b in ends
                if a != b
            ],
        )  # fmt: skip


def random_filter(draw: random.Random, made: Tenants, depth: int = 0) -> dict[str, Any]:
    """A filter of any operator that leaves some chunks, as a rule."""
    if depth < 2 and draw.random() < 0.35:
        kind = draw.choice(("$and", "$or", "$not"))
        if kind == "$not":
            return {"$not": random_filter(draw, made, depth + 1)}
        return {kind: [random_filter(draw, made, depth + 1) for _ in range(2)]}
    low = draw.randint(0, 9)
    chunk_ids = draw.sample(sorted(made.metadata), min(5, len(made.metadata)))
    document_ids = draw.sample([one.id for one in made.documents], min(4, len(made.documents)))
    return draw.choice(
        (
            {"tenant": draw.choice(TENANTS)},
            {"tenant": {draw.choice(("$eq", "$ne")): draw.choice(TENANTS)}},
            {"tenant": {draw.choice(("$in", "$nin")): draw.sample(TENANTS, 2)}},
            {"level": {draw.choice(("$gt", "$gte", "$lt", "$lte")): low}},
            {"level": {"$between": [low / 2, low]}, "tenant": {"$exists": True}},
            {"tags": {"$contains": draw.choice(TAGS)}},
            {"tags": {draw.choice(("$any", "$all")): draw.sample(TAGS, 2)}},
            {"tags": {draw.choice(("$exists", "$is_empty")): draw.random() < 0.5}},
            {"note": {draw.choice(("$like", "$ilike")): draw.choice(("met%", "PAINT%", "%o%", "_et %"))}},
            {"note": {draw.choice(("$text_match", "$text_match_insensitive", "$contains")): draw.choice(VERBS)}},
            {"nested.place": {"$in": draw.sample(PLACES, 2)}},
            {"nested.score": {"$lt": draw.random()}},
            {"place": draw.choice((0, 1, 2))},
            {"$document_id": {draw.choice(("$in", "$nin")): document_ids}},
            {"$chunk_id": {draw.choice(("$in", "$nin")): chunk_ids}},
        )
    )


def random_question(draw: random.Random, made: Tenants, visible: Iterable[str]) -> str:
    """About shared names; half of them ask for a hidden word, too."""
    first, second = draw.sample(PEOPLE, 2)
    asked = draw.choice(
        (
            f"Whom did {first} meet in {draw.choice(PLACES)}?",
            f"Who outlived {first} and painted {second}?",
            f"What is {draw.choice(PLACES)}?",
            f"{draw.choice(VERBS)} {first}",
        )
    )
    return f"{asked} What of {made.hidden_word(draw, visible)}?" if draw.random() < 0.5 else asked
