"""A question made ready for search: scrubbed text, terms, vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from lightrag_integrations.errors import InputError
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.protocols import Embedder
from lightrag_integrations.text.names import question_keys
from lightrag_integrations.text.terms import term_hashes

__all__ = ["Keywords", "Question", "prepare"]


@dataclass(frozen=True, slots=True)
class Keywords:
    """LightRAG's two kinds of keywords; empty: the question itself serves."""

    high: tuple[str, ...] = ()
    low: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What the searches read."""

    text: str
    terms: Mapping[int, int]
    """Term hash to count in the question."""
    vector: Sequence[float] | None
    semantic: bool
    """The vectors know more than words do."""
    low_vector: Sequence[float] | None
    """Of the low-level keywords, for entities."""
    high_vector: Sequence[float] | None
    """Of the high-level keywords, for facts."""
    low_text: str = ""
    """The low-level keywords; empty: the question stands for them."""
    high_text: str = ""
    """The high-level keywords; empty: the question stands for them."""
    others: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Vectors of further texts, by text."""
    model: str | None = None
    """That the vectors come from; None: the caller gave the only one."""

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Of entities that it may name, longest first."""
        return tuple(question_keys(self.text))

    def of_low(self) -> Question:
        """The question that the low-level keywords ask."""
        return self._asking(self.low_text)

    def of_high(self) -> Question:
        """The question that the high-level keywords ask."""
        return self._asking(self.high_text)

    def _asking(self, text: str) -> Question:
        return replace(self, text=text, terms=term_hashes(text)) if text else self


def scrub(text: str, *, optional: bool = False) -> str:
    """A question that can be stored and sent: no NUL, no lone surrogates.

    Args:
        text: As asked.
        optional: Nothing may be left: the caller gave a vector, and no words are searched.

    Raises:
        InputError: Nothing is left, or it is no text.
    """
    if not isinstance(text, str):
        raise InputError(f"query: got {type(text).__name__}; expected text")
    clean = text.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8").strip()
    if not clean and not optional:
        raise InputError("query: got an empty text; expected a question")
    return clean


async def prepare(
    text: str, keywords: Keywords, embedder: Embedder, options: QueryOptions, *, others: Sequence[str] = ()
) -> Question:
    """Embed what a mode needs, in one call.

    Args:
        text: A scrubbed question.
        keywords: For `local` and `global`.
        embedder: Makes the vectors; not asked for `keyword`.
        options: The mode, and a vector given by the caller.
        others: Further texts, each once.
    """
    texts = {"question": text, "low": ", ".join(keywords.low), "high": ", ".join(keywords.high)}
    wanted = [name for name, part in texts.items() if part and options.mode != "keyword"]
    if options.query_embedding is not None:
        wanted = [name for name in wanted if name != "question"]
    further = list(others) if options.mode != "keyword" else []
    asked = [*(texts[name] for name in wanted), *further]
    made = await embedder.embed(asked, kind="query") if asked else []
    vectors = dict(zip(wanted, made[: len(wanted)], strict=True))
    if options.query_embedding is not None:
        vectors["question"] = options.query_embedding
    main = vectors.get("question")
    return Question(
        text=text,
        terms=term_hashes(text),
        vector=main,
        semantic=main is not None and not getattr(embedder, "lexical", False),
        low_vector=vectors.get("low", main),
        high_vector=vectors.get("high", main),
        low_text=texts["low"],
        high_text=texts["high"],
        model=embedder.fingerprint if asked else None,
        others=dict(zip(further, made[len(wanted) :], strict=True)),
    )
