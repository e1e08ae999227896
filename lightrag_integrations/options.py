"""Options: frozen, keyword-only, a docstring under each field. Units are in the names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from lightrag_integrations.errors import InputError
from lightrag_integrations.given import checked
from lightrag_integrations.models import RetrievalResult

__all__ = [
    "AnswerOptions",
    "ConnectOptions",
    "IndexOptions",
    "IngestOptions",
    "Mode",
    "QueryFields",
    "QueryOptions",
    "Rerank",
    "SummaryOptions",
    "TaskModels",
    "WalkOptions",
    "choose",
    "merged",
]

Mode = Literal["keyword", "vector", "naive", "local", "global", "hybrid", "graph", "mix", "bypass"]
MODES: tuple[str, ...] = get_args(Mode)
Rerank = bool | Literal["llm"]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class ConnectOptions(_Options):
    """How to reach PostgreSQL, where a plain connection string is not enough."""

    dsn: SecretStr = SecretStr("")
    """Connection string; may leave out the password when `password` is given. Empty: libpq's defaults."""
    password: Callable[[], str] | None = Field(default=None, exclude=True, repr=False)
    """Called for each new connection, for tokens that rotate."""
    pool_max_size: int = Field(default=8, ge=1)
    """Most connections this handle holds at once."""
    pool_timeout_s: float = Field(default=30.0, gt=0)
    """Longest wait for a connection, the handle's own or a place at a server that is full."""
    idle_timeout_s: float = Field(default=20.0, gt=0)
    """An idle connection is given back after this: less than the wait, so that many handles share a small server."""
    connect_timeout_s: float = Field(default=10.0, gt=0)
    statement_timeout_s: float | None = Field(default=None, gt=0)
    """Limit for one statement; `None`: the server's own."""
    prepare: bool = False
    """Keep statements planned on their connections, which halves the time of small searches. True for the server that
    the package starts; leave it False behind a transaction pooler that knows no prepared statements (PgBouncer before
    1.21)."""
    configure: Callable[[Any], Any] | None = Field(default=None, exclude=True, repr=False)
    """Called (may be async) with each new psycopg `AsyncConnection`."""

    @field_validator("dsn", mode="before")
    @classmethod
    def _secret(cls, value: object) -> object:
        return SecretStr(value) if isinstance(value, str) else value


class IngestOptions(_Options):
    """How documents become chunks and contributions."""

    chunk_tokens: int = Field(default=512, ge=16)
    """Most tokens in a chunk."""
    overlap_tokens: int = Field(default=0, ge=0)
    """Tokens repeated from the end of the chunk before."""
    entity_types: tuple[str, ...] = (
        "person", "organization", "location", "event", "work", "product", "concept", "date",
    )  # fmt: skip
    """Types offered to the model."""
    language: str = ""
    """Language of names and descriptions the model writes; empty: the text's own."""
    extract_prompt: str | None = None
    """Replaces the extraction instructions; `{entity_types}` and `{language}` are filled in."""
    grounded: bool = True
    """Drop extracted names of which no word occurs in the chunk (built-in model extraction only)."""
    max_entities: int = Field(default=60, ge=1)
    """Per chunk."""
    max_relations: int = Field(default=80, ge=1)
    """Per chunk."""
    max_name_chars: int = Field(default=200, ge=1)
    max_description_chars: int = Field(default=2000, ge=1)
    max_completion_tokens: int | None = Field(default=4096, ge=64)
    extract: bool = True
    """False: store and embed only, no graph."""
    embed: bool = True
    """False: no vectors are made, only those that come with chunks are stored; words and graph find the others."""
    on_existing: Literal["replace", "upsert_chunks"] = "replace"
    """`replace`: the document is what this call gives. `upsert_chunks`: given chunks are added or replaced by id."""
    token_budget: int | None = Field(default=None, ge=0)
    """Most prompt and completion tokens of one call to `ingest`; past it documents fail with `BudgetExceeded`."""
    attempts: int = Field(default=4, ge=1)
    """Tries of one model call."""
    call_timeout_s: float = Field(default=180.0, gt=0)
    lease_s: float = Field(default=60.0, gt=0)
    """A document whose worker gave no sign for so long may be taken over."""
    commit_documents: int = Field(default=512, ge=1)
    """Small documents that may share a transaction."""
    embed_batch: int = Field(default=128, ge=1)
    """Texts in one embedding call."""
    on_invalid: Literal["raise", "skip"] = "raise"
    """What to do with bad documents: refuse the whole call, or leave them out and report them."""


