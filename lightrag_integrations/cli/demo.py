"""The whole job on a bundled corpus, offline and without a key.

Starts the embedded PostgreSQL, ingests the articles, builds the graph from their words alone, answers questions that
need several articles in every mode, and compares the modes. A second run finds nothing new to ingest.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from importlib.resources import as_file, files

from lightrag_integrations import IndexStatus, IngestReport, LightRAGIndex
from lightrag_integrations.cli.connect import database_of
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.measure import Trial, compare, missed, read_questions, shown_in_full, trials
from lightrag_integrations.cli.output import hit_lines, print_json, report_lines, shorten, table
from lightrag_integrations.cli.readers import read_file

__all__ = ["add_arguments", "run"]

_INDEX = "demo"
_K = 5
_EXAMPLES = 3
_EXCERPT = 100
_RULE = "-" * 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--directory", "--database", dest="database", metavar="PATH|DSN",
        help="directory of the embedded server, or postgresql:// address; default: LIGHTRAG_DATABASE, else ./.lightrag",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    started = time.perf_counter()
    with LightRAGIndex(_INDEX, database=database_of(options)) as index:
        opened = time.perf_counter() - started
        status = index.status()
        _say(
            options, f"PostgreSQL {status.server_version} with pgvector {status.pgvector_version} is up: {opened:.1f} s"
        )
        report = _ingest(options, index)
        status = index.status()
        _show_ingested(options, report, status)
        results = trials(index, _questions(), k=_K, show_progress=not options.json and sys.stderr.isatty())
    seconds = time.perf_counter() - started
    if options.json:
        print_json(_as_json(report, status, results, seconds))
    else:
        _show_results(results)
        print(f"\nAll of this took {seconds:.1f} s.")
        _show_next(options)
    return INCOMPLETE if report.failed else DONE


def _ingest(options: argparse.Namespace, index: LightRAGIndex) -> IngestReport:
    with as_file(files(__package__).joinpath("demo_data", "articles.jsonl")) as path:
        articles = [article.model_copy(update={"source": path.name}) for article in read_file(path)]
    _say(options, f"\nIngesting {len(articles)} articles, one chunk each; no model, no key, no download …")
    return index.ingest(articles, show_progress=not options.json and sys.stderr.isatty())


def _questions() -> list[dict[str, object]]:
    return read_questions(files(__package__).joinpath("demo_data", "questions.jsonl").read_text("utf-8"))


def _show_ingested(options: argparse.Namespace, report: IngestReport, status: IndexStatus) -> None:
    if report.documents == 0 and report.failed == 0:
        _say(options, f"Nothing to ingest: all {report.unchanged} articles are stored and have not changed.")
    else:
        _say(options, "\n".join(report_lines(report)))
    _say(
        options,
        f"The graph holds {status.entities} entities and {status.relations} relations from {status.facts} facts.",
    )


def _show_results(results: list[Trial]) -> None:
    print(f"\n{_RULE}\nSome answers of mode 'mix', with what brought the articles that are needed\n{_RULE}")
    for trial in shown_in_full(results, _EXAMPLES):
        print(f"\nQ: {trial.question}\n   (the answer is {trial.answer}; it takes {', '.join(trial.gold)})")
        for rank, hit in enumerate(trial.hits, start=1):
            needed = hit.document_id in trial.gold
            print("\n".join(hit_lines(rank, hit, explain=needed, width=_EXCERPT if needed else 0)))
    questions = len({trial.id for trial in results})
    print(f"\n{_RULE}\nThe modes compared: {questions} questions, {_K} hits each\n{_RULE}\n")
    rows = [
        (row.mode, f"{row.recall:.3f}", f"{row.complete} of {questions}", f"{row.milliseconds:.1f}")
        for row in compare(results)
    ]
    print("\n".join(table(("mode", "gold articles found", "questions with all", "ms per question"), rows)))
    wrong = missed(results, "mix")
    print(f"\n{_RULE}\nWhat 'mix' did not get right: {len(wrong)} of {questions}\n{_RULE}")
    for trial in wrong:
        found = ", ".join(hit.document_id for hit in trial.hits)
        print(f"\nQ: {shorten(trial.question, 120)}\n   missing: {', '.join(trial.missing)}\n   found:   {found}")


def _show_next(options: argparse.Namespace) -> None:
    place = "" if options.database is None else f" --database {shlex.quote(options.database)}"
    first = "" if place or os.environ.get("LIGHTRAG_DATABASE") else "  (the database is in ./.lightrag)"
    print(f"""
Next{first}
  lightrag query "Who died on the way back from the pole?" --index demo --explain{place}
  lightrag graph "Larvik" --index demo{place}
  lightrag ingest YOUR_FILES --index mine{place}
  with a model: OPENAI_API_KEY=… lightrag ingest YOUR_FILES --index mine --llm MODEL --embed MODEL
  in Python, LangChain and LlamaIndex: see README.md and cookbooks/""")


def _as_json(report: IngestReport, status: IndexStatus, results: list[Trial], seconds: float) -> dict[str, object]:
    return {
        "ingest": report.model_dump(mode="json"),
        "status": status.model_dump(mode="json"),
        "modes": [row.as_json() for row in compare(results)],
        "questions": [trial.as_json() for trial in results],
        "missed_by_mix": [trial.id for trial in missed(results, "mix")],
        "seconds": round(seconds, 3),
    }


def _say(options: argparse.Namespace, text: str) -> None:
    if not options.json:
        print(text, flush=True)
