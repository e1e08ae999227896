import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, Field

from lightrag_integrations.calls.parse import parse_json, read, salvage, whole_records
from lightrag_integrations.models import Extraction

ANSWER = {
    "entities": [
        {"name": "Ada Lovelace", "type": "person", "description": 'She said "hello" {once} [1].'},
        {"name": "London", "type": "location", "description": "A city."},
    ],
    "relations": [
        {"source": "Ada Lovelace", "target": "London", "keywords": ["lived in"], "description": "Ada lived there."},
    ],
}
TEXT = json.dumps(ANSWER)


class Ranking(BaseModel):
    ranking: list[int]


class Keywords(BaseModel):
    high: list[str] = []
    low: list[str] = Field(default=[], validation_alias=AliasChoices("low_level", "low_keywords"))


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"```json\n{TEXT}\n```",
        f"Sure! Here it is:\n\n```\n{TEXT}\n```\nAnything else?",
        f"Here you are: {TEXT} I hope this helps [really].",
        f"<think>The user wants {{entities}} as JSON.</think>\n{TEXT}",
        TEXT.replace("}]", "},]"),
        TEXT.replace('"', "'").replace("'hello'", "hello"),
        TEXT[:-1],
    ],
    ids=["plain", "fence", "fence in prose", "prose", "thoughts", "trailing comma", "single quotes", "no last brace"],
)
def test_json_is_found_and_mended(text: str) -> None:
    extraction, dropped = read(Extraction, text)
    assert [entity.name for entity in extraction.entities] == ["Ada Lovelace", "London"]
    assert [relation.target for relation in extraction.relations] == ["London"]
    assert dropped == 0


@pytest.mark.parametrize("text", ["", "   ", "I am sorry, I cannot do that.", "<think>hm {", "null", "42"])
def test_no_json_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="expected JSON"):
        parse_json(text)


@given(st.integers(0, len(TEXT)))
def test_a_cut_answer_gives_whole_records_only(length: int) -> None:
    try:
        extraction, _ = read(Extraction, TEXT[:length], truncated=True)
    except ValueError:
        assert length < TEXT.index('"name": "London"'), "one whole record is enough"
        return
    given_records = [*ANSWER["entities"], *ANSWER["relations"]]
    for record in (*extraction.entities, *extraction.relations):
        assert record.model_dump(exclude={"weight"}) in given_records


@given(st.integers(TEXT.index('"name": "London"'), len(TEXT)))
def test_a_cut_that_nobody_tells_of_is_seen_too(length: int) -> None:
    told, _ = read(Extraction, TEXT[:length], truncated=True)
    assert read(Extraction, TEXT[:length]) == (told, 0)


ANYTHING = st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
GOOD = st.text().flatmap(lambda name: st.sampled_from([name, {"name": name}, {"Name": name, "type": [1]}]))
BAD = st.none() | st.integers() | st.lists(st.text()) | st.sampled_from([{}, {"title": "x"}, {"name": None}])


@given(ANYTHING)
def test_salvage_keeps_or_counts_every_record_and_never_fails_otherwise(data: object) -> None:
    extraction, dropped = salvage(Extraction, {"entities": [data, "kept"]})
    assert extraction.entities[-1].name == "kept"
    assert len(extraction.entities) + dropped == 2
    try:
        salvage(Extraction, data)
    except ValueError as error:
        assert "expected" in str(error) or "valid" in str(error)


@given(st.lists(st.tuples(st.just(True), GOOD) | st.tuples(st.just(False), BAD), min_size=1))
def test_salvage_counts_what_it_leaves_out(records: list[tuple[bool, object]]) -> None:
    kept = [record for good, record in records if good]
    given_records = [record for _, record in records]
    if not kept:
        with pytest.raises(ValueError, match=f"none of {len(records)} records is valid"):
            salvage(Extraction, {"entities": given_records})
        return
    extraction, dropped = salvage(Extraction, {"entities": given_records})
    names = [record if isinstance(record, str) else record.get("name", record.get("Name")) for record in kept]
    assert [entity.name for entity in extraction.entities] == names
    assert dropped == len(records) - len(kept)


