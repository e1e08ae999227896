"""Sub-questions: what is read of a model's answer, what is searched, and how rankings are added up."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from lightrag_integrations.calls.ladder import RungMemory
from lightrag_integrations.errors import ConfigurationError, ModelError
from lightrag_integrations.models import Document
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.protocols import ChatReply, Message, ReplyFormat
from lightrag_integrations.retrieve.decompose import Step, find_steps, texts_of
from lightrag_integrations.retrieve.fuse import fused
from lightrag_integrations.retrieve.ranking import Found, Ranking
from lightrag_integrations.retrieve.steps import rank_steps
from lightrag_integrations.retrieve.walk import rank_by_walk
from tests.unit.retrieve.making import question, reader

SPLIT = QueryOptions(decompose=True)
FILM = Document(id="film", title="Night Ferry", text="Night Ferry was directed by Ada Holm and shot in Larvik.")
HOLM = Document(id="holm", title="Ada Holm", text="Ada Holm was born in Tromso in 1931.")
CITY = Document(id="city", title="Tromso", text="Tromso is known for its arctic cathedral.")
OTHERS = tuple(Document(id=f"o{n}", title=f"Town {n}", text=f"Town {n} was known for its market.") for n in range(6))


class Answering:
    """A chat model that answers one thing and counts how often."""

    name = "answering"
    formats: tuple[ReplyFormat, ...] = ("text",)

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.calls = 0

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat = "text",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> ChatReply:
        self.calls += 1
        return ChatReply(self.answer)

    async def stream(self, messages: Sequence[Message], *, max_tokens: int | None = None) -> AsyncIterator[str]:
        yield self.answer

    async def aclose(self) -> None:
        """Nothing to give back."""


async def steps_of(answer: str) -> tuple[Step, ...]:
    chat = Answering(answer)
    found = await find_steps("q", SPLIT, chat, RungMemory())
    assert chat.calls == 1
    return found


async def test_references_go_to_earlier_steps_only() -> None:
    steps = await steps_of(
        '{"sub_questions": [{"question": "Who directed Night Ferry, #1 or #2?"}, '
        '{"question": "Where was #1 born?", "expected_answer": " Oslo "}, {"question": "#1 in #2: #7 #0 #123?"}]}'
    )
    assert [step.needs for step in steps] == [(), (0,), (0, 1)]
    assert steps[1].guess == "Oslo"
    assert steps[1].bare == "Where was born?"
    assert steps[2].filled({0: "Ada", 1: "Oslo"}) == "Ada in Oslo: #123?"


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ('{"sub_questions": []}', []),
        ('{"sub_questions": [{"question": "The question in other words?"}]}', []),
        ('{"sub_questions": [{"question": "#1"}, {"question": "Who?"}, {"question": "  "}]}', []),
        ('```json\n{"sub_questions": ["Who?", "Where is #1?"]}\n```', ["Who?", "Where is #1?"]),
        ('[{"question": "Who?"}, {"question": "Where is #1?"}]', ["Who?", "Where is #1?"]),
        ('{"sub_questions": [{"question": "Who?"}, {"question": "Where?"}, {"quest', ["Who?", "Where?"]),
    ],
)
async def test_answers_of_models(answer: str, texts: list[str]) -> None:
    assert [step.text for step in await steps_of(answer)] == texts


async def test_at_most_six() -> None:
    records = ", ".join(f'{{"question": "Question {n}?"}}' for n in range(9))
    assert len(await steps_of(f'{{"sub_questions": [{records}]}}')) == 6


async def test_off_without_a_model_and_with_a_useless_one() -> None:
    chat = Answering("I don't know.")
    assert await find_steps("q", QueryOptions(), chat, RungMemory()) == ()
    assert chat.calls == 0
    with pytest.raises(ConfigurationError, match="decompose=True needs a model"):
        await find_steps("q", SPLIT, None, RungMemory())
    with pytest.raises(ModelError, match="Decomposition"):
        await find_steps("q", SPLIT, chat, RungMemory())


def test_all_texts_are_known_before_the_search() -> None:
    steps = (Step("Who directed it?", "Ada"), Step("Where was #1 born?", "", (0,)), Step("#2 is where?", "", (1,)))
    assert texts_of(steps) == ["Who directed it?", "Where was born?", "Where was Ada born?", "is where?"]
    assert texts_of((Step("#1"), Step("Who?"))) == ["Who?"]


async def searched(*steps: Step) -> tuple[list[str], tuple[str, ...]]:
    """Documents in order, and the texts searched, for a question that names only the film."""
    store = reader(FILM, HOLM, CITY, *OTHERS)
    asked = question("What is the home of Night Ferry's director known for?")
    ranking, texts = await rank_steps(asked, steps, rank_by_walk, store, SPLIT)
    rows = await store.chunks(list(ranking.chunks))
    order = sorted(ranking.chunks, key=lambda chunk: -ranking.chunks[chunk].score)
    return [rows[chunk].document_id for chunk in order], texts


async def test_names_of_the_step_before_stand_for_its_answer() -> None:
    order, texts = await searched(
        Step("Who directed Night Ferry?"), Step("Where was #1 born?", "", (0,)), Step("What is #2 known for?", "", (1,))
    )
    assert "Ada Holm" in texts[1] and "Night Ferry" not in texts[1]
    assert "Tromso" in texts[2] and "Where" not in texts[2]
    assert set(order[:3]) == {"film", "holm", "city"}


@pytest.mark.parametrize(
    ("guess", "searched_for"),
    [("ada holm", "Where was ada holm born?"), ("Holm", "Where was Holm born?"), ("Colin Archer", "Ada Holm")],
)
async def test_a_guess_counts_where_the_documents_hold_it(guess: str, searched_for: str) -> None:
    _, texts = await searched(Step("Who directed Night Ferry?", guess), Step("Where was #1 born?", "", (0,)))
    assert searched_for in texts[1]
    assert "Archer" not in texts[1]


async def test_a_step_without_words_or_hits_is_left_out() -> None:
    order, texts = await searched(Step("Xyzzy?"), Step("#1", "", (0,)))
    assert texts == ("Xyzzy?",)
    assert "film" in order


def test_parts_add_up_and_agreement_wins() -> None:
    whole = Ranking({1: Found({"keyword": 0.3, "vector": 0.1}), 2: Found({"vector": 0.2})}, (7,), (70,), pinned=(2,))
    step = Ranking({2: Found({"name": 0.3}, entities=(9,)), 3: Found({"name": -0.5})}, (8, 7), (80,))
    ranking = fused([whole, step])
    assert {chunk: round(item.score, 4) for chunk, item in ranking.chunks.items()} == {1: 0.503, 2: 0.7044, 3: 0.0}
    for item in ranking.chunks.values():
        assert sum(item.parts.values()) == pytest.approx(item.score, abs=1e-9)
    assert set(ranking.chunks[2].parts) == {"vector", "step 1"}
    assert ranking.chunks[1].parts["keyword"] == pytest.approx(3 * ranking.chunks[1].parts["vector"])
    assert (ranking.entities, ranking.facts, ranking.pinned) == ((7, 8), (70, 80), (2,))
    assert (ranking.chunks[2].entities, ranking.trace) == ((9,), None)
