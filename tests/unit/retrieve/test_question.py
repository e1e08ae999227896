"""Questions made ready: what is scrubbed, what is embedded."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightrag_integrations.errors import InputError
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.retrieve.question import Keywords, Question, prepare, scrub


class Counting:
    fingerprint = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def embed(self, texts: Sequence[str], *, kind: str) -> list[list[float]]:
        assert kind == "query"
        self.asked += texts
        return [[float(len(text))] for text in texts]


def prepared(keywords: Keywords | None = None, **options: object) -> tuple[Question, list[str]]:
    embedder = Counting()
    question = asyncio.run(prepare("who?", keywords or Keywords(), embedder, QueryOptions(**options)))
    return question, embedder.asked


@given(st.text())
def test_scrubbed_text_can_be_stored_and_sent(text: str) -> None:
    clean = scrub(text + "x\x00\ud800")
    assert "\x00" not in clean
    assert clean.encode().decode() == clean
    assert scrub(clean) == clean


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00"])
def test_an_empty_question_is_refused_unless_a_vector_stands_for_it(text: str) -> None:
    with pytest.raises(InputError, match="expected a question"):
        scrub(text)
    assert scrub(text, optional=True) == ""


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="got int; expected text"):
        scrub(3)  # type: ignore[arg-type]


def test_keyword_mode_embeds_nothing() -> None:
    question, asked = prepared(mode="keyword")
    assert (question.vector, asked) == (None, [])


def test_a_vector_of_the_caller_is_used_as_it_is() -> None:
    question, asked = prepared(query_embedding=(1.0, 2.0))
    assert (question.vector, asked) == ((1.0, 2.0), [])
    assert question.low_vector == question.high_vector == (1.0, 2.0)


def test_keywords_get_vectors_of_their_own() -> None:
    question, asked = prepared(Keywords(high=("themes", "kinds"), low=("Ada",)), mode="hybrid")
    assert asked == ["who?", "Ada", "themes, kinds"]
    assert (question.vector, question.low_vector, question.high_vector) == ([4.0], [3.0], [13.0])
    assert question.of_low().text == "Ada"
    assert question.of_high().terms.keys() != question.terms.keys()


def test_without_keywords_the_question_stands_for_both() -> None:
    question, asked = prepared(mode="hybrid")
    assert asked == ["who?"]
    assert question.low_vector == question.high_vector == question.vector == [4.0]
    assert question.of_low() is question.of_high() is question