class WalkOptions(_Options):
    """The graph walk of `graph` and `mix`."""

    damping: float = Field(default=0.9, gt=0, lt=1)
    steps: int = Field(default=20, ge=1)
    rounds: int = Field(default=3, ge=1)
    """Times that edges are read."""
    nodes_per_round: int = Field(default=50, ge=1)
    edges_per_node: int = Field(default=30, ge=1)
    """Heaviest edges read of one node."""
    chunk_restart: float = Field(default=0.5, ge=0, le=1)
    """Share of the restart mass on chunks; the rest is on entities."""
    fact_share: float = Field(default=2 / 3, ge=0, le=1)
    """Of the mass on entities the share of those that stand in the facts nearest to the question; the rest is on
    those named in it."""
    seeds: int = Field(default=50, ge=1)
    """First chunks of each list that carry restart mass."""
    bridge: float = Field(default=0.8, ge=0, le=1)
    """Part of its score that one of the best chunks gives to chunks whose title it mentions; 0: none."""
    guard: int = Field(default=1, ge=0)
    """So many of the fused first stage's best stay within the first five."""


class QueryOptions(_Options):
    """How a question is searched."""

    mode: Mode = "mix"
    k: int = Field(default=10, ge=1, lt=2**31)
    """Hits to return."""
    filter: dict[str, Any] | None = None
    """Metadata filter, see `filters`."""
    rerank: Rerank = False
    """True: by the handle's reranker (without one: `LexicalReranker`). "llm": by the chat model, in one call."""
    rerank_candidates: int = Field(default=30, ge=1)
    """Hits given to the reranker."""
    explain: bool = False
    """Fill every hit's path and facts in full."""
    context: bool = False
    """Build `RetrievalResult.context`."""
    decompose: bool = False
    """One model call to split a question into sub-questions, at most six; each is searched, too."""
    keywords: bool = False
    """One model call for LightRAG's high-level and low-level keywords (`local`, `global`, `hybrid`)."""
    high_level_keywords: tuple[str, ...] = ()
    """Given by the caller: used by `global` and `hybrid`, no model call."""
    low_level_keywords: tuple[str, ...] = ()
    """Given by the caller: used by `local` and `hybrid`, no model call."""
    seeds: int = Field(default=40, ge=1)
    """Entities or relations that start `local` and `global` (LightRAG's top_k)."""
    min_similarity: float = Field(default=0.2, ge=-1, le=1)
    """Cosine below which an entity or relation is no seed."""
    ef_search: int | None = Field(default=None, ge=1, le=1000)
    """Candidates that a search through a vector index keeps at least: more find more of the nearest, and cost more.
    None: 100 for `graph` and `mix`, which need the best few; else by the number of chunks, 100 up to 16,000, 250 for
    100,000, 400 from 250,000 on."""
    entity_tokens: int = Field(default=6000, ge=0)
    relation_tokens: int = Field(default=8000, ge=0)
    context_tokens: int = Field(default=30000, ge=1)
    """Whole context, entities and relations included."""
    query_embedding: tuple[float, ...] | None = None
    """Given by the caller: the question is not embedded."""
    keywords_prompt: str | None = None
    """Replaces the instructions of `keywords`,"""
    decompose_prompt: str | None = None
    """of `decompose`,"""
    rerank_prompt: str | None = None
    """and of `rerank="llm"`. The shape of the answer has to stay."""
    walk: WalkOptions = WalkOptions()


class AnswerOptions(_Options):
    """How a question is answered from its context."""

    history: tuple[tuple[str, str], ...] = ()
    """Earlier turns as (role, text), role `user` or `assistant`."""
    user_prompt: str = ""
    """Extra instructions for the answer."""
    response_type: str = "Multiple paragraphs"
    system_prompt: str | None = None
    """Replaces the answer instructions; `{context}`, `{response_type}` and `{user_prompt}` are filled in."""
    max_completion_tokens: int | None = Field(default=None, ge=16)
    retrieval: RetrievalResult | None = None
    """What to answer from, in place of a search; its context is built where it has none."""
    llm: Any = Field(default=None, exclude=True, repr=False)
    """A model in place of the handle's, which keeps it: give the same object to many calls."""


