"""The two optional model calls of a search, with a stand-in that answers from the annotations of a data set.

    python -m tests.benchmarks.model_steps FOLDER [--extractors triples,lexical] [--vectors FILE] [--database PLACE]
        [--mode mix] [--limit N]

FOLDER: see `data.py`; each question also has `steps`, the annotated sub-questions with their answers. The stand-in is
an OpenAI-compatible server on this machine, reached by the real client. What it answers:

- questions only: the sub-questions, `#1` standing for an answer that it doesn't know
- + right, half, wrong answers: with all expected answers right; about half of them, the others those of other
  questions; all of them wrong
- rerank, gold first: the passages in question first, that is the most that any reranker could make of the candidates
- rerank, noisy: every sixth passage, drawn by its words, is taken for the opposite

Prints recall@5 and all-gold@8 with bootstrap intervals and MRR beside the mode alone, chat calls for one question, and
latency. The stand-in answers at once: add your model's latency.
"""

import argparse
import hashlib
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightrag_integrations import LightRAGIndex, OpenAIChatModel, QueryOptions, Setting
from tests.benchmarks.data import Data, Row, embedder_named, extractor_named, load
from tests.doubles.openai_server import OpenAIServer

PASSAGE = re.compile(r'<passage id="(\d+)">\n(.*?)\n</passage>', re.DOTALL)
Script = Callable[[Row], str | Callable[[str], str]]


def main() -> None:
    options = arguments()
    data = load(options.folder)
    if options.limit:
        del data.questions[options.limit :]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, OpenAIServer() as server:
        chat = OpenAIChatModel("stand-in", base_url=server.base_url, api_key="none")
        model = embedder_named("minilm" if options.vectors else "hash", options.vectors)
        for extractor in options.extractors.split(","):
            with LightRAGIndex(
                f"steps-{extractor}",
                database=options.database or scratch,
                llm=chat,
                embed_model=model,
                extractor=extractor_named(extractor, data),
            ) as index:
                index.ingest(data.documents).raise_if_failed()
                print(f"\n{extractor}, {options.mode}, {len(data.questions)} questions")
                print(f"{'':26}recall@5             all@8              MRR    calls  p50 ms  p95 ms")
                for name, fields, script in scenarios(data):
                    measure(index, server, data, name=name, fields={"mode": options.mode, **fields}, script=script)
        if options.vectors:
            model.save(options.vectors)


def scenarios(data: Data) -> list[tuple[str, dict[str, Any], Script | None]]:
    """Name, options and what the stand-in answers."""
    texts = {document.id: document.text for document in data.documents}
    others = [step["answer"] for row in data.questions for step in row["steps"]]
    wrong = {row["id"]: (others * 2)[place * 7 % len(others) :] for place, row in enumerate(data.questions, start=1)}

    def gold(noise: int) -> Script:
        return lambda row: lambda said: ranking(said, {texts[passage] for passage in row["gold_ids"]}, noise)

    split, llm = {"decompose": True}, {"rerank": "llm"}
    return [
        ("alone", {}, None),
        ("decompose, questions only", split, lambda row: sub_questions(row, [])),
        ("  + right answers", split, lambda row: sub_questions(row, answers(row))),
        ("  + half of them right", split, lambda row: sub_questions(row, some_right(answers(row), wrong[row["id"]]))),
        ("  + wrong answers", split, lambda row: sub_questions(row, wrong[row["id"]])),
        ("rerank, gold first", llm, gold(0)),
        ("rerank, noisy", llm, gold(3)),
    ]


def measure(
    index: LightRAGIndex, server: OpenAIServer, data: Data, *, name: str, fields: dict[str, Any], script: Script | None
) -> None:
    server.clear()
    for row in data.questions if script else ():
        server.script(f"Question: {row['question']}", script(row))
    setting = Setting(name=name, options=QueryOptions(**fields))
    report = index.evaluate(data.questions, modes=[setting], ks=(5, 8))
    asked = len(data.questions) + 1  # the first question is asked once more, uncounted
    told = report.results[0]
    recall, every, mrr = (told.figures[figure] for figure in ("recall@5", "all@8", "MRR"))
    print(
        f"{name:26}{recall.value:.3f} [{recall.low:.3f} {recall.high:.3f}]  {every.value:.2f} [{every.low:.2f} "
        f"{every.high:.2f}]  {mrr.value:.3f} {server.chat_calls / asked:7.2f} "
        f"{told.latency.p50_ms:8.1f} {told.latency.p95_ms:7.1f}",
        flush=True,
    )


def answers(row: Row) -> list[str]:
    return [step["answer"] for step in row["steps"]]


def some_right(right: list[str], wrong: list[str]) -> list[str]:
    """About half of the right answers, drawn by their words."""
    return [a if drawn(a) % 2 else b for a, b in zip(right, wrong, strict=False)]


def drawn(text: str) -> int:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()[0]


def sub_questions(row: Row, expected: list[str]) -> str:
    known = [*expected, *[""] * len(row["steps"])]
    made = [
        {"question": step["question"], "expected_answer": answer}
        for step, answer in zip(row["steps"], known, strict=False)
    ]
    return json.dumps({"sub_questions": made})


def ranking(said: str, gold: set[str], noise: int) -> str:
    """Numbers of the passages shown, gold first; with noise one of 2 · noise is misjudged."""

    def judged(text: str) -> bool:
        lied = noise and drawn(text.split("\nRelated: ")[0]) % (2 * noise) == 0
        return any(passage in text for passage in gold) != bool(lied)

    shown = [(int(number), judged(text)) for number, text in PASSAGE.findall(said)]
    return json.dumps({"ranking": [number for number, good in sorted(shown, key=lambda one: (not one[1], one[0]))]})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--extractors", default="triples,lexical")
    parser.add_argument("--mode", default="mix")
    parser.add_argument("--limit", type=int, help="ask only so many questions")
    parser.add_argument("--vectors", type=Path, help="use MiniLM and keep its vectors in this .npz file between runs")
    parser.add_argument("--database", help="a directory or connection string to keep; default: one that is removed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