@given(st.text(alphabet='{}[]",:\\ab1 \n`<think>', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_json(text)
    except ValueError as error:
        assert "expected JSON" in str(error)


def test_deep_nesting_is_refused_not_fatal() -> None:
    with pytest.raises(ValueError, match=r"expected"):
        read(Extraction, '{"entities":' + "[" * 100_000)


def test_one_bad_record_is_dropped_alone() -> None:
    data = {"entities": [{"name": "A"}, {"type": "no name"}, 7, {"name": ["x"]}, {"name": "B"}], "relations": []}
    extraction, dropped = salvage(Extraction, data)
    assert [entity.name for entity in extraction.entities] == ["A", "B"]
    assert dropped == 3


def test_a_bad_optional_field_does_not_cost_the_record() -> None:
    data = {"relations": [{"source": "A", "target": "B", "weight": "strong", "description": None, "extra": 1}]}
    extraction, dropped = salvage(Extraction, data)
    assert (extraction.relations[0].weight, extraction.relations[0].description, dropped) == (1.0, "", 0)


def test_numbers_and_bare_names_become_text() -> None:
    extraction, _ = salvage(Extraction, {"entities": ["Ada", {"name": 1984}]})
    assert [entity.name for entity in extraction.entities] == ["Ada", "1984"]


@pytest.mark.parametrize(
    "data",
    [
        {"result": ANSWER},
        [ANSWER],
        {"Entities": ANSWER["entities"], "RELATIONS": ANSWER["relations"]},
    ],
    ids=["wrapped", "in a list", "other case"],
)
def test_unusual_shapes(data: object) -> None:
    extraction, _ = salvage(Extraction, data)
    assert (len(extraction.entities), len(extraction.relations)) == (2, 1)


@pytest.mark.parametrize("data", [{}, {"answer": "no"}, [], {"entities": [{"label": "A"}]}, {"entities": [[]]}])
def test_nothing_usable_is_an_error(data: object) -> None:
    with pytest.raises(ValueError, match=r"expected|valid"):
        salvage(Extraction, data)


def test_empty_lists_are_an_answer() -> None:
    assert salvage(Extraction, {"entities": [], "relations": []}) == (Extraction(), 0)


def test_lists_of_plain_values() -> None:
    assert salvage(Ranking, {"ranking": [2, "1", "x", None]}) == (Ranking(ranking=[2, 1]), 2)
    assert salvage(Ranking, [3, 1]) == (Ranking(ranking=[3, 1]), 0)
    with pytest.raises(ValueError, match="ranking"):
        salvage(Ranking, {"order": [1]})


@pytest.mark.parametrize(
    "text", ["[2] > [3] > [1]", "[2, 3, 1]", "The order is [2], [3], [1].", '{ranking": [2, 3, 1]\n\nThat is it! {']
)
def test_rankings_as_models_write_them(text: str) -> None:
    assert read(Ranking, text) == (Ranking(ranking=[2, 3, 1]), 0)


def test_aliases_and_comma_lists() -> None:
    parsed, _ = salvage(Keywords, {"high": "art, music", "low_keywords": ["Bach"]})
    assert (parsed.high, parsed.low) == (["art", "music"], ["Bach"])


def test_whole_records_of_nested_lists() -> None:
    body = '{"a": [{"x": [1, 2], "y": {"z": "}]"}}, {"x": [3'
    assert json.loads(whole_records(body)[0]) == {"a": [{"x": [1, 2], "y": {"z": "}]"}}]}
    assert json.loads(whole_records('{"ranking": [3, 12, 1')[0]) == {"ranking": [3, 12]}
    assert whole_records('{"entities": [], "relations": [{"source": "A", "keywords": ["a", "b"') == ("", True)
    assert whole_records("no json") == ("", False)


def test_a_quote_too_few_does_not_cost_the_records_behind_it() -> None:
    spoiled = TEXT.replace('"type": "person', '"type": person', 1)
    extraction, _ = read(Extraction, spoiled)
    assert "London" in {entity.name for entity in extraction.entities}