class SummaryOptions(_Options):
    """Which entities get a description written by a model in place of their many descriptions, and how."""

    automatic: bool = False
    """Make them at the end of each ingestion, of the entities that its documents describe. Else: `graph.summarise`."""
    descriptions: int = Field(default=8, ge=2)
    """From so many distinct descriptions of an entity on (LightRAG's `force_llm_summary_on_merge`),"""
    description_tokens: int = Field(default=1200, ge=1)
    """or from so many tokens of descriptions on (LightRAG's `summary_max_tokens`)."""
    context_tokens: int = Field(default=12000, ge=200)
    """Most tokens of descriptions in one prompt; more of them are summarised in parts, then the parts (LightRAG's
    `summary_context_size`). A description longer than half of it is cut."""
    length_tokens: int = Field(default=600, ge=20)
    """About how long a summary should be (LightRAG's `summary_length_recommended`)."""
    max_completion_tokens: int | None = Field(default=2048, ge=64)
    """Longest answer of the model."""
    token_budget: int | None = Field(default=None, ge=0)
    """Most prompt and completion tokens of one call to `graph.summarise`. An ingestion's own budget includes those of
    its summaries."""


class TaskModels(_Options):
    """A model of its own for a task; each defaults to the handle's `llm`."""

    extract: Any = Field(default=None, exclude=True, repr=False)
    decompose: Any = Field(default=None, exclude=True, repr=False)
    keywords: Any = Field(default=None, exclude=True, repr=False)
    answer: Any = Field(default=None, exclude=True, repr=False)
    rerank: Any = Field(default=None, exclude=True, repr=False)
    summarise: Any = Field(default=None, exclude=True, repr=False)


class IndexOptions(_Options):
    """Everything of a handle that has a default; per-call options go over these."""

    ingest: IngestOptions = IngestOptions()
    query: QueryOptions = QueryOptions()
    answer: AnswerOptions = AnswerOptions()
    summaries: SummaryOptions = SummaryOptions()
    models: TaskModels = TaskModels()
    close_timeout_s: float = Field(default=10.0, gt=0)
    """How long `close` waits for running calls before it cancels them."""


class QueryFields(TypedDict, total=False):
    """The fields of `QueryOptions`, for passing them by name to one call."""

    mode: Mode | str | None
    k: int | None
    filter: Mapping[str, Any] | None
    rerank: Rerank | None
    rerank_candidates: int
    explain: bool | None
    context: bool
    decompose: bool
    keywords: bool
    high_level_keywords: Sequence[str]
    low_level_keywords: Sequence[str]
    seeds: int
    min_similarity: float
    ef_search: int | None
    entity_tokens: int
    relation_tokens: int
    context_tokens: int
    query_embedding: Sequence[float] | None
    keywords_prompt: str | None
    decompose_prompt: str | None
    rerank_prompt: str | None
    walk: WalkOptions


OptionsT = TypeVar("OptionsT", bound=_Options)


def choose(given: OptionsT | None, default: OptionsT, overrides: Mapping[str, Any]) -> OptionsT:
    """The options of one call: those given, else the handle's, with some fields replaced.

    Args:
        given: Of this call; None: the handle's.
        default: The handle's.
        overrides: New values by field name.

    Raises:
        InputError: What was given are no such options, or `merged` refuses a field.
    """
    if given is None:
        return merged(default, overrides)
    return merged(checked(given, type(default), name="options", hint="make it of its fields"), overrides)


def merged(base: OptionsT, overrides: Mapping[str, Any]) -> OptionsT:
    """Options with some fields replaced; a field given as None keeps the base's value.

    Args:
        base: The options to start from.
        overrides: New values by field name.

    Raises:
        InputError: A field is unknown or its value is refused; says which, what was got and what is expected.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    if not given:
        return base
    kept = {name: getattr(base, name) for name in type(base).model_fields}
    try:
        return type(base)(**{**kept, **given})
    except ValidationError as error:
        problems = tuple(_problem(dict(detail), type(base)) for detail in error.errors())
        raise InputError("; ".join(problems), problems) from error


def _problem(detail: dict[str, Any], options: type[BaseModel]) -> str:
    field = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"unknown option {field!r}; expected one of {', '.join(options.model_fields)}"
    return f"option {field!r}: got {detail['input']!r}; {detail['msg'][:1].lower()}{detail['msg'][1:]}"
