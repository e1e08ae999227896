"""What a run tells a tool behind the model's back, and what the model is told when its arguments are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import InjectedToolArg
from pydantic import PlainSerializer

from lightrag_integrations import ConfigurationError, InputError
from lightrag_integrations.filters import parse_filter

__all__ = ["RUN_FILTER", "Runtime", "Told", "narrowed", "refusal"]

RUN_FILTER = "lightrag_filter"
"""Key of a run's own filter."""

Runtime = Annotated[Any, InjectedToolArg, PlainSerializer(lambda _: None)]
"""LangGraph's `ToolRuntime`, by the argument's name. What a model writes there is JSON, and JSON has no `context`."""
_SCALAR = (str, int, float, bool)
_NOTHING = object()


class Told:
    """What a run says: in the context of LangGraph's runtime, and under `configurable`."""

    def __init__(self, config: RunnableConfig, runtime: Any) -> None:
        """Keep both.

        Args:
            config: Of the run.
            runtime: LangGraph's `ToolRuntime`, where there is one.
        """
        self._places = (getattr(runtime, "context", None), config.get("configurable"))

    def __getitem__(self, name: str) -> list[Any]:
        """All that is said under a name, the context's first."""
        values = [
            place.get(name, _NOTHING) if isinstance(place, Mapping) else getattr(place, name, _NOTHING)
            for place in self._places
        ]
        return [value for value in values if value is not _NOTHING]


def narrowed(fixed: Mapping[str, Any] | None, *, scope: Sequence[str], told: Told) -> dict[str, Any] | None:
    """A filter that passes what all of these pass.

    Args:
        fixed: The tool's own.
        scope: Metadata keys of which the run must say the value.
        told: What the run says.

    Raises:
        ConfigurationError: It does not say one, or says what is no value. That is the program's error, not the model's.
    """
    own = told[RUN_FILTER]
    try:
        for one in own:
            parse_filter(one)
    except InputError as error:
        raise ConfigurationError(f"{RUN_FILTER} of this run: {error}") from error
    # A context that has the key decides, even by None: `configurable` may come from the client.
    said = [(key, next(iter(told[key]), None)) for key in scope]
    parts = [*(_equal(key, value) for key, value in said), *(dict(part) for part in (fixed, *own) if part)]
    return {"$and": parts} if len(parts) > 1 else next(iter(parts), None if fixed is None else {})


def _equal(key: str, value: Any) -> dict[str, Any]:
    several = isinstance(value, list | tuple | set | frozenset)
    values = list(value) if several else [value]
    # An object would be read as operators, and pass what it was not meant to.
    if not values or not all(isinstance(one, _SCALAR) for one in values):
        raise ConfigurationError(
            f"this tool searches only what has the {key!r} of its run; got {value!r:.80}, expected text, a number or a "
            f"list of them: set it in the run's context or in config={{'configurable': {{{key!r}: ...}}}}"
        )
    return {key: {"$in": values}}


def refusal(error: Any) -> str:
    """What is wrong with the arguments, for the model that made them."""
    told = [_wrong(one) for one in error.errors(include_url=False, include_context=False)]
    return f"The search was not made. {'; '.join(told)}. Correct this and call the tool again."


def _wrong(one: Mapping[str, Any]) -> str:
    place = ".".join(map(str, one["loc"]))
    # Where an argument is missing the input is all of them, those that the model must not see among them.
    got = "" if one["type"] == "missing" or not place else f"got {one['input']!r:.80}; "
    return f"{place or 'arguments'}: {got}{one['msg']}"
