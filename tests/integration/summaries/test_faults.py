"""Models that fail, budgets, and work beside summaries: no document fails for them, and the ledger is right."""

import threading

from lightrag_integrations import IngestOptions
from tests.doubles.openai_server import OpenAIServer
from tests.integration.models.conftest import ledger
from tests.integration.summaries.making import HUB, MakeIndex, described, words_of

NAMES = [f"Entity {letter}" for letter in "ABCDEFGHIJ"]


def test_a_summary_that_fails_fails_no_document(make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    index = make_index()
    openai_server.fault("status", status=500, match="Entity B")
    openai_server.fault("empty", match="Entity C")
    report = index.ingest([described(name, *"abcd", entity=name) for name in NAMES[:4]])
    assert (report.documents, report.failed, report.errors) == (4, 0, {})
    assert (report.summaries.made, report.summaries.failed, report.summaries.stopped) == (2, 2, "")
    assert sorted(report.summaries.errors) == ["Entity B", "Entity C"]
    assert [words_of(index.graph.entity(name))[0] for name in NAMES[:4]] == [True, False, False, True]
    openai_server.clear()
    assert index.graph.summarise().made == 2
    assert openai_server.calls == {"summarise": 2}


def test_spoiled_answers_are_asked_for_again_and_counted(make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    index = make_index(ingest=IngestOptions(attempts=3))
    for trouble in ("malformed", "truncated", "prose", "other_shape", "reset"):
        openai_server.fault(trouble, rate=0.25)
    report = index.ingest([described(name, *"abcd", entity=name) for name in NAMES])
    assert (report.documents, report.failed) == (10, 0)
    while index.graph.summarise().made:
        pass
    assert ledger(index)["summarise"] == (
        openai_server.answered["summarise"], openai_server.prompt_tokens, openai_server.completion_tokens,
    )  # fmt: skip
    shown = [words_of(index.graph.entity(name)) for name in NAMES]
    assert all(words == [*"abcd"] for made, words in shown)


def test_a_budget_stops_summaries_and_nothing_else(make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    budget = 1200
    index = make_index(ingest=IngestOptions(token_budget=budget), concurrency=1)
    report = index.ingest([described(name, *"abcd", entity=name) for name in NAMES])
    assert (report.documents, report.failed) == (10, 0)
    assert 0 < report.summaries.made < 10 and "over the token budget of 1200" in report.summaries.stopped
    spent = openai_server.prompt_tokens + openai_server.completion_tokens
    assert spent <= budget + openai_server.largest
    assert report.prompt_tokens + report.completion_tokens == spent
    left = 10 - report.summaries.made
    assert index.graph.estimate_summaries().entities == left
    assert index.graph.summarise().made == left
    assert openai_server.answered["summarise"] == 10


def test_writers_beside_summaries(make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    openai_server.latency_s = 0.01
    first = make_index()
    others = [make_index(first.name) for _ in range(2)]
    expected = sorted(f"w{hand}x{place}" for hand in range(3) for place in range(12))

    def write(hand: int) -> None:
        index = (first, *others)[hand]
        for place in range(12):
            index.ingest(described(f"d{hand}x{place}", f"w{hand}x{place}"))
            if place % 4 == 0:
                index.ingest(described(f"gone{hand}", "canary"))
                index.documents.delete([f"gone{hand}"])

    threads = [threading.Thread(target=write, args=(hand,)) for hand in range(3)]
    for thread in threads:
        thread.start()
    seen = 0
    while any(thread.is_alive() for thread in threads):
        made, words = words_of(first.graph.entity(HUB))
        # Each snapshot shows what it holds: a word of each document, in order, of each writer.
        known = [word for word in words if word != "canary"]
        for hand in range(3):
            own = [word for word in known if word.startswith(f"w{hand}x")]
            assert sorted(own) == sorted(f"w{hand}x{place}" for place in range(len(own)))
        seen += made
    for thread in threads:
        thread.join()
    first.graph.summarise()
    assert words_of(first.graph.entity(HUB)) == (True, expected)
    assert first.verify() == []
    first.compact()
    assert words_of(first.graph.entity(HUB)) == (True, expected)
    assert openai_server.max_in_flight <= 12
    assert ledger(first)["summarise"][0] == openai_server.answered["summarise"]
