from collections.abc import Mapping, Sequence
from typing import Any

from lightrag_integrations.calls.ladder import RungMemory, structured
from lightrag_integrations.models import Extraction
from lightrag_integrations.protocols import ChatReply, Message, ReplyFormat

FORMATS: tuple[ReplyFormat, ...] = ("json_schema", "json_object", "text")


class Scripted:
    """Answers from a list; remembers how it was asked."""

    def __init__(self, *answers: str, formats: tuple[ReplyFormat, ...] = FORMATS, name: str = "m") -> None:
        self.name = name
        self.formats = formats
        self.answers = list(answers)
        self.asked: list[tuple[ReplyFormat, Sequence[Message]]] = []

    async def chat(
        self,
        messages: Sequence[Message],
        *,
        format: ReplyFormat = "text",
        schema: Mapping[str, Any] | None = None,
        max_tokens: int | None = None,
    ) -> ChatReply:
        self.asked.append((format, messages))
        return ChatReply(self.answers.pop(0), 10, 1)

    def stream(self, messages: Sequence[Message], *, max_tokens: int | None = None) -> Any:
        raise NotImplementedError

    async def aclose(self) -> None:
        pass


def test_a_fresh_memory_tries_everything() -> None:
    assert RungMemory().formats(Scripted()) == FORMATS


def test_refusals_are_remembered_by_model_and_format() -> None:
    rungs = RungMemory()
    rungs.refuse(Scripted(), "json_schema")
    assert rungs.formats(Scripted()) == ("json_object", "text")
    assert rungs.formats(Scripted(name="other")) == FORMATS


def test_words_are_never_given_up() -> None:
    rungs = RungMemory()
    for format in FORMATS:
        for _ in range(10):
            rungs.judge(Scripted(), format, usable=False)
    assert rungs.formats(Scripted()) == ("text",)


def test_a_format_that_once_worked_is_kept() -> None:
    rungs = RungMemory()
    rungs.judge(Scripted(), "json_schema", usable=True)
    for _ in range(10):
        rungs.judge(Scripted(), "json_schema", usable=False)
    assert rungs.formats(Scripted()) == FORMATS


async def test_costs_of_all_attempts_are_added_up() -> None:
    chat = Scripted("no", "no", '{"entities": []}')
    extraction, reply = await structured(chat, [Message("user", "x")], Extraction, rungs=RungMemory())
    assert extraction == Extraction()
    assert (reply.prompt_tokens, reply.completion_tokens) == (30, 3)


async def test_without_a_system_message_one_is_made() -> None:
    chat = Scripted('{"entities": []}', formats=("text",))
    await structured(chat, [Message("user", "x")], Extraction, rungs=RungMemory())
    [(_, messages)] = chat.asked
    assert [message.role for message in messages] == ["system", "user"]
    assert messages[1] == Message("user", "x")


async def test_the_schema_is_not_said_twice_where_the_endpoint_takes_it() -> None:
    chat = Scripted('{"entities": []}')
    given = [Message("system", "s"), Message("user", "x")]
    await structured(chat, given, Extraction, rungs=RungMemory())
    assert list(chat.asked[0][1]) == given


WHOLE = '{"entities": [{"name": "Ada"}, {"name": "London"}], "relations": []}'
CUT = '{"entities": [{"name": "Ada"}, {"na'


async def test_a_spoiled_answer_is_asked_again_and_the_best_one_stands_where_no_whole_one_comes() -> None:
    for answers, names, calls in (
        ([CUT, WHOLE], ["Ada", "London"], 2),
        ([CUT, "no", WHOLE], ["Ada", "London"], 3),
        (["{" + WHOLE[1:-2], CUT, CUT], ["Ada", "London"], 3),
        ([CUT, "no", "no"], ["Ada"], 3),
    ):
        chat = Scripted(*answers)
        found, reply = await structured(chat, [Message("user", "x")], Extraction, rungs=RungMemory(), whole=True)
        assert [entity.name for entity in found.entities] == names
        assert (len(chat.asked), reply.prompt_tokens) == (calls, 10 * calls)
        # Nothing is wrong with the way it was asked.
        assert {format for format, _ in chat.asked} == {"json_schema"}


async def test_a_model_whose_habit_it_is_to_spoil_its_answers_is_not_asked_again_for_ever() -> None:
    chat, rungs, asked = Scripted(*[CUT] * 40), RungMemory(), []
    for _ in range(10):
        before = len(chat.asked)
        await structured(chat, [Message("user", "x")], Extraction, rungs=rungs, whole=True)
        asked.append(len(chat.asked) - before)
    assert asked == [3, 1, 1, 1, 1, 1, 1, 1, 1, 1]
