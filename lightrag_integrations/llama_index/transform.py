"""`LightRAGTransform`: entities, relations and vectors onto nodes, storing nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.schema import BaseNode, TransformComponent
from pydantic import ConfigDict, Field

from lightrag_integrations import Chunk, Extraction, LightRAGIndex
from lightrag_integrations.llama_index.convert import to_chunk
from lightrag_integrations.llama_index.events import ExtractionEndEvent, ExtractionStartEvent
from lightrag_integrations.llama_index.knowledge import KG_KEYS, graph_metadata, hidden_keys
from lightrag_integrations.prompts import load

__all__ = ["LightRAGTransform"]

dispatcher = get_dispatcher(__name__)

_SHAPES_EXTRACTION = (
    "entity_types", "language", "extract_prompt", "grounded", "max_entities", "max_relations", "max_name_chars",
    "max_description_chars", "max_completion_tokens",
)  # fmt: skip


class LightRAGTransform(TransformComponent):
    """Extracts and embeds nodes with a handle's models.

    Gives copies of the nodes with the standard knowledge-graph metadata keys (`nodes`, `relations`) and `embedding`
    filled in. Writes no node anywhere, so that a pipeline's cache may skip it: put `LightRAGVectorStore` at the end of
    the `IngestionPipeline` as its `vector_store`. Also works in `PropertyGraphIndex(kg_extractors=[...])`. Extractions
    are kept in the index's own cache, chunk by chunk, so that one changed node costs one call.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    index: LightRAGIndex = Field(exclude=True, repr=False)
    """The handle whose models and extraction cache are used."""
    extract: bool = True
    """Fill the knowledge-graph keys."""
    embed: bool = True
    """Fill `node.embedding` where it is empty; a pipeline hands only nodes with one to its vector store."""

    @classmethod
    def class_name(cls) -> str:
        """Stable name; part of a pipeline's cache key."""
        return "LightRAGTransform"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Enrich nodes.

        Args:
            nodes: The nodes; not changed.
            **kwargs: Whatever a pipeline passes on; not used.

        Returns:
            Copies of the nodes.
        """
        dispatcher.event(ExtractionStartEvent(nodes=len(nodes)))
        chunks = self.index.enrich(_bare(nodes), extract=self.extract, embed=self.embed)
        dispatcher.event(_extracted(chunks))
        return self._filled_all(nodes, chunks)

    @dispatcher.span  # LlamaIndex gives only the blocking one a span
    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Like calling it, without blocking the running loop."""
        dispatcher.event(ExtractionStartEvent(nodes=len(nodes)))
        chunks = await self.index.aenrich(_bare(nodes), extract=self.extract, embed=self.embed)
        dispatcher.event(_extracted(chunks))
        return self._filled_all(nodes, chunks)

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """The fields and what shapes the result: index, models, extraction options. Nothing secret."""
        settings = {name: value for name, value in self.index.describe().items() if name != "database"}
        ingest = self.index.options.ingest.model_dump(mode="json", include=set(_SHAPES_EXTRACTION))
        asked = [ingest, load("extract"), load("extract_input")]  # other words in a later version are other answers
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        return {**super().to_dict(**kwargs), "settings": {**settings, "options": digest}}

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> LightRAGTransform:
        """Rebuild from `to_dict`; the handle is given again as `index=`."""
        return super().from_dict({name: value for name, value in data.items() if name != "settings"}, **kwargs)

    def _filled_all(self, nodes: Sequence[BaseNode], chunks: Sequence[Chunk]) -> list[BaseNode]:
        enriched = iter(chunks)
        return [self._filled(node, next(enriched) if _has_text(node) else None) for node in nodes]

    def _filled(self, node: BaseNode, chunk: Chunk | None) -> BaseNode:
        metadata = dict(node.metadata)
        extraction = chunk.extraction if chunk else None
        embedding = chunk.embedding if chunk else None
        if self.extract:
            metadata.update(graph_metadata(extraction or Extraction(), metadata))
        return node.model_copy(
            update={
                "metadata": metadata,
                "embedding": node.embedding if embedding is None else list(embedding),
                "excluded_embed_metadata_keys": hidden_keys(node.excluded_embed_metadata_keys, KG_KEYS),
                "excluded_llm_metadata_keys": hidden_keys(node.excluded_llm_metadata_keys, KG_KEYS),
            }
        )


def _extracted(chunks: Sequence[Chunk]) -> ExtractionEndEvent:
    found = [chunk.extraction for chunk in chunks if chunk.extraction is not None]
    return ExtractionEndEvent(
        nodes=len(chunks),
        entities=sum(len(one.entities) for one in found),
        relations=sum(len(one.relations) for one in found),
    )


def _bare(nodes: Sequence[BaseNode]) -> list[Chunk]:
    """Chunks without extraction: what other extractors found stays, and ours is added to it."""
    return [to_chunk(node).model_copy(update={"extraction": None}) for node in nodes if _has_text(node)]


def _has_text(node: BaseNode) -> bool:
    return bool(node.get_content().strip())
