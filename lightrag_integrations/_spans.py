"""Spans for the calls to one model, where a handle is traced."""

from __future__ import annotations

from functools import partial

from lightrag_integrations.calls.spans import CallSpans
from lightrag_integrations.providers.attributes import attributes_of
from lightrag_integrations.tracing import Tracer

__all__ = ["call_spans"]


def call_spans(tracer: Tracer, task: str, *, given: object, name: str) -> CallSpans | None:
    """Makes the spans of a model's calls; None without a tracer.

    Args:
        tracer: The handle's.
        task: What the calls are for.
        given: The model as the user gave it.
        name: Of the live model.
    """
    return CallSpans(tracer, partial(attributes_of, given, name), task) if tracer.on else None
