"""What an import did, or would do."""

from __future__ import annotations

from pydantic import Field

from lightrag_integrations.models import Frozen

__all__ = ["ImportReport"]


class ImportReport(Frozen):
    """What came over, what did not, and why."""

    source: str
    """What was read, without secrets."""
    dry_run: bool = False
    """Nothing was written; the counts are what an import would take."""
    found: dict[str, int] = Field(default_factory=dict)
    """What the source holds, by kind."""
    documents: int = 0
    """Stored or replaced, statements made by hand among them; in a dry run: to be stored."""
    unchanged: int = 0
    """Stored already as they are in the source."""
    failed: int = 0
    """Refused; see `errors`."""
    by_hand: int = 0
    """Of the stored, unchanged and failed ones: made of statements made by hand, so not among the documents found."""
    chunks: int = 0
    """Of all documents taken, stored now or before."""
    entities: int = 0
    """That the documents taken speak of, with those made by hand."""
    relations: int = 0
    own_words: int = 0
    """Chunks whose own extraction came from the cached answers of the model that was paid for it."""
    vectors_kept: int = 0
    """Vectors of chunks taken over."""
    embedding_tokens: int = 0
    """Used by the embedding model; in a dry run an estimate: chunks without a vector, names and facts."""
    model_calls: int = 0
    """Calls of a chat model: none, unless asked for with `graph="model"`."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """What did not come over: how many, by reason."""
    changed: dict[str, int] = Field(default_factory=dict)
    """What came over in another form: how many, by what was done."""
    unfinished: dict[str, str] = Field(default_factory=dict)
    """Documents that the source had not finished, by id: state and reason."""
    errors: dict[str, str] = Field(default_factory=dict)
    """Reason by document id, for those that failed."""
    seconds: float = 0.0
