"""`evaluate` through a handle on a real index."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from lightrag_integrations import Document, EvaluationReport, InputError, QueryOptions, Setting
from tests.integration.handle.conftest import MakeIndex

QUESTIONS: list[dict[str, Any]] = [
    {"id": "one", "question": "Who designed the Analytical Engine?", "gold_ids": ["babbage"]},
    {"id": "chunk", "question": "What was never finished?", "gold_ids": ["engine#0"]},
    {"id": "lost", "question": "Who?", "gold_ids": ["nobody", "lovelace"]},
]


def outcome(report: EvaluationReport) -> Any:
    """All but the times."""
    return [
        (row.name, row.figures, row.differences, [(a.id, a.ranks, a.found) for a in row.answers])
        for row in report.results
    ]


async def test_all_modes_and_both_forms(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    index.ingest(documents)
    report = index.evaluate(QUESTIONS, ks=(1, 3))
    assert [row.name for row in report.results] == ["keyword", "vector", "local", "global", "hybrid", "graph", "mix"]
    assert report.unknown == {"lost": ("nobody",)}
    assert report.result("mix").figures["recall@3"].value == 1.0
    assert report.result("mix").answers[1].ranks == {"engine#0": 1}
    assert report.embedding == "hash"
    assert min(row.latency.p50_ms for row in report.results) > 0
    again = await index.aevaluate(QUESTIONS, ks=(1, 3), concurrency=3)
    assert outcome(again) == outcome(report), "the same bounds, too"


async def test_ranks_are_those_that_retrieve_gives(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()
    index.ingest(documents)
    hidden = QueryOptions(mode="mix", filter={"secret": {"$exists": True}})
    report = index.evaluate(
        QUESTIONS[:1], modes=["mix+rerank", "vector", Setting(name="hidden", options=hidden)], ks=[3]
    )
    for row, fields in zip(report.results, ({"mode": "mix", "rerank": True}, {"mode": "vector"}), strict=False):
        hits = index.retrieve(QUESTIONS[0]["question"], k=3, **fields).hits
        assert [found.chunk_id for found in row.answers[0].found] == [hit.chunk_id for hit in hits]
    assert report.result("hidden").figures["recall@3"].value == 0.0
    assert report.result("hidden").answers[0].found == ()


async def test_questions_may_be_made_with_the_handle_itself(make_index: MakeIndex, documents: list[Document]) -> None:
    index = make_index()

    def made() -> Iterator[dict[str, Any]]:
        index.ingest(documents)
        yield QUESTIONS[0]

    assert index.evaluate(made(), modes="mix", ks=[3]).result("mix").figures["recall@3"].value == 1.0
    report = await asyncio.wait_for(index.aevaluate(made(), modes="mix", ks=[3]), 60)
    assert report.result("mix").figures["recall@3"].value == 1.0


def test_a_document_of_several_chunks_counts_once(make_index: MakeIndex) -> None:
    index = make_index()
    long = " ".join(f"The lock number {n} of the canal is kept by warden {n}." for n in range(120))
    index.ingest([Document(id="canal", text=long), Document(id="other", text="A lock keeps a door.")])
    report = index.evaluate([{"question": "Who keeps lock number 7?", "gold_ids": ["canal", "other"]}], modes="keyword")
    (answered,) = report.results[0].answers
    assert [hit.document_id for hit in answered.found].count("canal") > 1
    assert report.results[0].figures["recall@8"].value == sum(rank is not None for rank in answered.ranks.values()) / 2


def test_progress_and_refusals(
    make_index: MakeIndex, documents: list[Document], capfd: pytest.CaptureFixture[str]
) -> None:
    index = make_index()
    with pytest.raises(InputError, match="lacks gold ids of every question"):
        index.evaluate(QUESTIONS)
    index.ingest(documents)
    index.evaluate(QUESTIONS, modes=("keyword", "mix"), show_progress=True)
    assert "4/4" in capfd.readouterr().err
    with pytest.raises(InputError, match="item 1: gold_ids"):
        asyncio.run(index.aevaluate([{"question": "?"}]))
