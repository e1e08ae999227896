"""Summaries are made past a limit, shown exactly where they fit, and never paid twice."""

import json

import pytest

from lightrag_integrations import ConfigurationError, IndexOptions, LightRAGIndex, OpenAIChatModel, SummaryOptions
from lightrag_integrations.options import TaskModels
from tests.doubles.openai_server import OpenAIServer
from tests.integration.models.conftest import ledger
from tests.integration.summaries.making import HUB, MakeIndex, described, words_of


def test_made_past_the_limit_and_not_below(make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    index = make_index()
    report = index.ingest([described("a", "one", "two"), described("b", "three", "one")])
    assert openai_server.calls.total() == 0
    assert report.summaries is not None and report.summaries.made == 0
    assert words_of(index.graph.entity(HUB)) == (False, ["one", "three", "two"])
    report = index.ingest(described("c", "four"))
    assert openai_server.calls == {"summarise": 1}
    assert (report.documents, report.model_calls, report.summaries.made) == (1, 1, 1)
    assert report.prompt_tokens == report.summaries.prompt_tokens == openai_server.prompt_tokens > 0
    assert words_of(index.graph.entity(HUB)) == (True, ["four", "one", "three", "two"])
    # Unchanged, told again by a document that says nothing new, and asked for once more.
    index.ingest([described("a", "one", "two"), described("b", "three", "one"), described("c", "four")])
    index.ingest(described("d", "two"))
    assert index.graph.summarise() == type(index.graph.summarise())()
    assert openai_server.calls == {"summarise": 1}
    assert ledger(index) == {"summarise": (1, openai_server.prompt_tokens, openai_server.completion_tokens)}
    assert index.verify() == []


def test_shown_wherever_the_entity_is(make_index: MakeIndex) -> None:
    index = make_index()
    index.ingest(described("a", "one", "two", "three", "four"))
    found = index.retrieve("What is the Hub?", mode="local", context=True, explain=True)
    (hub,) = (entity for entity in found.context.entities if entity.name == HUB)
    assert words_of(hub) == (True, ["four", "one", "three", "two"])
    assert "in summary: four is told." in found.context.text
    exported = json.loads(index.graph.export().text)
    assert [one["summarised"] for one in exported["entities"] if one["name"] == HUB] == [True]
    for form in ("graphml", "csv"):
        assert "in summary: four is told." in index.graph.export(format=form).text
    (hub,) = (entity for entity in index.graph.subgraph([HUB]).entities if entity.name == HUB)
    assert hub.summarised
    # What was exported is what the chunks tell, not what a model made of it.
    index.graph.load(exported)
    copy = make_index()
    copy.graph.load(exported)
    assert copy.dump() == index.dump() and "in summary" not in index.dump()


def test_a_change_shows_it_no_more_and_going_back_shows_it_again(
    make_index: MakeIndex, openai_server: OpenAIServer
) -> None:
    index = make_index(automatic=False)
    index.ingest(described("a", "one", "two", "three", "four"))
    assert index.graph.summarise([HUB]).made == 1
    index.ingest(described("b", "five"))
    assert words_of(index.graph.entity(HUB)) == (False, ["five", "four", "one", "three", "two"])
    index.documents.delete(["b"])
    assert words_of(index.graph.entity(HUB))[0]
    index.documents.delete_chunks(["a/0"])
    assert words_of(index.graph.entity(HUB)) == (False, ["four", "three", "two"])
    assert "one" not in index.graph.export().text
    index.compact()
    index.ingest(described("a", "one", "two", "three", "four"))
    assert not words_of(index.graph.entity(HUB))[0]  # swept: it was stale
    assert openai_server.calls == {"summarise": 1}
    index.graph.add([{"name": HUB, "description": "hand is told."}])
    assert index.graph.summarise().made == 1
    assert words_of(index.graph.entity(HUB)) == (True, ["four", "hand", "one", "three", "two"])
    index.graph.delete([HUB])
    assert words_of(index.graph.entity(HUB)) == (False, ["four", "one", "three", "two"])
    assert index.verify() == []


def test_only_through_filters_that_hide_nothing_of_it(make_index: MakeIndex) -> None:
    index = make_index()
    index.ingest(
        [described("a", "one", "two", t=1), described("b", "three", "four", t=1), described("c", "canary", t=2)]
    )
    assert words_of(index.graph.entity(HUB)) == (True, ["canary", "four", "one", "three", "two"])
    assert words_of(index.graph.entity(HUB, filter={"t": 1})) == (False, ["four", "one", "three", "two"])
    assert words_of(index.graph.entity(HUB, filter={"t": {"$gte": 1}}))[0]
    assert "canary" not in index.graph.export(filter={"t": 1}).text
    index.documents.delete(["c"])
    index.graph.summarise()
    assert words_of(index.graph.entity(HUB, filter={"t": 1}))[0]
    for place in range(9):
        index.ingest(described(f"n{place}", "one", entity="HUB", t=3))
    assert words_of(index.graph.entity(HUB)) == (True, ["four", "one", "three", "two"])
    assert index.graph.entity(HUB).description.startswith("HUB")
    # What was made before they came says nothing of them, and is right for who does not see them.
    assert index.graph.entity(HUB, filter={"t": 1}).description.startswith("Hub in summary")
    index.compact()
    assert words_of(index.graph.entity(HUB, filter={"t": 1})) == (False, ["four", "one", "three", "two"])
    assert words_of(index.graph.entity(HUB))[0]


def test_merged_hidden_and_said_otherwise(make_index: MakeIndex) -> None:
    index = make_index(automatic=False)
    index.ingest([described("a", *"pqrs"), described("b", *"tuvw", *"xyz", entity="Nave")])
    assert index.graph.summarise().made == 2
    before = index.graph.export().text
    index.graph.merge("Nave", into=HUB)
    assert words_of(index.graph.entity(HUB)) == (False, [*"pqrstuvwxyz"])
    assert index.graph.summarise().made == 1
    hub = index.graph.entity("Nave")
    assert hub is not None and hub.description.startswith("Hub in summary") and hub.aliases == ("Nave",)
    assert words_of(hub) == (True, [*"pqrstuvwxyz"])
    index.graph.unmerge(["Nave"])
    assert index.graph.export().text == before
    assert [words_of(index.graph.entity(name)) for name in (HUB, "Nave")] == [(True, [*"pqrs"]), (True, [*"tuvwxyz"])]
    index.graph.override("Nave", description="Said otherwise.")
    assert index.graph.entity("Nave").description == "Said otherwise."
    index.graph.override("Nave", description="By hand, at length. " * 500)
    assert (index.graph.estimate_summaries().entities, index.graph.summarise().made) == (0, 0)
    assert index.graph.entity("Nave").description == "By hand, at length. " * 500
    index.graph.hide(["Nave"])
    assert index.graph.entity("Nave") is None and "Nave in summary" not in index.graph.export().text
    assert index.verify() == []


def test_long_descriptions_and_many_are_summarised_in_parts(make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    index = make_index(automatic=False, descriptions=1000, description_tokens=300, context_tokens=200, length_tokens=20)
    index.ingest(described("a", *(f"w{n}" for n in range(300))))
    before = index.graph.estimate_summaries()
    report = index.graph.summarise()
    assert report.made == before.entities == 1
    assert report.model_calls == openai_server.calls["summarise"] > 4
    assert before.model_calls <= report.model_calls
    largest = max(openai_server.count(one.said) for one in openai_server.requests)
    assert largest < 200 * 1.5 + openai_server.count(openai_server.requests[0].body["messages"][0]["content"])
    shown = words_of(index.graph.entity(HUB))
    assert shown[0] and set(shown[1]) <= {f"w{n}" for n in range(300)}
    assert (index.graph.estimate_summaries().entities, index.graph.summarise().made) == (0, 0)
    index.ingest(described("b", "word " * 3000, entity="Long"))
    assert index.graph.summarise(["Long"]).made == 1


def test_an_estimate_is_what_one_call_each_costs(make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    index = make_index(automatic=False)
    index.ingest([described(name, "one", "two", "three", "four", entity=name) for name in ("A", "B", "C")])
    before = index.graph.estimate_summaries()
    report = index.graph.summarise()
    assert (before.entities, before.model_calls) == (report.made, report.model_calls) == (3, 3)
    assert before.max_completion_tokens == 3 * 2048
    assert 0.7 < before.prompt_tokens / report.prompt_tokens < 1.3
    assert (report.prompt_tokens, report.completion_tokens) == (
        openai_server.prompt_tokens, openai_server.completion_tokens,
    )  # fmt: skip


def test_a_model_of_its_own_or_none(dsn: str, openai_server: OpenAIServer) -> None:
    with pytest.raises(ConfigurationError, match="automatic=True"):
        LightRAGIndex("none", database=dsn, options=IndexOptions(summaries=SummaryOptions(automatic=True)))
    own = OpenAIChatModel("writer", base_url=openai_server.base_url, api_key="k")
    with (
        LightRAGIndex("bare", database=dsn) as bare,
        LightRAGIndex("bare", database=dsn, options=IndexOptions(models=TaskModels(summarise=own))) as index,
    ):
        bare.ingest(described("a", *"abcdefgh"))
        with pytest.raises(ConfigurationError, match="need a model"):
            bare.graph.summarise()
        assert index.graph.summarise().made == 1
        assert openai_server.requests[0].body["model"] == "writer"
        assert bare.graph.entity(HUB).summarised
        bare.drop()


def test_an_answer_is_no_longer_than_asked_for(make_index: MakeIndex, openai_server: OpenAIServer) -> None:
    index = make_index(automatic=False, max_completion_tokens=64)
    index.ingest(described("a", *(f"word{n}" for n in range(200))))  # the double repeats all of it
    assert index.graph.summarise().made == 1
    hub = index.graph.entity(HUB)
    assert hub is not None and hub.summarised and 20 < openai_server.count(hub.description) <= 64
