"""One of many hands on one index, each with a framework of its own: what is left is the same in whatever order.

* `kept`: everybody of a framework writes the same text, nobody deletes it;
* `gone`: both frameworks write it, and everybody deletes it last;
* `joined`: every hand of LlamaIndex adds a node of its own to it;
* `own`: versions of one hand's, of several chunks, of which the last stands.

As a program: `hands.py DSN NAME HAND...`, one thread for each hand.
"""

import random
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from langchain_core.documents import Document as LangChainDocument
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

from lightrag_integrations import IndexOptions, IngestOptions, LightRAGIndex
from lightrag_integrations import langchain as lc
from lightrag_integrations import llama_index as li

__all__ = ["EVERYBODY", "SIZE", "VERSIONS", "handle", "told", "use_hands", "work"]

EVERYBODY = tuple(range(8))
"""Even hands use LangChain, odd ones LlamaIndex."""
NUMBERS = (0, 1)
VERSIONS = 2
SIZE = 3
"""Chunks of an `own` document."""


def handle(name: str, dsn: str) -> LightRAGIndex:
    """Chunks so small that an `own` document has several."""
    return LightRAGIndex(name, database=dsn, options=IndexOptions(ingest=IngestOptions(chunk_tokens=32)))


def told(what: str) -> str:
    """A text of about a chunk; all tell of the same names."""
    return f"Ada Lovelace of the Royal Society met Charles Babbage in London, says note {what} of the Harbour Company."


def work(index: LightRAGIndex, hand: int) -> None:
    """Everything that a hand does."""
    rng = random.Random(hand)
    step, own = (_langchain, _langchain_own) if hand % 2 == 0 else (_llama_index, _llama_index_own)
    for version in range(1, VERSIONS + 1):
        own(index, hand, version)
        for number in rng.sample(NUMBERS, len(NUMBERS)):
            step(index, hand, number)
    for number in NUMBERS:
        lc.LightRAGVectorStore(index=index).delete([f"gone-{number}"])
        li.LightRAGVectorStore(index=index).delete(f"gone-{number}")


def _langchain(index: LightRAGIndex, hand: int, number: int) -> None:
    store = lc.LightRAGVectorStore(index=index, build_graph=True)
    kept, gone = (LangChainDocument(told(f"{name}{number}"), id=f"{name}-{number}") for name in ("kept", "gone"))
    store.add_documents([kept, gone])
    store.delete([f"gone-{(number + hand) % len(NUMBERS)}"])


def _langchain_own(index: LightRAGIndex, hand: int, version: int) -> None:
    text = "\n\n".join(told(f"{hand}v{version}p{part}") for part in range(SIZE))
    made = LangChainDocument(text, id=f"own-{hand}", metadata={"hand": hand})
    lc.LightRAGIngestor(index=index).invoke([made]).raise_if_failed()


def _llama_index(index: LightRAGIndex, hand: int, number: int) -> None:
    store = li.LightRAGVectorStore(index=index)
    nodes = [
        _node(f"both-{number}", f"both-{number}/0", told(f"both{number}")),
        _node(f"gone-{number}", f"gone-{number}", told(f"gone{number}")),
        _node(f"joined-{number}", f"joined-{number}/{hand}", told(f"joined{number}by{hand}")),
    ]
    IngestionPipeline(transformations=[li.LightRAGTransform(index=index)], vector_store=store).run(nodes=nodes)
    store.delete(f"gone-{(number + hand) % len(NUMBERS)}")


def _llama_index_own(index: LightRAGIndex, hand: int, version: int) -> None:
    nodes = [
        _node(f"own-{hand}", f"own-{hand}/{part}", told(f"{hand}v{version}p{part}"), hand=hand) for part in range(SIZE)
    ]
    transform = li.LightRAGTransform(index=index)
    li.LightRAGVectorStore(index=index).add(transform(nodes))


def _node(document_id: str, node_id: str, text: str, **metadata: int) -> TextNode:
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document_id)}
    return TextNode(id_=node_id, text=text, metadata=metadata, relationships=source)


def use_hands(dsn: str, name: str, hands: Sequence[int]) -> None:
    """One thread and one handle for each hand."""

    def use(hand: int) -> None:
        with handle(name, dsn) as index:
            work(index, hand)

    with ThreadPoolExecutor(len(hands)) as threads:
        for done in [threads.submit(use, hand) for hand in hands]:
            done.result()


if __name__ == "__main__":
    use_hands(sys.argv[1], sys.argv[2], [int(hand) for hand in sys.argv[3:]])
