"""LightRAG's three-part context: entities, relations, chunks with reference numbers, each within its token budget."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from lightrag_integrations.models import Citation, Context, EntityView, Hit, RelationView, RetrievalResult
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.protocols import Tokenizer

__all__ = ["build_context"]

T = TypeVar("T")


def build_context(result: RetrievalResult, tokenizer: Tokenizer, options: QueryOptions) -> Context:
    """Lay out a result for a model to read.

    Args:
        result: Hits, entities and relations.
        tokenizer: Counts.
        options: `entity_tokens`, `relation_tokens` and `context_tokens`; what the first two leave goes to the chunks.

    Returns:
        The text and what it holds. Chunks are taken whole, in rank order, as long as they fit; the first one is cut
        when even it does not. A budget of a few tokens holds nothing.
    """
    entities = _fitting(
        result.entities, _entity_line, tokenizer, min(options.entity_tokens, options.context_tokens // 4)
    )
    relations = _fitting(
        result.relations, _relation_line, tokenizer, min(options.relation_tokens, options.context_tokens // 4)
    )
    head = _part("Entities", [_entity_line(entity) for entity in entities])
    head += _part("Relations", [_relation_line(relation) for relation in relations])
    room = options.context_tokens - tokenizer.count(head) - 16
    passages, hits = _passages(result.hits, tokenizer, room)
    text = head + _part("Passages", passages)
    return Context(
        text=text.strip(),
        entities=tuple(entities),
        relations=tuple(relations),
        citations=tuple(_citation(number, hit) for number, hit in enumerate(hits, start=1)),
        token_count=tokenizer.count(text.strip()),
    )


def _passages(hits: Sequence[Hit], tokenizer: Tokenizer, room: int) -> tuple[list[str], list[Hit]]:
    lines: list[str] = []
    kept: list[Hit] = []
    for number, hit in enumerate(hits, start=1):
        line = _passage_line(number, hit, hit.text)
        cost = tokenizer.count(line) + 1
        if cost > room and number == 1:
            line = _cut(hit, tokenizer, room)
            cost = room if line else room + 1
        if cost > room:
            break
        room -= cost
        lines.append(line)
        kept.append(hit)
    return lines, kept


def _cut(hit: Hit, tokenizer: Tokenizer, room: int) -> str:
    """As much of the first passage as fits, a title taking no more than a quarter; empty when nothing does."""
    short = hit.model_copy(update={"title": tokenizer.cut(hit.title, max(room // 4, 0))})
    left = room - tokenizer.count(_passage_line(1, short, "")) - 2
    return _passage_line(1, short, tokenizer.cut(hit.text, left)) if left > 0 else ""


def _fitting(items: Iterable[T], line: Any, tokenizer: Tokenizer, budget: int) -> list[T]:
    kept = []
    for item in items:
        budget -= tokenizer.count(line(item)) + 1
        if budget < 0:
            break
        kept.append(item)
    return kept


def _part(title: str, lines: Sequence[str]) -> str:
    return f"{title}:\n" + "\n".join(lines) + "\n\n" if lines else ""


def _entity_line(entity: EntityView) -> str:
    return _json(entity=entity.name, type=entity.type, description=entity.description)


def _relation_line(relation: RelationView) -> str:
    return _json(
        source=relation.source,
        target=relation.target,
        keywords=", ".join(relation.keywords),
        description=relation.description,
    )


def _passage_line(number: int, hit: Hit, text: str) -> str:
    return f"[{number}] {hit.title}\n{text}" if hit.title else f"[{number}] {text}"


def _json(**fields: str) -> str:
    return json.dumps({name: value for name, value in fields.items() if value}, ensure_ascii=False)


def _citation(number: int, hit: Hit) -> Citation:
    return Citation(
        number=number,
        chunk_id=hit.chunk_id,
        document_id=hit.document_id,
        title=hit.title,
        source=hit.source,
        start=hit.start,
        end=hit.end,
    )
