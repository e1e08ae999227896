"""The errors of this package, all under one root.

```
LightRAGError
├── ConfigurationError      objects or options that do not fit together
│   ├── MissingDependency   an optional package is not installed (also an ImportError)
│   └── IndexNotFound       the database holds no index of this name, and none was to be made
├── InputError              a value given by the caller was refused (also a ValueError)
├── StorageError            PostgreSQL refused, failed or went away
│   ├── ConnectionFailed    no connection could be had: wrong address, password, server gone
│   │   └── ConnectionLost  one that was there broke in the middle of something
│   ├── ServerError         the embedded server could not be started
│   └── SchemaError         the database lacks something or holds something else than expected
│       └── EmbeddingMismatch   the index holds vectors of another embedding model
├── MirrorError             a store outside that follows the index refused, failed or went away
├── ModelError              a model call failed for good, or answered nonsense
│   ├── FormatUnsupported   the endpoint refuses this way of asking for structured output
│   └── BudgetExceeded      the token budget of the call is used up
└── IndexClosed             the handle was closed
```

Messages say what was got, what was expected and what to do.
"""

from __future__ import annotations

__all__ = [
    "BudgetExceeded",
    "ConfigurationError",
    "ConnectionFailed",
    "ConnectionLost",
    "EmbeddingMismatch",
    "FormatUnsupported",
    "IndexClosed",
    "IndexNotFound",
    "InputError",
    "LightRAGError",
    "MirrorError",
    "MissingDependency",
    "ModelError",
    "SchemaError",
    "ServerError",
    "StorageError",
]


class LightRAGError(Exception):
    """Root of every error this package raises on purpose."""


class ConfigurationError(LightRAGError):
    """Objects or options that do not fit together."""


class MissingDependency(ConfigurationError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


class IndexNotFound(ConfigurationError):
    """The database holds no index of this name, and the handle was told not to make one.

    Attributes:
        names: The indexes that it holds.
    """

    def __init__(self, message: str, *, names: tuple[str, ...] = ()) -> None:
        """Keep the names beside the message."""
        super().__init__(message)
        self.names = names

    @classmethod
    def among(cls, name: str, names: tuple[str, ...]) -> IndexNotFound:
        """The usual words for it.

        Args:
            name: The index asked for.
            names: Those that there are; a few are told.
        """
        few = 8
        shown = ", ".join(repr(one) for one in names[:few]) + (f" and {len(names) - few} more" if names[few:] else "")
        held = f"it holds {shown}; name one of these" if names else "it holds none; name the right database"
        return cls(f"the database has no index {name!r}; {held}, or ingest something first", names=names)


class InputError(LightRAGError, ValueError):
    """A value given by the caller was refused before anything was written.

    Attributes:
        problems: One line for each bad item.
    """

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        """Keep the one-line reasons beside the message."""
        super().__init__(message)
        self.problems = problems


class StorageError(LightRAGError):
    """PostgreSQL refused, failed or went away; the driver's error is the cause."""


class ConnectionFailed(StorageError):
    """No connection could be had: wrong address or password, or the server is gone."""


class ConnectionLost(ConnectionFailed):
    """A connection broke while it was used, again and again where the work could be begun anew."""


class ServerError(StorageError):
    """The embedded server could not be started or stopped."""


class SchemaError(StorageError):
    """The database lacks something (pgvector) or holds something else than expected (dimension, version)."""


class EmbeddingMismatch(SchemaError):
    """The index holds vectors of another embedding model than those it is asked with or given.

    Attributes:
        recorded: The model of the index, by its fingerprint.
    """

    def __init__(self, message: str, *, recorded: str = "") -> None:
        """Keep the model that fits beside the message."""
        super().__init__(message)
        self.recorded = recorded

    @classmethod
    def between(cls, recorded: str, given: str, dimensions: tuple[object, object] | None = None) -> EmbeddingMismatch:
        """The usual words for it.

        Args:
            recorded: The model of the index.
            given: That of the handle.
            dimensions: Of both, where known.
        """
        told = [f" (dimension {one})" for one in dimensions or ()] or ["", ""]
        return cls(
            f"the index holds vectors of {recorded!r}{told[0]}, this handle embeds with {given!r}{told[1]}; "
            "use the first model, or change the index's with index.reembed(model), or use another index name, or "
            "drop the index and ingest again",
            recorded=recorded,
        )


class MirrorError(LightRAGError):
    """A store outside that follows the index refused, failed or went away; its own error is the cause."""


class ModelError(LightRAGError):
    """A model call failed for good, or its answer could not be used.

    Attributes:
        retryable: True when the same call may succeed later (rate limit, server error, time-out, reset).
        retry_after_s: Seconds the endpoint asked to wait, where it said so.
        unanswered: True when the call was sent and no answer awaited any more: it may have cost something.
        tokens: Prompt and completion tokens that the endpoint counted for the failed call, where it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after_s: float | None = None,
        unanswered: bool = False,
        tokens: tuple[int, int] = (0, 0),
    ) -> None:
        """Keep what a retry policy and a ledger need to know."""
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.unanswered = unanswered
        self.tokens = tokens


class FormatUnsupported(ModelError):
    """The endpoint refuses this way of asking for structured output; a weaker way may work."""


class BudgetExceeded(ModelError):
    """The token budget of the call is used up; nothing more was sent."""


class IndexClosed(LightRAGError):
    """The handle was closed; make a new one."""
