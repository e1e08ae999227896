"""One of many hands on one index: writes, adds chunks, deletes and compacts beside the others.

What must be there when all are done is known beforehand, in whatever order they come:

* `kept`: everybody writes the same text, nobody deletes it;
* `gone`: everybody writes it, deletes it, and deletes last;
* `torn`: everybody writes the same three chunks, and deletes the middle one last;
* `joined`: everybody adds a chunk of their own;
* `own`: versions of one hand's, of which the last stands.

As a program: `hands.py DSN NAME HAND...`, one thread for each hand; its errors are its output.
"""

import random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lightrag_integrations import Chunk, Document, LightRAGIndex

__all__ = ["EVERYBODY", "final_documents", "use_hands", "versions_seen"]

EVERYBODY = tuple(range(8))
NUMBERS = tuple(range(3))
VERSIONS = 4
HOT = ("Ada Lovelace", "Charles Babbage", "London", "Analytical Engine", "Royal Society", "Mary Somerville")
UPSERT = "upsert_chunks"


def _told(seed: str) -> str:
    """Hot names in an order of their own, so that no two writers meet them in the same."""
    names = random.Random(seed).sample(HOT, 4)
    return f"{names[0]} met {names[1]} and Mr {seed.title()} at {names[2]}. {names[3]} knew {names[0]}."


def _kept(number: int) -> Document:
    return Document(id=f"kept-{number}", title="Analytical Engine", text=_told(f"kept{number}"))


def _gone(number: int, hand: int) -> Document:
    return Document(id=f"gone-{number}", title="Nothing", text=_told(f"gone{number}by{hand}"))


def _chunks(name: str, numbers: Sequence[int], text: Callable[[int], str]) -> Document:
    chunks = [Chunk(id=f"{name}/{n}", document_id=name, text=text(n), position=n) for n in numbers]
    return Document(id=name, title="Royal Society", chunks=tuple(chunks))


def _torn(number: int, places: Sequence[int] = (0, 1, 2)) -> Document:
    return _chunks(f"torn-{number}", places, lambda place: _told(f"torn{number}at{place}"))


def _joined(number: int, hands: Sequence[int]) -> Document:
    return _chunks(f"joined-{number}", hands, lambda hand: _told(f"joined{number}by{hand}"))


def _own(hand: int, version: int) -> Document:
    size = 2 + (hand + version) % 3
    return _chunks(f"own-{hand}", range(size), lambda at: f"Version {version} of {size}. {_told(f'own{hand}at{at}')}")


def versions_seen(texts: Sequence[str]) -> set[tuple[int, int]]:
    """(version, number of chunks it has) of all chunks of one `own` document."""
    words = [text.replace(".", " ").split() for text in texts]
    return {(int(one[1]), int(one[3])) for one in words}


def final_documents() -> list[Document]:
    """What must be there in the end."""
    shared = [make for n in NUMBERS for make in (_kept(n), _torn(n, (0, 2)), _joined(n, EVERYBODY))]
    return [*shared, *(_own(hand, VERSIONS) for hand in EVERYBODY)]


def _work(index: LightRAGIndex, hand: int) -> None:
    rng = random.Random(hand)
    steps: list[Callable[[], object]] = [
        lambda: _write(index, [_kept(n) for n in rng.sample(NUMBERS, 2)]),
        lambda: _write(index, [_gone(n, hand) for n in rng.sample(NUMBERS, 2)]),
        lambda: _write(index, [_torn(n) for n in rng.sample(NUMBERS, 2)]),
        lambda: index.documents.delete([f"gone-{n}" for n in rng.sample(NUMBERS, 2)]),
        lambda: index.documents.delete_chunks([f"torn-{n}/1" for n in NUMBERS]),
        lambda: _write(index, [_joined(n, [hand]) for n in rng.sample(NUMBERS, 2)], on_existing=UPSERT),
    ]
    for version in range(1, VERSIONS):
        _write(index, [_own(hand, version)])
        for step in rng.sample(steps, 4):
            step()
        if hand % 4 == 0:
            index.compact()
    _write(index, [_own(hand, VERSIONS), *(_kept(n) for n in NUMBERS), *(_torn(n) for n in NUMBERS)])
    _write(index, [_joined(n, [hand]) for n in NUMBERS], on_existing=UPSERT)
    index.documents.delete([f"gone-{n}" for n in NUMBERS])
    index.documents.delete_chunks([f"torn-{n}/1" for n in NUMBERS])


def _write(index: LightRAGIndex, documents: Sequence[Document], **options: str) -> None:
    random.shuffle(order := [*documents])
    report = index.ingest(order, **options)
    report.raise_if_failed()


def use_hands(dsn: str, name: str, hands: Sequence[int]) -> None:
    """One thread and one handle for each hand."""

    def use(hand: int) -> None:
        with LightRAGIndex(name, database=dsn) as index:
            _work(index, hand)

    with ThreadPoolExecutor(len(hands)) as threads:
        for done in [threads.submit(use, hand) for hand in hands]:
            done.result()


if __name__ == "__main__":
    use_hands(sys.argv[1], sys.argv[2], [int(hand) for hand in sys.argv[3:]])
