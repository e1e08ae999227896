"""`Stores`: the stores of other makes in which an index is kept, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lightrag_integrations.errors import ConfigurationError

__all__ = ["Stores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Stores of your own, beside PostgreSQL, which stays the truth: what they hold is made from it, and can be again.

    A handle made with it brings them up to date at the end of each ingestion, retry and deletion, and at
    `index.mirror.sync()`. One that fails breaks nothing: the report of the ingestion says so, and the next sync makes
    up for it. Give stores to one handle that writes; others that search with them take `automatic=False`, as not
    every engine bears two that put the same thing at once. Protocols for stores of your own making, such as
    `VectorTarget`, are in `lightrag_integrations.mirrored`.
    """

    vectors: Any = None
    """A LlamaIndex vector store, a LangChain `VectorStore` or a `VectorTarget`: gets the chunks with their vectors, and
    answers the vector part of every search."""
    graph: Any = None
    """A LlamaIndex `PropertyGraphStore` or a `GraphTarget`: gets entities, relations and chunks, to be read with its
    own tools."""
    documents: Any = None
    """A LangChain `BaseStore`, a LlamaIndex `BaseKVStore` or `BaseDocumentStore`, or a `DocumentTarget`: gets the
    documents as they came, under their own ids: what you keep there yourself under one of these is overwritten, and
    goes with the index's. So it is in `graph` with names of entities: a store of either kind belongs to one index."""
    name: str = ""
    """Tells two sets of stores of one index apart: a handle with another name begins anew with its stores."""
    automatic: bool = True
    """Whether they are brought up to date at the end of each ingestion, retry and deletion of this handle; else by
    `index.mirror.sync()` alone."""
    threads: int = 4
    """Calls at once to each store. 1 for one that bears no two."""
    call_timeout_s: float = 120.0
    """A store that gives no answer to a call within so long has failed."""
    search_timeout_s: float = 10.0
    """After so long without an answer PostgreSQL answers in place of `vectors`."""
    search_most: int = 1000
    """Most chunks that `vectors` is asked for in one search. Deleted and filtered ones are taken out of what it gives,
    so it is asked for more as long as too few are left; past this, PostgreSQL gives the rest."""

    def __post_init__(self) -> None:
        """Refuse what can't work before anything is opened."""
        if self.vectors is None and self.graph is None and self.documents is None:
            raise ConfigurationError("Stores: got none; expected at least one of vectors=, graph= and documents=")
        for name in ("threads", "search_most"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ConfigurationError(f"Stores({name}=...): got {value!r:.40}; expected a whole number above 0")
        for name in ("call_timeout_s", "search_timeout_s"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not value > 0:
                raise ConfigurationError(f"Stores({name}=...): got {value!r:.40}; expected seconds above 0")
