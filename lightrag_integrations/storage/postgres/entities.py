"""Entities as their visible mentions describe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightrag_integrations.rows import EntityRow
from lightrag_integrations.storage.postgres.reads import Reads
from lightrag_integrations.storage.postgres.wire import int4_array

__all__ = ["EntityReads"]


class EntityReads(Reads):
    """Names, types and descriptions, composed at reading."""

    async def entities(self, ids: Sequence[int]) -> Mapping[int, EntityRow]:
        """See `store.Reader.entities`."""
        wanted = int4_array(ids)
        documents: dict[int, dict[str, None]] = {}
        descriptions: dict[int, dict[str, None]] = {}
        # Both come in (document id, position) order; dicts keep the first of equals.
        for entity, document_id, description in await self._seen("entity_sources", entities=wanted):
            documents.setdefault(entity, {})[document_id] = None
            if description:
                descriptions.setdefault(entity, {})[description] = None
        return {
            entity: EntityRow(
                id=entity, key=key, name=name, type=kind, description="\n".join(descriptions.get(entity, ())),
                degree=degree, mentions=mentions, document_ids=tuple(documents.get(entity, ())),
            )
            for entity, key, mentions, name, kind, degree in await self._seen("entities", entities=wanted)
        }  # fmt: skip
