"""Structured answers over every rung, through the real client."""

import pytest

from lightrag_integrations.calls.ladder import RungMemory, structured
from lightrag_integrations.errors import FormatUnsupported, ModelError
from lightrag_integrations.models import Extraction

NAMES = {"Ada Lovelace", "Charles Babbage", "London", "Analytical Engine"}


def formats_asked(models) -> list[str]:
    return [request.format for request in models.server.requests]


async def extract(models, prompt, rungs: RungMemory | None = None, **options):
    rungs = rungs or RungMemory()
    return await structured(models.chat(), prompt(), Extraction, rungs=rungs, **options)


@pytest.mark.parametrize(
    ("refused", "used"),
    [
        ([], "json_schema"),
        (["json_schema"], "json_object"),
        (["json_schema", "json_object"], "tool"),
        (["json_schema", "json_object", "tool"], "text"),
    ],
)
async def test_every_rung_gives_the_same(models, prompt, refused: list[str], used: str) -> None:
    for format in refused:
        models.server.fault("unsupported", format=format)
    rungs = RungMemory()
    for _ in range(2):
        extraction, reply = await extract(models, prompt, rungs)
        assert {entity.name for entity in extraction.entities} == NAMES
        assert extraction.relations
        assert reply.prompt_tokens > 0
    # The second call goes to the right rung at once.
    assert formats_asked(models) == [*refused, used, used]


async def test_the_schema_sent_is_strict(models, prompt) -> None:
    await extract(models, prompt)
    asked = models.server.requests[0].body["response_format"]["json_schema"]
    assert asked["strict"] is True
    record = asked["schema"]["properties"]["relations"]["items"]
    for node in (asked["schema"], record):
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
    assert "$ref" not in str(asked)
    assert "default" not in str(asked)


@pytest.mark.parametrize("rung", ["json_object", "text"])
async def test_weaker_rungs_tell_the_schema_and_leave_the_chunk_last(models, prompt, rung: str) -> None:
    await structured(models.chat(formats=(rung, "text")), prompt(), Extraction, rungs=RungMemory())
    messages = models.server.requests[0].body["messages"]
    assert '"relations"' in messages[0]["content"]
    assert "JSON schema" in messages[0]["content"]
    assert messages[-1]["content"].endswith("</text>")


@pytest.mark.parametrize("trouble", ["malformed", "truncated"])
async def test_spoiled_answers_are_salvaged_without_another_call(models, prompt, trouble: str) -> None:
    models.server.fault(trouble)
    extraction, reply = await extract(models, prompt)
    assert {entity.name for entity in extraction.entities} <= NAMES
    assert len(extraction.entities) >= 2
    assert reply.truncated == (trouble == "truncated")
    assert models.server.calls["extract"] == 1


@pytest.mark.parametrize("trouble", ["prose", "empty"])
async def test_useless_answers_are_asked_for_again(models, prompt, trouble: str) -> None:
    models.server.fault(trouble, first=1)
    extraction, reply = await extract(models, prompt)
    assert {entity.name for entity in extraction.entities} == NAMES
    assert reply.completion_tokens == models.server.completion_tokens
    first, second = (request.body["messages"] for request in models.server.requests)
    assert "could not be used" not in first[0]["content"]
    assert "could not be used" in second[0]["content"]


async def test_the_last_attempt_asks_in_words(models, prompt) -> None:
    models.server.fault("prose", first=2)
    await extract(models, prompt)
    assert formats_asked(models) == ["json_schema", "json_schema", "text"]


async def test_a_model_that_never_obeys_is_an_error(models, prompt) -> None:
    models.server.fault("prose")
    with pytest.raises(ModelError, match=r"no usable Extraction in 3 answers.*I am sorry") as caught:
        await extract(models, prompt)
    assert not caught.value.retryable
    assert models.server.calls["extract"] == 3


async def test_a_format_that_is_accepted_but_ignored_is_given_up(models, prompt) -> None:
    rungs = RungMemory()
    models.server.fault("prose", first=3)
    with pytest.raises(ModelError):
        await extract(models, prompt, rungs)
    models.server.requests.clear()
    models.server.fault("prose", first=1)
    await extract(models, prompt, rungs)
    await extract(models, prompt, rungs)
    assert formats_asked(models)[0] == "json_schema"
    assert formats_asked(models)[-1] == "json_object"


async def test_an_answer_without_a_single_record_gets_more_room(models, prompt) -> None:
    models.server.script("Ada Lovelace", '{"entities": [{"name": "Ada')
    models.server.fault("truncated", first=1)
    with pytest.raises(ModelError):
        await extract(models, prompt, max_tokens=100)
    assert [request.body["max_tokens"] for request in models.server.requests] == [100, 200, 200]


async def test_dropped_records_are_told(models, prompt) -> None:
    models.server.script(
        "Ada Lovelace", '{"entities": [{"name": "Ada"}, {"type": "x"}], "relations": [{"source": "Ada"}]}'
    )
    dropped: list[int] = []
    extraction, _ = await extract(models, prompt, on_dropped=dropped.append)
    assert [entity.name for entity in extraction.entities] == ["Ada"]
    assert dropped == [2]


async def test_an_endpoint_that_refuses_even_words_is_an_error(models, prompt) -> None:
    models.server.fault("status", status=400, message="tools and response_format are not supported")
    with pytest.raises(ModelError) as caught:
        await extract(models, prompt)
    assert not isinstance(caught.value, FormatUnsupported)
    assert formats_asked(models) == ["json_schema", "json_object", "tool", "text"]


async def test_rate_limits_inside_the_ladder_cost_no_rung(models, prompt) -> None:
    models.server.fault("status", status=429, first=2)
    await extract(models, prompt)
    assert formats_asked(models) == ["json_schema"] * 3
