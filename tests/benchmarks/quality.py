"""Recall of every mode on a multi-hop data set, through the public API.

    python -m tests.benchmarks.quality FOLDER [--extractors triples,lexical] [--embedders hash,minilm] [--vectors FILE]

FOLDER holds `corpus.jsonl` (id, title, text, triples, entities) and `questions.jsonl` (id, question, gold_ids).
`triples`: the corpus's own triples and entities, recorded from a model, as the extractor; `lexical`: the tier without
a model. Prints recall@5 and all-gold@8 of each mode, and milliseconds per question. A mode may end in `+rerank`.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from lightrag_integrations import (
    Chunk,
    Document,
    ExtractedEntity,
    ExtractedRelation,
    Extraction,
    HashEmbedder,
    LexicalExtractor,
    LightRAGIndex,
)

MODES = ("keyword", "vector", "local", "global", "hybrid", "graph", "mix")


class Recorded:
    """Answers with what a model once extracted from the same passage."""

    fingerprint = "recorded"
    cacheable = False

    def __init__(self, corpus: list[dict[str, Any]]) -> None:
        self._by_id = {row["id"]: row for row in corpus}

    async def extract(self, chunk: Chunk) -> Extraction:
        row = self._by_id[chunk.document_id]
        return Extraction(
            entities=[ExtractedEntity(name=name) for name in row["entities"]],
            relations=[
                ExtractedRelation(
                    source=source, target=target, keywords=[verb], description=f"{source} {verb} {target}"
                )
                for source, verb, target in row["triples"]
            ],
        )


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def measure(index: LightRAGIndex, questions: list[dict[str, Any]], mode: str, rerank: bool = False) -> dict[str, float]:
    recall, full, times = [], [], []
    for question in questions:
        begun = time.perf_counter()
        hits = index.retrieve(question["question"], mode=mode, k=8, rerank=rerank).hits
        times.append(time.perf_counter() - begun)
        found = [hit.document_id for hit in hits]
        gold = set(question["gold_ids"])
        recall.append(len(gold & set(found[:5])) / len(gold))
        full.append(gold <= set(found[:8]))
    figures = {
        "questions": len(recall),
        "recall@5": statistics.mean(recall),
        "all@8": statistics.mean(full),
        "p50 ms": 1000 * statistics.median(times),
        "p95 ms": 1000 * statistics.quantiles(times, n=20)[-1],
    }
    return {name: round(value, 3) for name, value in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--extractors", default="triples,lexical")
    parser.add_argument("--embedders", default="hash,minilm")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--vectors", type=Path, help="keep MiniLM's vectors in this .npz file between runs")
    parser.add_argument("--database", help="a directory or connection string to keep; default: one that is removed")
    options = parser.parse_args()
    corpus, questions = read(options.folder / "corpus.jsonl"), read(options.folder / "questions.jsonl")
    documents = [Document(id=row["id"], title=row["title"], text=row["text"]) for row in corpus]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        for embedder in options.embedders.split(","):
            model = embedder_named(embedder, options.vectors)
            for extractor in options.extractors.split(","):
                chosen = Recorded(corpus) if extractor == "triples" else LexicalExtractor()
                place = options.database or scratch
                name = f"{extractor}-{embedder}"
                with LightRAGIndex(name, database=place, embed_model=model, extractor=chosen) as index:
                    begun = time.perf_counter()
                    report = index.ingest(documents)
                    print(f"{name}: {report.chunks} chunks in {time.perf_counter() - begun:.1f} s", flush=True)
                    for mode in options.modes.split(","):
                        figures = measure(index, questions, mode.removesuffix("+rerank"), mode.endswith("+rerank"))
                        line = {"graph": extractor, "embedder": embedder, "mode": mode, **figures}
                        print(json.dumps(line), flush=True)
            if options.vectors and embedder == "minilm":
                model.save(options.vectors)


def embedder_named(name: str, vectors: Path | None) -> Any:
    if name == "hash":
        return HashEmbedder()
    from tests.benchmarks.minilm import MiniLM

    model = MiniLM()
    if vectors:
        model.load(vectors)
    return model


if __name__ == "__main__":
    main()
