"""Every mode, or every ablation of the walk, on a multi-hop data set, through the public API.

    python -m tests.benchmarks.quality FOLDER [--extractors triples,lexical] [--embedders hash,minilm] [--vectors FILE]
        [--modes keyword,mix,mix+rerank | --settings ablations] [--untitled] [--joined N] [--out FOLDER]

FOLDER: see `data.py`. Prints what `LightRAGIndex.evaluate` measures for each extractor and embedder: recall@5 and
all-gold@8 with bootstrap intervals, paired differences to `mix`, latency.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from lightrag_integrations import EvaluationReport, LightRAGIndex
from tests.benchmarks.ablations import ablations
from tests.benchmarks.data import Data, embedder_named, extractor_named, load

MODES = ("keyword", "vector", "local", "global", "hybrid", "graph", "mix")


def main() -> None:
    options = arguments()
    data = load(options.folder, titled=not options.untitled, joined=options.joined)
    modes = ablations() if options.settings == "ablations" else options.modes.split(",")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        place = options.database or scratch
        for embedder in options.embedders.split(","):
            model = embedder_named(embedder, options.vectors)
            for extractor in options.extractors.split(","):
                name = f"{extractor}-{embedder}{variant(options)}"
                report = measure(name, place, data, extractor=extractor, model=model, modes=modes)
                print(f"{report.to_text()}\n", flush=True)
                if options.out:
                    options.out.mkdir(parents=True, exist_ok=True)
                    (options.out / f"{name}-{options.settings}.json").write_text(report.to_json(), "utf-8")
            if options.vectors and embedder == "minilm":
                model.save(options.vectors)


def measure(name: str, place: str, data: Data, *, extractor: str, model: Any, modes: list[Any]) -> EvaluationReport:
    """Ingest and evaluate."""
    chosen = extractor_named(extractor, data)
    with LightRAGIndex(name, database=place, embed_model=model, extractor=chosen) as index:
        begun = time.perf_counter()
        report = index.ingest(data.documents)
        report.raise_if_failed()
        print(f"{name}: {report.chunks} chunks in {time.perf_counter() - begun:.1f} s", flush=True)
        return index.evaluate(data.questions, modes=modes)


def variant(options: argparse.Namespace) -> str:
    return ("-untitled" if options.untitled else "") + (f"-joined-{options.joined}" if options.joined > 1 else "")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--extractors", default="triples,lexical")
    parser.add_argument("--embedders", default="hash,minilm")
    parser.add_argument("--modes", default=",".join(MODES), help="each may end in +rerank")
    parser.add_argument("--settings", choices=("modes", "ablations"), default="modes")
    parser.add_argument("--untitled", action="store_true", help="passages lose their titles")
    parser.add_argument("--joined", type=int, default=1, metavar="N", help="N passages make one long chunk")
    parser.add_argument("--vectors", type=Path, help="keep MiniLM's vectors in this .npz file between runs")
    parser.add_argument("--database", help="a directory or connection string to keep; default: one that is removed")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write each report there as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
