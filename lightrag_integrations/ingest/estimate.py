"""Estimate: what an ingestion would cost, before it is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lightrag_integrations.ingest.accept import validate_documents
from lightrag_integrations.ingest.extract import instructions
from lightrag_integrations.ingest.split import chunks_of
from lightrag_integrations.models import Document
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.protocols import Tokenizer

__all__ = ["Estimate", "estimate"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls and tokens if nothing is stored or cached yet and no call has to be repeated. Prices are not known here."""

    documents: int = 0
    chunks: int = 0
    model_calls: int = 0
    """Extraction calls, with a model: one for each distinct chunk without a given extraction."""
    prompt_tokens: int = 0
    """Of these calls: instructions and chunk, in the tokenizer's count."""
    max_completion_tokens: int | None = None
    """The most that their answers may take; answers are usually far shorter. None: no limit is set."""
    embedding_tokens: int = 0
    """Of the chunks. Entity names and facts come on top: they are not known before extraction."""


def estimate(documents: Sequence[Document], tokenizer: Tokenizer, options: IngestOptions) -> Estimate:
    """Count chunks, calls and tokens; calls no model and reads no index.

    Args:
        documents: What would be ingested; checked as `ingest` does.
        tokenizer: Counts tokens; another than the model's own, so take the numbers for near, not exact.
        options: Chunk sizes, prompt.

    Raises:
        InputError: A document would be refused.
    """
    checked = validate_documents(documents, options)
    overhead = tokenizer.count(instructions(options))
    chunks = calls = prompt = embedding = 0
    seen: set[str] = set()
    for document in checked.documents:
        for chunk in chunks_of(document, tokenizer, options):
            chunks += 1
            tokens = tokenizer.count(chunk.content)
            embedding += tokens if chunk.embedding is None else 0
            if options.extract and chunk.extraction is None and chunk.content not in seen:
                seen.add(chunk.content)
                calls += 1
                prompt += overhead + tokens
    limit = options.max_completion_tokens
    most = None if limit is None else calls * limit
    return Estimate(len(checked.documents), chunks, calls, prompt, most, embedding)
