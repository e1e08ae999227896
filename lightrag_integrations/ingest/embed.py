"""Embed: vectors for a document's chunks, facts and new entity names - given, known already, or from the queue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from lightrag_integrations.contributions import Fact, PreparedChunk
from lightrag_integrations.errors import InputError, SchemaError
from lightrag_integrations.ingest.fit import check_fit
from lightrag_integrations.ingest.queue import EmbedQueue, Vector
from lightrag_integrations.ingest.split import text_hash
from lightrag_integrations.ingest.texts import entity_text, statement_text
from lightrag_integrations.ingest.tools import IngestTools

__all__ = ["Embeddings", "fact_text"]


class Embeddings:
    """Vectors of one call's documents."""

    def __init__(
        self, tools: IngestTools, queue: EmbedQueue, *, named: Collection[str] = (), making: bool = True
    ) -> None:
        """Embed nothing yet.

        Args:
            tools: The call's.
            queue: For what is to be embedded.
            named: Keys of entities that come with vectors.
            making: False: only vectors that come with chunks are stored.
        """
        self._making = making
        self._named = frozenset(named)
        self._tools = tools
        self._store = tools.store
        self._embedder = tools.embedder
        self._queue = queue
        # Vectors that hold no more than the words do add nothing to names and facts, which are found by their words.
        self._chunks_only = bool(getattr(tools.embedder, "lexical", False))
        self._dimensions: set[int] = set()

    async def of(
        self, document_id: str, chunks: Sequence[PreparedChunk], *, stored: bool
    ) -> tuple[list[PreparedChunk], dict[str, Vector]]:
        """The chunks with vectors on them and on their facts, and the vectors of new entity names by key.

        Args:
            document_id: Their document.
            chunks: With their mentions and facts.
            stored: The document may have vectors in the index from before.
        """
        if not self._making:
            await self.check_given(chunk.embedding for chunk in chunks if chunk.embedding is not None)
            return list(chunks), {}
        facts = {} if self._chunks_only else _fact_texts(chunks)
        names = {} if self._chunks_only else await self._new_names(chunks)
        texts = {chunk.chunk.content for chunk in chunks if chunk.embedding is None} | set(facts.values())
        known = await self._known([document_id], texts) if stored else {}
        # Sorted: batches don't depend on the order of sets.
        vectors = known | await self._queue.vectors(sorted((texts - known.keys()) | set(names.values())))
        # The model's own first: a dimension given by the caller must not become the index's beside them.
        await self._check(vectors.values())
        await self.check_given(chunk.embedding for chunk in chunks if chunk.embedding is not None)
        done = [_with_vectors(chunk, vectors, facts) for chunk in chunks]
        return done, {key: vectors[name] for key, name in names.items()}

    async def of_graphs(
        self, document_ids: Sequence[str], chunks: Sequence[PreparedChunk]
    ) -> tuple[list[PreparedChunk], dict[str, Vector]]:
        """Like `of` for what is added to stored chunks: the facts with vectors, and those of new entity names.

        Args:
            document_ids: The chunks' documents.
            chunks: With nothing but mentions and facts.
        """
        if self._chunks_only or not self._making:
            return list(chunks), {}
        facts, names = _fact_texts(chunks), await self._new_names(chunks)
        texts = set(facts.values())
        known = await self._known(document_ids, texts) if texts else {}
        vectors = known | await self._queue.vectors(sorted((texts - known.keys()) | set(names.values())))
        await self._check(vectors.values())
        return [_facts_with(chunk, vectors, facts) for chunk in chunks], {
            key: vectors[one] for key, one in names.items()
        }

    async def _new_names(self, chunks: Sequence[PreparedChunk]) -> dict[str, str]:
        keys = sorted({mention.key for chunk in chunks for mention in chunk.mentions} - self._named)
        have = await self._store.embedded_entities(keys) if keys else frozenset[str]()
        return {key: entity_text(key) for key in keys if key not in have}

    async def _known(self, document_ids: Sequence[str], texts: Iterable[str]) -> dict[str, Vector]:
        by_hash = await self._store.known_vectors(document_ids, model=self._embedder.fingerprint)
        hashes = {text: text_hash(text) for text in texts} if by_hash else {}
        return {text: by_hash[digest] for text, digest in hashes.items() if digest in by_hash}

    async def check_given(self, vectors: Iterable[Vector]) -> None:
        """Vectors given by the caller that do not fit the index are this document's fault, not the call's."""
        given = list(vectors)
        await check_fit({len(vector) for vector in given} - self._dimensions, self._tools, asking=False)
        try:
            await self._check(given)
        except SchemaError as error:
            raise InputError(f"the embeddings given do not fit this index: {error}") from error

    async def _check(self, vectors: Iterable[Vector]) -> None:
        for dimension in sorted({len(vector) for vector in vectors} - self._dimensions):
            await self._store.check_embedding(self._embedder.fingerprint, dimension)
            self._dimensions.add(dimension)


def fact_text(fact: Fact, surfaces: Mapping[str, str]) -> str:
    """What is embedded of a fact: its description; without one, the names and keywords."""
    return statement_text(fact.description, surfaces[fact.source_key], fact.keywords, surfaces[fact.target_key])


def _fact_texts(chunks: Sequence[PreparedChunk]) -> dict[Fact, str]:
    texts: dict[Fact, str] = {}
    for chunk in chunks:
        surfaces = {mention.key: mention.surface for mention in chunk.mentions}
        texts.update((fact, fact_text(fact, surfaces)) for fact in chunk.facts)
    return texts


def _with_vectors(chunk: PreparedChunk, vectors: Mapping[str, Vector], texts: Mapping[Fact, str]) -> PreparedChunk:
    told = _facts_with(chunk, vectors, texts)
    return told if told.embedding is not None else replace(told, embedding=vectors[chunk.chunk.content])


def _facts_with(chunk: PreparedChunk, vectors: Mapping[str, Vector], texts: Mapping[Fact, str]) -> PreparedChunk:
    if not texts:
        return chunk
    return replace(chunk, facts=tuple(replace(fact, embedding=vectors[texts[fact]]) for fact in chunk.facts))
