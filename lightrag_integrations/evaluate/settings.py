"""What is compared: named query options, and how the comparison is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, get_args

from pydantic import Field, ValidationError, field_validator

from lightrag_integrations.errors import InputError
from lightrag_integrations.models import Frozen
from lightrag_integrations.options import Mode, QueryOptions, merged

__all__ = ["MODES", "EvaluationFields", "Plan", "Setting", "plan_of", "settings_of"]

MODES = ("keyword", "vector", "local", "global", "hybrid", "graph", "mix")
"""What is compared where nothing is said."""
_RERANK = "+rerank"


class Setting(Frozen):
    """Query options under a name. `k` and `query_embedding` are set by the evaluation."""

    name: str = Field(min_length=1)
    options: QueryOptions

    @field_validator("options")
    @classmethod
    def _finds(cls, options: QueryOptions) -> QueryOptions:
        if options.mode == "bypass":
            raise ValueError("mode 'bypass' finds nothing, so there is nothing to measure")
        return options


class EvaluationFields(TypedDict, total=False):
    """How questions are asked and figures are made; see `LightRAGIndex.evaluate`."""

    modes: Sequence[str | Setting]
    """Modes, each with or without `+rerank`, and `Setting`s; all searching modes by default."""
    ks: Sequence[int]
    """First hits looked at (5 and 8); the largest is how many are asked for."""
    options: QueryOptions | None
    """Everything that a mode's name does not say; the handle's own by default."""
    baseline: str | None
    """Name of what the others are compared with; by default `mix` where it is among them, else the first."""
    seed: int
    """Of the bootstrap (0)."""
    resamples: int
    """Of the bootstrap (5000)."""
    concurrency: int
    """Questions asked at the same time (1); more makes latencies longer."""
    limit: int | None
    """Ask only so many, from the start."""
    show_progress: bool
    """Draw a progress bar on standard error."""


class Plan(Frozen):
    """`EvaluationFields`, checked."""

    modes: tuple[str | Setting, ...] = MODES
    ks: tuple[int, ...] = Field(default=(5, 8), min_length=1)
    options: QueryOptions | None = None
    baseline: str | None = None
    seed: int = Field(default=0, ge=0)
    resamples: int = Field(default=5000, ge=100, le=1_000_000)
    concurrency: int = Field(default=1, ge=1)
    limit: int | None = Field(default=None, ge=1)
    show_progress: bool = False

    @field_validator("modes", mode="before")
    @classmethod
    def _several(cls, modes: Any) -> Any:
        return (modes,) if isinstance(modes, str | Setting) else modes

    @field_validator("ks")
    @classmethod
    def _ascending(cls, ks: tuple[int, ...]) -> tuple[int, ...]:
        if min(ks) < 1:
            raise ValueError("each k is a whole number above 0")
        return tuple(sorted(set(ks)))


def plan_of(fields: Mapping[str, Any]) -> Plan:
    """Check fields given by name.

    Raises:
        InputError: A name or a value is wrong.
    """
    try:
        return Plan(**fields)
    except ValidationError as error:
        problems = tuple(_problem(dict(detail)) for detail in error.errors())
        raise InputError("; ".join(problems), problems) from error


def settings_of(modes: Sequence[str | Setting], base: QueryOptions) -> tuple[Setting, ...]:
    """Settings from names of modes, each with or without `+rerank`, and from settings as they are.

    Args:
        modes: Names and settings.
        base: Everything that a mode's name does not say.

    Raises:
        InputError: A name is no mode, is `bypass`, or comes twice.
    """
    settings = tuple(mode if isinstance(mode, Setting) else _setting(mode, base) for mode in modes)
    names = [setting.name for setting in settings]
    if not names or len(set(names)) < len(names):
        raise InputError(f"modes: got {', '.join(names) or 'none'}; expected one or more, each name once")
    return settings


def _setting(name: str, base: QueryOptions) -> Setting:
    mode = name.removesuffix(_RERANK)
    if mode == "bypass" or mode not in get_args(Mode):
        why = "which finds nothing, so there is nothing to measure" if mode == "bypass" else "which is no mode"
        raise InputError(
            f"modes: got {name!r}, {why}; expected any of {', '.join(MODES)}, each with or without {_RERANK!r}, "
            "or a Setting(name=…, options=QueryOptions(…))"
        )
    return Setting(name=name, options=merged(base, {"mode": mode, "rerank": name.endswith(_RERANK) or None}))


def _problem(detail: dict[str, Any]) -> str:
    field = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"unknown field {field!r}; expected one of {', '.join(Plan.model_fields)}"
    return f"{field}: got {detail['input']!r}; {detail['msg'][:1].lower()}{detail['msg'][1:]}"
