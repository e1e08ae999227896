"""Extract with a chat model: one call for each chunk."""

from __future__ import annotations

from lightrag_integrations.calls.ladder import RungMemory, first_question, structured
from lightrag_integrations.models import Chunk, Extraction
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.prompts import fill, load
from lightrag_integrations.protocols import ChatModel, Message
from lightrag_integrations.text.keys import content_hash

__all__ = ["ModelExtractor", "instructions"]

_OWN_LANGUAGE = "the language of the text"


def instructions(options: IngestOptions) -> str:
    """The system message of extraction, filled in."""
    template = load("extract") if options.extract_prompt is None else options.extract_prompt
    types = ", ".join(options.entity_types)
    return fill(template, entity_types=types, language=options.language or _OWN_LANGUAGE)


class ModelExtractor:
    """An `Extractor` that asks a chat model once for each chunk.

    Attributes:
        fingerprint: Changes with the model, the prompt, the options that the prompt depends on and the longest answer:
            what was saved from one cut short must not stand for the whole when there is room for it.
        dropped: Records of answers that were no records.
    """

    def __init__(
        self,
        chat: ChatModel,
        options: IngestOptions,
        rungs: RungMemory | None = None,
    ) -> None:
        """Fill in the instructions; they are the same for every chunk, so that prompt caches hit.

        Args:
            chat: The model, limits and retries already around it.
            options: Entity types, language, prompt, longest answer.
            rungs: What is known of the model's ways of structured output; shared by a handle's calls.
        """
        self._instructions = instructions(options)
        self._input = load("extract_input")
        self._chat = chat
        self._rungs = rungs if rungs is not None else RungMemory()
        self._max_tokens = options.max_completion_tokens
        self.dropped = 0
        asked = content_hash(self._instructions, self._input, str(self._max_tokens))
        self.fingerprint = f"model/{chat.name}/{asked[:16]}"

    async def extract(self, chunk: Chunk) -> Extraction:
        """Extract from one chunk.

        Raises:
            ModelError: No usable answer came.
        """
        extraction, _ = await structured(
            self._chat,
            self._messages(chunk.content),
            Extraction,
            rungs=self._rungs,
            max_tokens=self._max_tokens,
            whole=True,
            on_dropped=self._count_dropped,
        )
        return extraction

    def question(self, content: str) -> list[Message]:
        """What is sent first about a chunk of this content."""
        return first_question(self._chat, self._messages(content), Extraction, rungs=self._rungs)

    def _messages(self, content: str) -> tuple[Message, Message]:
        return Message("system", self._instructions), Message("user", fill(self._input, text=content))

    def _count_dropped(self, count: int) -> None:
        self.dropped += count
