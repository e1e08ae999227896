"""Any history under any filter: a summary is shown where it is made from exactly what is visible, or not at all.

`LIGHTRAG_TEST_SUMMARIES=100 pytest tests/properties/test_summaries.py` tries so many histories.
"""

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lightrag_integrations import LightRAGIndex
from tests.doubles.openai_server import OpenAIServer
from tests.integration.summaries.making import HUB, LIMIT, described, making, words_of
from tests.servers import PostgresServer

HISTORIES = int(os.environ.get("LIGHTRAG_TEST_SUMMARIES", "3"))
WORDS = [f"canary{number}" for number in range(7)]
FILTERS: tuple[dict[str, Any] | None, ...] = (None, {"t": 0}, {"t": {"$gte": 1}}, {"t": 1})

_ids, _places, _times = st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 2), st.integers(0, 2)
_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True)
_steps = st.one_of(
    st.tuples(st.just("put"), _ids, _words, _times, st.sampled_from([HUB, HUB, HUB.upper()])),
    st.tuples(st.just("put"), _ids, _words, _times, st.just(HUB)),
    st.tuples(st.just("delete"), _ids),
    st.tuples(st.just("delete_chunk"), _ids, _places),
    st.tuples(st.just("hand"), st.sampled_from(WORDS), _times),
    st.tuples(st.just("unhand")),
    st.tuples(st.just("summarise"), st.booleans()),
    st.tuples(st.just("summarise"), st.just(False)),
    st.tuples(st.just("compact")),
)


@dataclass
class Histories:
    """An index, and what its documents say of the hub."""

    index: LightRAGIndex
    server: OpenAIServer
    said: dict[str, dict[str, tuple[str, int, str]]] = field(default_factory=dict)
    """Document to chunk to (word, time, surface)."""

    def take(self, step: tuple[Any, ...]) -> None:
        getattr(self, step[0])(*step[1:])
        for where in FILTERS:
            self.check(where)

    def put(self, name: str, words: list[str], t: int, surface: str) -> None:
        self.index.ingest(described(name, *words, entity=surface, t=t)).raise_if_failed()
        self.said[name] = {f"{name}/{place}": (word, t, surface) for place, word in enumerate(words)}

    def delete(self, name: str) -> None:
        assert self.index.documents.delete([name]) == (self.said.pop(name, None) is not None)

    def delete_chunk(self, name: str, place: int) -> None:
        self.index.documents.delete_chunks([f"{name}/{place}"])
        self.said.get(name, {}).pop(f"{name}/{place}", None)
        self.said = {one: chunks for one, chunks in self.said.items() if chunks}

    def hand(self, word: str, t: int) -> None:
        self.index.graph.add([{"name": HUB, "description": f"{word} is told."}], metadata={"t": t})
        self.said[f"by hand {word} {t}"] = {"it": (word, t, HUB)}

    def unhand(self) -> None:
        self.index.graph.delete([HUB])
        self.said = {name: chunks for name, chunks in self.said.items() if not name.startswith("by hand")}

    def compact(self) -> None:
        self.index.compact()

    def summarise(self, fails: bool) -> None:
        if fails:
            self.server.fault("status", status=400)
        words = {word for word, _, _ in self.visible(None)}
        report = self.index.graph.summarise()
        before = self.server.calls.total()
        assert report.made + report.failed <= (len(words) >= LIMIT)
        if not fails:
            assert words_of(self.index.graph.entity(HUB))[0] == (len(words) >= LIMIT)
            self.index.graph.summarise()
            assert self.server.calls.total() == before
        self.server.clear()

    def visible(self, where: dict[str, Any] | None) -> list[tuple[str, int, str]]:
        told = [one for chunks in self.said.values() for one in chunks.values()]
        if where is None:
            return told
        wanted = where["t"]
        return [one for one in told if (one[1] >= 1 if isinstance(wanted, dict) else one[1] == wanted)]

    def check(self, where: dict[str, Any] | None) -> None:
        told = self.visible(where)
        words = sorted({word for word, _, _ in told})
        view = self.index.graph.entity(HUB, filter=where)
        made, shown = words_of(view)
        assert shown == words
        if view is not None and made:
            uses = Counter(surface for _, _, surface in told)
            name = min(uses, key=lambda surface: (-uses[surface], surface))
            assert view.description.startswith(f"{name} in summary:")
        if where != {"t": 1}:
            return
        found = self.index.retrieve("Hub canary", mode="local", k=3, context=True, filter=where)
        assert set(re.findall(r"canary\d", found.model_dump_json())) <= set(words)


@pytest.mark.timeout(max(300, 20 * HISTORIES))
def test_what_is_shown_is_what_is_visible(external_server: PostgresServer) -> None:
    seen: Counter[bool] = Counter()

    @settings(
        max_examples=HISTORIES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(_steps, min_size=8, max_size=14), st.booleans())
    def run(steps: list[tuple[Any, ...]], automatic: bool) -> None:
        with making(external_server.dsn, server) as make:
            histories = Histories(make(automatic=automatic), server)
            for step in [
                ("put", "a", WORDS[:2], 0, HUB),
                ("put", "b", WORDS[1:4], 1, HUB),
                *steps,
                ("summarise", False),
            ]:
                histories.take(step)
                seen[words_of(histories.index.graph.entity(HUB))[0]] += 1
            assert histories.index.verify() == []

    with OpenAIServer() as server:
        run()
    assert seen[True] and seen[False]
