"""A multi-hop data set as documents: as it is, without titles, or several passages joined; and its recorded graph.

A folder holds `corpus.jsonl` (id, title, text, triples, entities) and `questions.jsonl` (id, question, gold_ids).
"""

import json
import random
from pathlib import Path
from typing import Any, NamedTuple

from lightrag_integrations import (
    Chunk,
    Document,
    ExtractedEntity,
    ExtractedRelation,
    Extraction,
    HashEmbedder,
    LexicalExtractor,
)

Row = dict[str, Any]


class Data(NamedTuple):
    documents: list[Document]
    questions: list[Row]
    extractions: dict[str, Extraction]
    """By document id."""


class Recorded:
    """Answers with what a model once extracted from the same passage."""

    fingerprint = "recorded"
    cacheable = False

    def __init__(self, extractions: dict[str, Extraction]) -> None:
        self._extractions = extractions

    async def extract(self, chunk: Chunk) -> Extraction:
        return self._extractions[chunk.document_id]


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def load(folder: Path, *, titled: bool = True, joined: int = 1) -> Data:
    """The folder's documents and questions.

    Args:
        folder: See above.
        titled: False: passages lose their titles.
        joined: So many passages, drawn at random, become one document of one long chunk, their titles lines in it.
    """
    corpus, questions = read(folder / "corpus.jsonl"), read(folder / "questions.jsonl")
    if not titled:
        corpus = [{**row, "title": ""} for row in corpus]
    if joined > 1:
        corpus, questions = _joined(corpus, questions, joined)
    documents = [
        Document(
            id=row["id"],
            title=row["title"],
            text=row["text"],
            chunks=(Chunk(id=f"{row['id']}#0", document_id=row["id"], title=row["title"], text=row["text"]),),
        )
        if joined > 1
        else Document(id=row["id"], title=row["title"], text=row["text"])
        for row in corpus
    ]
    return Data(documents, questions, {row["id"]: _extraction(row) for row in corpus})


def extractor_named(name: str, data: Data) -> Any:
    """`triples`: the corpus's own, recorded from a model; `lexical`: the tier without a model."""
    return Recorded(data.extractions) if name == "triples" else LexicalExtractor()


def embedder_named(name: str, vectors: Path | None) -> Any:
    if name == "hash":
        return HashEmbedder()
    from tests.benchmarks.minilm import MiniLM

    model = MiniLM()
    if vectors:
        model.load(vectors)
    return model


def _joined(corpus: list[Row], questions: list[Row], size: int) -> tuple[list[Row], list[Row]]:
    order = list(corpus)
    random.Random(0).shuffle(order)  # neighbours in the corpus belong to the same question
    groups = [order[begin : begin + size] for begin in range(0, len(order), size)]
    home = {row["id"]: f"j{number:05}" for number, group in enumerate(groups) for row in group}
    made = [
        {
            "id": f"j{number:05}",
            "title": "",
            "text": "\n\n".join(f"{row['title']}\n{row['text']}".strip() for row in group),
            "triples": [triple for row in group for triple in row["triples"]],
            "entities": list(dict.fromkeys(name for row in group for name in row["entities"])),
        }
        for number, group in enumerate(groups)
    ]
    moved = [
        {**row, "gold_ids": list(dict.fromkeys(home[passage] for passage in row["gold_ids"]))} for row in questions
    ]
    return made, moved


def _extraction(row: Row) -> Extraction:
    return Extraction(
        entities=[ExtractedEntity(name=name) for name in row["entities"]],
        relations=[
            ExtractedRelation(source=source, target=target, keywords=[verb], description=f"{source} {verb} {target}")
            for source, verb, target in row["triples"]
        ],
    )
