"""Our prompts as LlamaIndex templates, for `get_prompts` and `update_prompts`, and back."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from llama_index.core.prompts import BasePromptTemplate, PromptTemplate

from lightrag_integrations import InputError
from lightrag_integrations.prompts import load

__all__ = ["OwnPrompts", "warn_of_unknown"]

_LOG = logging.getLogger("lightrag_integrations.llama_index")

_VARIABLES = MappingProxyType({"answer": ("context", "response_type", "user_prompt")})
_NEEDED = MappingProxyType({"answer": "context"})


class OwnPrompts:
    """The prompts of one component: the package's, until others are given."""

    def __init__(self, *names: str) -> None:
        """Keep the names of the prompts that there are."""
        self._names = names
        self._given: dict[str, BasePromptTemplate] = {}

    def templates(self, **own: str | None) -> dict[str, BasePromptTemplate]:
        """All prompts by name.

        Args:
            **own: Texts that the component's options have in place of the package's.
        """
        return {name: self._given.get(name) or PromptTemplate(own.get(name) or load(name)) for name in self._names}

    def update(self, prompts: Mapping[str, BasePromptTemplate]) -> None:
        """Take those that have one of our names, and say which have none.

        Raises:
            InputError: What the prompt has to hold is not in it.
        """
        warn_of_unknown((name for name in prompts if ":" not in name), self._names)
        for name in self._names:
            if name not in prompts:
                continue
            needed, there = _NEEDED.get(name), _variables(prompts[name])
            if needed is not None and needed not in there:
                raise InputError(
                    f"prompt {name!r}: got one with the variables {sorted(there)}; it has to hold {{{needed}}}, where "
                    f"the passages go (template_var_mappings={{{needed!r}: ...}} takes a template's own name for it)"
                )
            self._given[name] = prompts[name]

    def texts(self) -> dict[str, str]:
        """Those given, as the core takes them: with our placeholders, which it fills in."""
        return {name: prompt.format(None, **_placeholders(name)) for name, prompt in self._given.items()}


def warn_of_unknown(given: Iterable[str], known: Collection[str]) -> None:
    """LlamaIndex passes over prompts of another name without a word; ours are in use then, unnoticed."""
    unknown = sorted(frozenset(given) - frozenset(known))
    if unknown:
        _LOG.warning("update_prompts: passed over %s; there are %s", ", ".join(unknown), ", ".join(sorted(known)))


def _placeholders(name: str) -> dict[str, Any]:
    return {variable: f"{{{variable}}}" for variable in _VARIABLES.get(name, ())}


def _variables(prompt: BasePromptTemplate) -> set[str]:
    """The variables of a template under the names that they are filled in by."""
    ours = {theirs: name for name, theirs in (prompt.template_var_mappings or {}).items()}
    return {ours.get(variable, variable) for variable in prompt.template_vars} | {*(prompt.function_mappings or {})}
