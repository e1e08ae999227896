"""Documents for the measurement of ingestion, and the endpoint's own pace."""

import asyncio
import json
import random
import re
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from lightrag_integrations import Document
from lightrag_integrations.prompts import fill, load
from tests.benchmarks.endpoint import Endpoint

_NAMES = 38
_SYLLABLES = tuple(re.findall("..", "badoelfengahuirkelomanoosperaquistu"))
_WORDS = tuple(re.findall(r"\w+", "river valley council bridge built wrote joined led the old stone of near for"))


def documents(count: int, *, seed: int) -> list[Document]:
    """Documents of about 1,000 tokens; some names are everybody's, most a document's own."""
    draw = random.Random(seed)
    common = [_name(draw) for _ in range(200)]
    return [Document(id=f"{seed}-{number}", text=_text(draw, common)) for number in range(count)]


async def floor(endpoint: Endpoint, count: int, concurrency: int) -> float:
    """Seconds for so many calls by a client that only sends and reads."""
    address = urlsplit(endpoint.base_url)
    waiting = (_request(document.text) for document in [*documents(count, seed=0)])
    began = time.perf_counter()
    await asyncio.gather(*(_asked(str(address.hostname), int(address.port or 80), waiting) for _ in range(concurrency)))
    return time.perf_counter() - began


async def _asked(host: str, port: int, waiting: Iterator[bytes]) -> None:
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
    for request in waiting:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        (size,) = re.findall(rb"(?i)content-length: (\d+)", head)
        await reader.readexactly(int(size))
    writer.close()
    await writer.wait_closed()


def _request(text: str) -> bytes:
    turns = {"system": load("extract"), "user": fill(load("extract_input"), text=text)}
    messages = [{"role": role, "content": content} for role, content in turns.items()]
    body = json.dumps({"model": "stand-in", "messages": messages}).encode()
    return b"POST /v1/chat/completions HTTP/1.1\r\nHost: floor\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _text(draw: random.Random, common: Sequence[str]) -> str:
    names = [draw.choice(common) if draw.random() < 0.4 else _name(draw) for _ in range(_NAMES)]
    sentences = []
    for first, second in zip(names[::2], names[1::2], strict=True):
        middle = " ".join(draw.choice(_WORDS) for _ in range(20))
        end = " ".join(draw.choice(_WORDS) for _ in range(20))
        sentences.append(f"{first} {middle} {second} {end}.")
    return " ".join(sentences)


def _name(draw: random.Random) -> str:
    return " ".join("".join(draw.choices(_SYLLABLES, k=3)).capitalize() for _ in range(2))
