"""One call to the pipeline: its tools and options, its name on leases, its tally."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from lightrag_integrations.contributions import PendingDocument
from lightrag_integrations.ingest.tally import Tally
from lightrag_integrations.ingest.tools import IngestTools
from lightrag_integrations.models import Document
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.store import Onto

__all__ = ["Call", "Job", "new_call"]


@dataclass(frozen=True)
class Call:
    """What every step of one call shares."""

    tools: IngestTools
    options: IngestOptions
    owner: str
    fingerprint: str
    """Of everything but the input, see `identity`."""
    tally: Tally


@dataclass(frozen=True, slots=True)
class Job:
    """A document written down as pending, to be worked on."""

    pending: PendingDocument
    stored: bool
    """The index may hold an older version."""
    onto: Onto = "any"
    """What may be pending of it already, see `Store.accept`."""

    @property
    def document(self) -> Document:
        """The input."""
        return self.pending.document

    @property
    def size(self) -> int:
        """Characters."""
        document = self.document
        return len(document.text) + sum(len(chunk.text) for chunk in document.chunks or ())


def new_call(tools: IngestTools, options: IngestOptions, fingerprint: str) -> Call:
    """A call with a lease name and a tally of its own.

    Two calls of one handle that write the same document must not take each other's lease for their own: the later
    one wins, as between processes.
    """
    owner = f"{tools.owner}-{uuid.uuid4().hex[:12]}"
    return Call(tools, options, owner, fingerprint, Tally(tools))
