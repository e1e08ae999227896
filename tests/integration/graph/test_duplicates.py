"""Suggested duplicates: what is one name in several spellings is found, what only looks so is not."""

from lightrag_integrations import Document, LightRAGIndex, OpenAIEmbedder
from lightrag_integrations.graph.likeness import Name, candidates
from tests.doubles.openai_server import OpenAIServer
from tests.integration.handle.conftest import MakeIndex

NAMES = (
    "Ada Lovelace", "Lovelace, Ada", "Adá Lovelace", "A. Lovelace", "International Business Machines", "IBM",
    "Micro Soft", "Microsoft", "Charles Babbage", "Charles Babage", "Apollo 11", "Apollo 12", "Paris", "Vienna",
)  # fmt: skip
SAME = (
    {"Ada Lovelace", "Lovelace, Ada"}, {"Ada Lovelace", "Adá Lovelace"}, {"Ada Lovelace", "A. Lovelace"},
    {"International Business Machines", "IBM"}, {"Micro Soft", "Microsoft"}, {"Charles Babbage", "Charles Babage"},
)  # fmt: skip


def pairs(index: LightRAGIndex, **arguments: object) -> list[set[str]]:
    return [{one.first, one.second} for one in index.graph.duplicates(**arguments)]  # type: ignore[arg-type]


def test_spellings_of_one_name_are_found(make_index: MakeIndex) -> None:
    index = make_index()
    index.graph.add(entities=[{"name": name} for name in NAMES])
    index.graph.add(entities=[{"name": "Ada Lovelace", "description": "again"}])
    before = index.dump()
    found = pairs(index)
    assert all(pair in found for pair in SAME)
    assert {"Apollo 11", "Apollo 12"} not in found and {"Paris", "Vienna"} not in found
    assert pairs(index, limit=2) == found[:2]
    scores = [one.score for one in index.graph.duplicates(min_score=0)]
    assert scores == sorted(scores, reverse=True)
    best = index.graph.duplicates(limit=1)[0]
    assert (best.score, best.name_score, best.meaning, best.reasons) == (0.98, 0.98, None, ("the same letters",))
    assert index.dump() == before


def test_vectors_add_pairs_and_hidden_entities_are_left_out(make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    index = make_index(embed_model=OpenAIEmbedder("e", base_url=openai_server.base_url, api_key="k"))
    index.graph.add(entities=[{"name": "Ada Lovelace"}, {"name": "Vienna"}], metadata={"tenant": "a"})
    index.graph.add(entities=[{"name": "Lovelace Ada"}], metadata={"tenant": "b"})
    (found,) = index.graph.duplicates()
    assert found.meaning is not None and found.meaning > 0.99
    assert found.score > found.name_score and "near in meaning" in found.reasons
    assert pairs(index, filter={"tenant": "a"}, min_score=0.9) == []


def test_documents_are_looked_at_too(make_index: MakeIndex) -> None:
    index = make_index()
    index.ingest([Document(id="d", text="Charles Babbage met Ada. Later Charles Babage wrote to Ada.")])
    assert {"Charles Babbage", "Charles Babage"} in pairs(index)


def test_the_work_grows_with_the_number_of_names() -> None:
    def looked_at(count: int) -> int:
        names = [Name(n, f"john {n:05} of the common name", "", "", 1) for n in range(count)]
        return len(candidates(names))

    assert looked_at(4000) < 2.2 * looked_at(2000)
