"""A store in a dictionary: enough of `Store` to try the pipeline's own logic, with failures on demand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lightrag_integrations.contributions import (
    PaidAnswer,
    PendingDocument,
    PreparedDocument,
    StoredChunk,
    StoredDocument,
    Usage,
)
from lightrag_integrations.errors import ConnectionFailed, SchemaError, StorageError
from lightrag_integrations.ingest.split import text_hash
from lightrag_integrations.models import Extraction
from lightrag_integrations.reports import DocumentStatus


class MemoryStore:
    def __init__(self) -> None:
        self.pending: dict[str, PendingDocument] = {}
        self.leases: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.documents: dict[str, PreparedDocument] = {}
        self.cache: dict[tuple[str, str], Extraction] = {}
        self.usages: list[Usage] = []
        self.commits: list[list[str]] = []
        self.embedding: tuple[str, int] | None = None
        self.refused: set[str] = set()
        """Documents whose transaction fails."""
        self.gone = False
        """Every write fails as if the server were gone."""
        self.extended: list[float] = []

    def _write(self) -> None:
        if self.gone:
            raise ConnectionFailed("the server is gone")

    async def reachable(self) -> None:
        self._write()

    async def record_settings(self, settings: Mapping[str, str]) -> None:
        self._write()

    async def check_embedding(self, fingerprint: str, dimension: int) -> None:
        self.embedding = self.embedding or (fingerprint, dimension)
        if self.embedding != (fingerprint, dimension):
            raise SchemaError(f"holds {self.embedding}, got {(fingerprint, dimension)}")

    async def settings(self) -> dict[str, str]:
        return {} if self.embedding is None else {"embedding": self.embedding[0], "dimension": str(self.embedding[1])}

    async def stored(self, document_ids: Sequence[str]) -> dict[str, StoredDocument]:
        found = [self.documents[i] for i in document_ids if i in self.documents]
        return {
            d.document.id: StoredDocument(d.document.id, d.content_hash, d.document.source, d.document.metadata)
            for d in found
        }

    async def chunk_hashes(self, document_ids: Sequence[str]) -> dict[str, dict[str, StoredChunk]]:
        return {
            i: {
                c.chunk.id: StoredChunk(
                    c.content_hash,
                    json.dumps(c.chunk.metadata),
                    c.chunk.position,
                    c.chunk.start,
                    c.chunk.end,
                    c.chunk.token_count,
                )
                for c in self.documents[i].chunks
            }
            for i in document_ids
            if i in self.documents
        }

    async def accept(
        self, documents: Sequence[PendingDocument], *, owner: str, lease_s: float, onto: str = "any"
    ) -> frozenset[str]:
        self._write()
        may = {
            "any": lambda i: True,
            "nothing": lambda i: i not in self.pending,
            "own": lambda i: self.leases.get(i) == owner,
        }
        accepted = [item for item in documents if may[onto](item.document.id)]
        for item in accepted:
            self.pending[item.document.id] = item
            self.leases[item.document.id] = owner
            self.failed.pop(item.document.id, None)
        return frozenset(item.document.id for item in accepted)

    async def extend_lease(self, document_ids: Sequence[str], *, owner: str, lease_s: float) -> None:
        self._write()
        self.extended.append(lease_s)
        if lease_s == 0:
            for document_id in document_ids:
                if self.leases.get(document_id) == owner:
                    del self.leases[document_id]

    async def claim(
        self, document_ids: Sequence[str] | None, *, owner: str, lease_s: float, limit: int
    ) -> list[PendingDocument]:
        free = [i for i in self.pending if i not in self.leases and (document_ids is None or i in document_ids)]
        for document_id in free[:limit]:
            self.leases[document_id] = owner
            self.failed.pop(document_id, None)
            item = self.pending[document_id]
            self.pending[document_id] = replace(item, attempts=item.attempts + 1)
        return [self.pending[i] for i in free[:limit]]

    async def known_vectors(
        self, document_ids: Sequence[str], *, model: str | None = None
    ) -> dict[str, Sequence[float]]:
        chunks = [c for i in document_ids if i in self.documents for c in self.documents[i].chunks]
        known = {c.content_hash: c.embedding for c in chunks}
        known.update({text_hash(f.description): f.embedding for c in chunks for f in c.facts})
        return {digest: vector for digest, vector in known.items() if vector is not None}

    async def embedded_entities(self, keys: Sequence[str]) -> frozenset[str]:
        have = {key for d in self.documents.values() for key in d.entity_embeddings}
        return frozenset(have & set(keys))

    async def cached_extractions(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Extraction]:
        return {key: self.cache[key] for key in keys if key in self.cache}

    async def cache_extractions(self, answers: Sequence[PaidAnswer]) -> None:
        self._write()
        for one in answers:
            self.cache[one.key] = Extraction.model_validate_json(one.extraction.model_dump_json())
            self.usages.extend(one.usages)

    async def record_usage(self, usages: Sequence[Usage]) -> None:
        self._write()
        self.usages.extend(usages)

    async def commit(self, documents: Sequence[PreparedDocument], *, owner: str) -> frozenset[str]:
        self._write()
        if any(d.document.id in self.refused for d in documents):
            raise StorageError("a value was refused")
        self.commits.append([d.document.id for d in documents])
        owned = [document for document in documents if self.leases.get(document.document.id) == owner]
        for document in owned:
            self._put(document)
            del self.pending[document.document.id], self.leases[document.document.id]
        return frozenset(document.document.id for document in owned)

    def _put(self, document: PreparedDocument) -> None:
        old = self.documents.get(document.document.id)
        if old is not None and not document.replace:
            new = {chunk.chunk.id for chunk in document.chunks}
            kept = [chunk for chunk in old.chunks if chunk.chunk.id not in new]
            document = replace(document, chunks=[*kept, *document.chunks])
        self.documents[document.document.id] = document

    async def update_metadata(self, documents: Sequence[PendingDocument]) -> None:
        self._write()
        for item in documents:
            old = self.documents[item.document.id]
            self.documents[item.document.id] = replace(old, document=item.document)

    async def fail(self, errors: Mapping[str, str], *, owner: str) -> None:
        self._write()
        for document_id, reason in errors.items():
            if self.leases.get(document_id) == owner:
                self.failed[document_id] = reason
                del self.leases[document_id]

    async def statuses(
        self, *, status: str | None, document_ids: Sequence[str] | None, limit: int | None
    ) -> list[DocumentStatus]:
        ids = sorted({*self.documents, *self.pending})
        rows = [DocumentStatus(id=i, status=self._state(i), error=self.failed.get(i, "")) for i in ids]
        asked = [r for r in rows if status in (None, r.status) and (document_ids is None or r.id in document_ids)]
        return asked[:limit]

    def _state(self, document_id: str) -> str:
        if document_id in self.failed:
            return "failed"
        if document_id in self.pending:
            return "processing" if document_id in self.leases else "pending"
        return "processed"
