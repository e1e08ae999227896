"""Whom the OpenAI client trusts: its library's own choice, loaded once for all who share a model's settings."""

from __future__ import annotations

from importlib import import_module
from ssl import SSLContext
from typing import Any

import openai

__all__ = ["Trust"]


class Trust:
    """A TLS context, made when first asked for; any thread and loop may use it.

    Loading the certificates takes 20 ms and 0.8 MB, which a client without a context does for itself.
    """

    def __init__(self) -> None:
        """Load nothing."""
        self._context: SSLContext | None = None

    def context(self) -> SSLContext:
        """The context; two threads that come first at once make one each."""
        if self._context is None:
            # Older clients stand on another HTTP library, which has another choice.
            bases = openai.DefaultAsyncHttpxClient.__mro__
            library = next(base.__module__ for base in bases if base.__name__ == "AsyncClient").partition(".")[0]
            made: SSLContext = import_module(library).create_ssl_context()
            self._context = made
        return self._context

    def __eq__(self, other: object) -> bool:
        """What was loaded makes no difference between settings."""
        return isinstance(other, Trust)

    def __hash__(self) -> int:
        """As equal ones have."""
        return hash(Trust)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies, in another process, too, load their own."""
        return Trust, ()
