"""The bridge: along titles to chunks with the words that are still missing."""

import math

import pytest

from lightrag_integrations.models import Document
from lightrag_integrations.retrieve.bm25 import Bm25, read_bm25
from lightrag_integrations.retrieve.bridge import bridge, read_links
from tests.unit.retrieve.making import question, reader
from tests.unit.retrieve.memory import MemoryReader

TITLED = reader(
    Document(id="a", title="Fram", text="The Fram was designed by Colin Archer and sailed by Roald Amundsen."),
    Document(id="b", title="Colin Archer", text="Colin Archer was born at Larvik."),
    Document(id="c", title="Roald Amundsen", text="Roald Amundsen flew away."),
    Document(id="d", title="Larvik", text="Larvik is a town, and people are born there."),
)
UNTITLED = reader(
    Document(id="a", text="Fram was designed in a yard that belonged to Colin Archer."),
    Document(id="b", text="Norway saw Colin Archer born at a farm."),
    Document(id="c", text="Hobart is far away."),
)
ASKED = "Where was the designer of the Fram born?"


async def gains(
    where: MemoryReader, scores: dict[str, float], asked: str = ASKED, *, strength: float = 0.8
) -> dict[str, tuple[float, str]]:
    ids = {row.document_id: row.id for row in await where.all_chunks()}
    names = {number: name for name, number in ids.items()}
    given = question(asked)
    bm25 = await read_bm25(where, given.terms)
    scored = {ids[name]: score for name, score in scores.items()}
    links = await read_links(where, list(scored), strength=strength)
    found = bridge(given, links, bm25, scored, strength=strength)
    return {names[chunk]: (gain, names[source]) for chunk, (gain, source) in found.items()}


async def share(where: MemoryReader, missing: str, held: str) -> float:
    """Squared idf of the words held over that of the words missing."""
    bm25: Bm25 = await read_bm25(where, question(missing).terms)
    part: Bm25 = await read_bm25(where, question(held).terms)
    return math.fsum(idf**2 for idf in part.idf.values()) / math.fsum(idf**2 for idf in bm25.idf.values())


async def test_a_linked_chunk_gains_by_the_missing_words_it_holds() -> None:
    found = await gains(TITLED, {"a": 0.5})
    # Of the question's words that occur at all, the first chunk lacks only "born"; one linked chunk holds it.
    assert found == {"b": (pytest.approx(0.8 * 0.5), "a"), "c": (pytest.approx(0.8 * 0.5 * 0.2), "a")}


async def test_a_part_of_the_missing_words_counts_by_squared_idf() -> None:
    found = await gains(TITLED, {"a": 1.0}, "Was the Fram's designer born in a town?")
    held = await share(TITLED, "born a town", "born")
    assert found["b"][0] == pytest.approx(0.8 * (0.2 + 0.8 * held))


async def test_the_largest_gain_counts() -> None:
    assert (await gains(TITLED, {"a": 0.2, "b": 1.0}))["d"][1] == "b"
    assert (await gains(TITLED, {"a": 1.0, "b": 0.2}))["b"] == (pytest.approx(0.8), "a")


async def test_only_the_best_five_are_bridged_from() -> None:
    others = [Document(id=f"x{n}", title=f"Cape {n}", text=f"Nothing at all {n}.") for n in range(5)]
    told = [
        Document(id="a", title="Fram", text="The Fram was designed by Colin Archer."),
        Document(id="b", title="Colin Archer", text="Born at Larvik."),
    ]
    where = reader(*told, *others)
    assert "b" in await gains(where, {**{f"x{n}": 0.9 for n in range(4)}, "a": 0.1})
    assert "b" not in await gains(where, {**{f"x{n}": 0.9 for n in range(5)}, "a": 0.1})


async def test_untitled_chunks_are_linked_by_the_rarer_names_they_share() -> None:
    found = await gains(UNTITLED, {"a": 1.0})
    assert found["b"] == (pytest.approx(0.8 / math.sqrt(2)), "a")
    assert "c" not in found


async def test_gains_follow_the_strength() -> None:
    full, half = await gains(TITLED, {"a": 0.5}), await gains(TITLED, {"a": 0.5}, strength=0.4)
    assert {name: 2 * gain for name, (gain, _) in half.items()} == pytest.approx(
        {name: gain for name, (gain, _) in full.items()}
    )
    assert await gains(TITLED, {"a": 0.5}, strength=0) == {}


async def test_nothing_to_bridge_from() -> None:
    assert await gains(TITLED, {}) == {}
