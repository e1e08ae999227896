"""The whole evaluation over an index in memory whose answers are known."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from lightrag_integrations import EvaluationReport, Hit, InputError, ModelError, QueryOptions, RetrievalResult, Setting
from lightrag_integrations.evaluate.questions import read_questions
from lightrag_integrations.evaluate.run import Kind, Ports, run_evaluation
from lightrag_integrations.evaluate.settings import plan_of, settings_of

QUESTIONS = [
    {"id": "easy", "question": "a", "gold_ids": ["a"]},
    {"id": "two", "question": "b", "gold_ids": ["b", "c#1"]},
    {"id": "foreign", "question": "c", "gold_ids": ["c", "nowhere"]},
]
RANKED = {
    ("keyword", "a"): ("a#0", "a#1", "b#0"),
    ("keyword", "b"): ("a#0", "c#0", "b#0"),
    ("mix", "a"): ("b#0", "a#1", "a#0"),
    ("mix", "b"): ("b#0", "b#1", "c#1"),
}


class Small:
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, QueryOptions]] = []
        self.embedded: list[str] = []
        self.steps: list[tuple[int, int]] = []
        self.at_once = self.most_at_once = 0

    async def ask(self, query: str, options: QueryOptions) -> RetrievalResult:
        self.asked.append((query, options))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        ids = RANKED[options.mode, query][: options.k]
        hits = tuple(Hit(chunk_id=chunk, document_id=chunk[0], text="", score=1.0) for chunk in ids)
        return RetrievalResult(query=query, mode=options.mode, hits=hits)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.embedded += texts
        return [[float(len(text))] for text in texts]

    async def kinds(self, ids: Sequence[str]) -> dict[str, Kind]:
        return {name: "chunk" if "#" in name else "document" for name in ids if name != "nowhere"}

    async def compute(self, make: Callable[[], Any]) -> Any:
        return make()

    async def evaluate(self, questions: Any = QUESTIONS, **fields: Any) -> EvaluationReport:
        plan = plan_of({"modes": ["keyword", "mix"], "ks": [1, 3], "resamples": 200, **fields})
        ports = Ports(
            index="small", embedding="numbers", ask=self.ask, embed=self.embed, kinds=self.kinds, compute=self.compute,
            on_step=lambda done, of_all: self.steps.append((done, of_all)),
        )  # fmt: skip
        settings = settings_of(plan.modes, plan.options or QueryOptions())
        return await run_evaluation(read_questions(questions, limit=plan.limit), settings, plan, ports)


async def test_figures_ranks_and_differences() -> None:
    report = await Small().evaluate()
    keyword, mix = report.results
    assert [answered.ranks for answered in keyword.answers] == [{"a": 1}, {"b": 3, "c#1": None}]
    assert [answered.ranks for answered in mix.answers] == [{"a": 2}, {"b": 1, "c#1": 3}], "a chunk is not its document"
    assert {name: figure.value for name, figure in mix.figures.items()} == {
        "recall@1": 0.25, "recall@3": 1.0, "all@1": 0.0, "all@3": 1.0, "hit@1": 0.5, "MRR": 0.75, "nDCG@1": 0.5,
        "nDCG@3": pytest.approx((0.63093 + 1.5 / 1.63093) / 2, abs=1e-5),
    }  # fmt: skip
    apart = keyword.differences["recall@3"]
    assert (apart.value, apart.better, apart.worse) == (-0.25, 0, 1)
    assert apart.low == -0.5
    assert apart.high == 0.0
    assert (report.baseline, mix.differences) == ("mix", {})
    assert report.best is keyword, "the first k decides"
    assert [answered.id for answered in report.misses()] == ["two"]
    assert report.misses("mix") == ()
    assert keyword.answers[1].missing == ("c#1",)
    with pytest.raises(InputError, match="expected one of keyword, mix"):
        report.result("graph")


async def test_unknown_gold_is_told_and_not_scored() -> None:
    report = await Small().evaluate()
    assert report.unknown == {"foreign": ("nowhere",)}
    assert [asked.id for asked in report.questions] == ["easy", "two"]
    assert "LEFT OUT: 1 of 3 questions" in report.to_text()
    assert "foreign: nowhere" in report.to_text()
    with pytest.raises(InputError, match=r"lacks gold ids of every question \(nowhere"):
        await Small().evaluate(QUESTIONS[2:])


async def test_how_it_asks() -> None:
    small = Small()
    report = await small.evaluate(limit=2, options=QueryOptions(k=50, filter={"x": 1}))
    assert small.embedded == ["a", "b"], "once, before the clock runs"
    warm, timed = small.asked[:2], small.asked[2:]
    assert [(query, options.mode) for query, options in warm] == [("a", "keyword"), ("a", "mix")]
    assert [(query, options.mode) for query, options in timed] == [
        ("a", "keyword"), ("a", "mix"), ("b", "mix"), ("b", "keyword"),
    ], "taking turns at going first"  # fmt: skip
    assert {(options.k, options.query_embedding, str(options.filter)) for _, options in small.asked} == {
        (3, (1.0,), "{'x': 1}")
    }
    assert small.steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert report.embedding_ms is not None
    assert small.most_at_once == 1
    assert report.results[0].options == {"mode": "keyword", "filter": {"x": 1}}


async def test_questions_at_a_time_change_no_figure() -> None:
    one, several = Small(), Small()
    alone, together = await one.evaluate(), await several.evaluate(concurrency=2)
    assert several.most_at_once == 2
    assert [row.figures for row in alone.results] == [row.figures for row in together.results]
    assert [[a.ranks for a in row.answers] for row in alone.results] == [
        [a.ranks for a in row.answers] for row in together.results
    ]


async def test_keyword_alone_embeds_nothing() -> None:
    small = Small()
    report = await small.evaluate(modes="keyword")
    assert (small.embedded, report.embedding_ms, report.baseline) == ([], None, "keyword")
    assert "no setting embeds" in report.to_text()
    assert "Difference" not in report.to_text()


async def test_settings_of_ones_own_and_json() -> None:
    mine = Setting(name="mine", options=QueryOptions(mode="mix", explain=True))
    report = await Small().evaluate(modes=[mine, "keyword+rerank"], baseline="mine")
    assert [row.options for row in report.results] == [
        {"mode": "mix", "explain": True}, {"mode": "keyword", "rerank": True},
    ]  # fmt: skip
    assert EvaluationReport.model_validate_json(report.to_json()) == report
    assert "Difference to 'mine'" in report.to_text()
    assert max(map(len, report.to_text().splitlines())) <= 120


async def test_a_failure_ends_all_and_comes_out_as_it_is() -> None:
    class Failing(Small):
        async def ask(self, query: str, options: QueryOptions) -> RetrievalResult:
            if len(self.asked) > 2:
                raise ModelError("no")
            return await super().ask(query, options)

    failing = Failing()
    with pytest.raises(ModelError, match="no"):
        await failing.evaluate(concurrency=2)
    asked = len(failing.asked)
    await asyncio.sleep(0.01)
    assert len(failing.asked) == asked


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"modes": ["bypass"]}, "'bypass', which finds nothing"),
        ({"modes": ["mix+rank"]}, r"'mix\+rank', which is no mode; expected any of keyword"),
        ({"modes": []}, "got none"),
        ({"modes": ["mix", "mix"]}, "each name once"),
        ({"ks": []}, "ks: got"),
        ({"ks": [0]}, "each k is a whole number above 0"),
        ({"baseline": "graph"}, "baseline: got 'graph'; expected one of what is compared: keyword, mix"),
        ({"resamples": 1}, "resamples: got 1"),
        ({"concurrency": 0}, "concurrency: got 0"),
        ({"mode": "mix"}, "unknown field 'mode'; expected one of modes, ks"),
    ],
)
async def test_wrong_fields(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        await Small().evaluate(**fields)


def test_bypass_is_refused_in_settings_too() -> None:
    with pytest.raises(ValueError, match="nothing to measure"):
        Setting(name="none", options=QueryOptions(mode="bypass"))
