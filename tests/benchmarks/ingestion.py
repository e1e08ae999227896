"""How near ingestion comes to the model's own time, and what it costs our process.

    python -m tests.benchmarks.ingestion [--chunks 200] [--latency-ms 200] [--concurrency 16] [--embedder hash|endpoint]
        [--database PLACE]

The model is an endpoint in a process of its own that answers after a fixed time; it is reached by the real `openai`
client. Documents are of one chunk of about 1,000 tokens with about 38 names each, made here. Printed for each scenario:

- wall time as a multiple of the ideal, calls ÷ concurrency × latency (of the slowest handle, where there are several)
- CPU of this process for each chunk in ms, PostgreSQL's and the endpoint's left out
- prompt tokens of a chunk as a multiple of its own
"""

import argparse
import asyncio
import json
import random
import re
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from lightrag_integrations import Document, IndexOptions, IngestOptions, LightRAGIndex, OpenAIChatModel, OpenAIEmbedder
from lightrag_integrations.text.tokens import default_tokenizer
from tests.benchmarks.endpoint import Endpoint

_NAMES = 38
_SYLLABLES = tuple(re.findall("..", "badoelfengahuirkelomanoosperaquistu"))
_WORDS = tuple(re.findall(r"\w+", "river valley council bridge built wrote joined led the old stone of near for"))


def main() -> None:
    options = arguments()
    scenarios = (
        ("warm-up", 1, 20, 1),
        ("one handle", 1, options.chunks, 1),
        ("four times the documents", 1, 4 * options.chunks, 1),
        ("four handles", 4, options.chunks, 1),
        ("two calls on one handle", 1, options.chunks // 2, 2),
    )
    results = {}
    print(f"{'':28}wall ÷ ideal   CPU ms per chunk   prompt ÷ chunk tokens")
    with tempfile.TemporaryDirectory() as scratch, Endpoint(latency_s=options.latency_ms / 1000) as endpoint:
        for name, handles, chunks, calls in scenarios:
            result = asyncio.run(scenario(options, endpoint, scratch, handles=handles, chunks=chunks, calls=calls))
            results[name] = result
            print(f"{name:28}{result['wall']:>12.3f}{result['cpu_ms']:>19.1f}{result['prompt']:>24.2f}", flush=True)
    print(json.dumps(results))


async def scenario(
    options: argparse.Namespace, endpoint: Endpoint, scratch: str, *, handles: int, chunks: int, calls: int
) -> dict[str, float]:
    """Ingest `chunks` documents by each of `calls` calls on each of `handles` handles, all at once."""
    endpoint.counts()
    opened = [
        LightRAGIndex(
            f"ingestion-{handles}-{chunks}-{calls}-{number}",
            database=options.database or scratch,
            llm=OpenAIChatModel("stand-in", base_url=endpoint.base_url, api_key="none"),
            embed_model=embedder(options, endpoint),
            max_concurrency=options.concurrency,
            options=IndexOptions(ingest=IngestOptions(chunk_tokens=1200)),
        )
        for number in range(handles)
    ]
    jobs = [
        (index, documents(chunks, seed=number * calls + call))
        for number, index in enumerate(opened)
        for call in range(calls)
    ]
    tokens = default_tokenizer().count
    own = sum(tokens(document.text) for _, batch in jobs for document in batch)
    for index in opened:
        await index.astatus()
    began, cpu = time.perf_counter(), time.process_time()
    walls = await asyncio.gather(*(timed(index, batch, began) for index, batch in jobs))
    cpu = time.process_time() - cpu
    counted = endpoint.counts()
    for index in opened:
        await index.adrop()
        await index.aclose()
    total = chunks * calls * handles
    assert counted["chat_calls"] == total, counted
    ideal = chunks * calls / options.concurrency * options.latency_ms / 1000
    return {"wall": max(walls) / ideal, "cpu_ms": cpu / total * 1000, "prompt": counted["prompt_tokens"] / own}


async def timed(index: LightRAGIndex, batch: Sequence[Document], began: float) -> float:
    report = await index.aingest(batch)
    assert (report.documents, report.failed, report.processing) == (len(batch), 0, 0), report
    return time.perf_counter() - began


def embedder(options: argparse.Namespace, endpoint: Endpoint) -> Any:
    if options.embedder == "hash":
        return None
    return OpenAIEmbedder("stand-in", base_url=endpoint.base_url, api_key="none")


def documents(count: int, *, seed: int) -> list[Document]:
    """Documents of about 1,000 tokens; some names are everybody's, most a document's own."""
    draw = random.Random(seed)
    common = [name(draw) for _ in range(200)]
    return [Document(id=f"{seed}-{number}", text=text(draw, common)) for number in range(count)]


def text(draw: random.Random, common: Sequence[str]) -> str:
    names = [draw.choice(common) if draw.random() < 0.4 else name(draw) for _ in range(_NAMES)]
    sentences = []
    for first, second in zip(names[::2], names[1::2], strict=True):
        middle = " ".join(draw.choice(_WORDS) for _ in range(20))
        end = " ".join(draw.choice(_WORDS) for _ in range(20))
        sentences.append(f"{first} {middle} {second} {end}.")
    return " ".join(sentences)


def name(draw: random.Random) -> str:
    return " ".join("".join(draw.choices(_SYLLABLES, k=3)).capitalize() for _ in range(2))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chunks", type=int, default=200)
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--embedder", choices=("hash", "endpoint"), default="hash")
    parser.add_argument("--database")
    return parser.parse_args()


if __name__ == "__main__":
    main()
