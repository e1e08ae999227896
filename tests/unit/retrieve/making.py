"""Small indexes in memory, made by the lexical tier, and rankings written by hand."""

from collections.abc import Mapping
from typing import Any

from lightrag_integrations.contributions import PreparedDocument
from lightrag_integrations.ingest.contribute import from_words
from lightrag_integrations.ingest.split import chunks_of, prepare_chunk
from lightrag_integrations.models import Document
from lightrag_integrations.options import IngestOptions
from lightrag_integrations.retrieve.question import Question
from lightrag_integrations.text.terms import term_hashes
from lightrag_integrations.text.tokens import default_tokenizer
from tests.unit.retrieve.memory import MemoryReader


def prepared(document: Document) -> PreparedDocument:
    options = IngestOptions()
    chunks = [
        from_words(prepare_chunk(chunk, document), options)
        for chunk in chunks_of(document, default_tokenizer(), options)
    ]
    return PreparedDocument(document=document, content_hash="", chunks=chunks)


def reader(*documents: Document) -> MemoryReader:
    return MemoryReader([prepared(document) for document in documents], keep=_all)


def question(text: str) -> Question:
    return Question(
        text=text, terms=term_hashes(text), vector=None, semantic=False, low_vector=None, high_vector=None
    )  # fmt: skip


def _all(_: Mapping[str, Any]) -> bool:
    return True
