"""The longest answer a framework's model may give: how its client calls that, and whether the user has chosen it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from lightrag_integrations.errors import ModelError

__all__ = ["Call", "Limits"]

_FIELDS = ("max_tokens", "max_output_tokens", "max_completion_tokens", "num_predict", "max_new_tokens")
_REFUSED = re.compile(
    r"max[_ ]?(output_?|completion_?|new_?|gen_?)?(tokens|len)|maximum (number of )?(output )?tokens|num_predict",
    re.IGNORECASE,
)
Call = tuple[Any, dict[str, Any]]
"""A model, and what its call takes beside the messages."""


def _in_generation_config(model: Any, limit: int) -> Call:
    return model, {"generation_config": {"max_output_tokens": limit}}


def _in_options(model: Any, limit: int) -> Call:
    options = model.additional_kwargs
    return (
        (model, {})
        if "num_predict" in options
        else (_with(model, additional_kwargs={**options, "num_predict": limit}), {})
    )


_WITHOUT_FIELD: Mapping[str, Callable[[Any, int], Call]] = MappingProxyType(
    {"GoogleGenAI": _in_generation_config, "Ollama": _in_options}
)
"""LlamaIndex's classes that have the limit elsewhere."""


class Limits:
    """One model, and copies of it with other limits.

    A limit that the user gave to the model stands: one that differs from what the client has by itself.
    """

    def __init__(self, model: Any) -> None:
        """Look at what the model offers."""
        self._model = model
        self._field = _free_field(model)
        self._elsewhere = _WITHOUT_FIELD.get(type(model).__name__) if _is_llama_index(model) else None
        self._calls: dict[int, Call] = {}
        self._refused = False

    def call(self, limit: int | None) -> Call:
        """The model to ask for an answer of at most so many tokens, and the further arguments of its call."""
        if limit is None or self._refused or (self._field is None and self._elsewhere is None):
            return self._model, {}
        if limit not in self._calls:
            if self._field is not None:
                self._calls[limit] = _with(self._model, **{self._field: limit}), {}
            elif self._elsewhere is not None:
                self._calls[limit] = self._elsewhere(self._model, limit)
        return self._calls[limit]

    def given_up(self, error: ModelError, call: Call) -> bool:
        """Whether the limit of a call is what was refused; it is then left out from now on.

        Args:
            error: What the call ended with.
            call: As it was made: others may have given up the limit meanwhile.
        """
        model, further = call
        limited = model is not self._model or further
        if not limited or error.retryable or not _REFUSED.search(str(error)):
            return False
        self._refused = True
        return True


def _with(model: Any, **fields: Any) -> Any:
    # A shallow copy: clients, callbacks and caches are those of the user's own object.
    return model.model_copy(update=fields)


def _free_field(model: Any) -> str | None:
    """The field of the limit, where the user has left it as the client has it."""
    fields = getattr(type(model), "model_fields", None)
    if not isinstance(fields, Mapping) or not callable(getattr(model, "model_copy", None)):
        return None
    name = next((name for name in _FIELDS if name in fields), None)
    if name is None:
        return None
    value = getattr(model, name, None)
    return name if value is None or value in (fields[name].default, _default_of_init(type(model), name)) else None


def _default_of_init(kind: type, name: str) -> Any:
    parameter = inspect.signature(kind.__init__).parameters.get(name)  # type: ignore[misc]
    return None if parameter is None else parameter.default


def _is_llama_index(model: Any) -> bool:
    return type(model).__module__.startswith("llama_index.")
