"""The three-part context within its budgets."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from lightrag_integrations.models import EntityView, FactView, Hit, RelationView, RetrievalResult
from lightrag_integrations.options import QueryOptions
from lightrag_integrations.retrieve.context import build_context
from lightrag_integrations.text.tokens import default_tokenizer

TOKENS = default_tokenizer()


def result(*texts: str, title: str = "Title", entities: int = 0, relations: int = 0) -> RetrievalResult:
    return RetrievalResult(
        query="q",
        mode="mix",
        hits=tuple(
            Hit(chunk_id=f"c{n}", document_id=f"d{n}", text=text, score=1.0, title=f"{title} {n}", start=3, end=9)
            for n, text in enumerate(texts)
        ),
        entities=tuple(EntityView(name=f"Entity {n}", type="thing", description="some words") for n in range(entities)),
        relations=tuple(
            RelationView(source=f"A{n}", target="B", description="A tells B", facts=(FactView(source="A", target="B"),))
            for n in range(relations)
        ),
    )  # fmt: skip


@given(
    texts=st.lists(st.text("abc de.茶ß\n", max_size=400), max_size=6),
    entities=st.integers(0, 30),
    relations=st.integers(0, 30),
    title=st.sampled_from(["Title", "A title as long as a whole passage " * 20]),
    budget=st.integers(1, 800),
    entity_tokens=st.integers(0, 300),
    relation_tokens=st.integers(0, 300),
)
def test_budgets_hold(
    texts: list[str],
    entities: int,
    relations: int,
    title: str,
    budget: int,
    entity_tokens: int,
    relation_tokens: int,
) -> None:
    options = QueryOptions(context_tokens=budget, entity_tokens=entity_tokens, relation_tokens=relation_tokens)
    context = build_context(result(*texts, title=title, entities=entities, relations=relations), TOKENS, options)
    assert context.token_count == TOKENS.count(context.text) <= budget
    lines = [line for line in context.text.splitlines() if line.startswith("{")]
    named = [line for line in lines if '"entity"' in line]
    related = [line for line in lines if '"source"' in line]
    assert (len(named), len(related)) == (len(context.entities), len(context.relations))
    assert sum(map(TOKENS.count, named)) <= entity_tokens
    assert sum(map(TOKENS.count, related)) <= relation_tokens
    assert [citation.number for citation in context.citations] == list(range(1, len(context.citations) + 1))
    assert [citation.chunk_id for citation in context.citations] == [f"c{n}" for n in range(len(context.citations))]
    if texts and budget >= 60:
        assert context.citations


def test_what_it_looks_like() -> None:
    context = build_context(result("First text.", "Second text.", entities=1, relations=1), TOKENS, QueryOptions())
    entity, relation = (json.loads(line) for line in context.text.splitlines() if line.startswith("{"))
    assert entity == {"entity": "Entity 0", "type": "thing", "description": "some words"}
    assert relation == {"source": "A0", "target": "B", "description": "A tells B"}
    assert context.text.endswith("Passages:\n[1] Title 0\nFirst text.\n[2] Title 1\nSecond text.")
    assert (context.citations[1].document_id, context.citations[1].start, context.citations[1].end) == ("d1", 3, 9)


def test_a_first_passage_that_does_not_fit_is_cut() -> None:
    context = build_context(result("word " * 500, "short"), TOKENS, QueryOptions(context_tokens=100))
    assert [citation.chunk_id for citation in context.citations] == ["c0"]
    assert 60 < len(re.findall("word", context.text)) < 100
    assert context.token_count <= 100


def test_passages_are_taken_whole_in_order() -> None:
    context = build_context(result("one", "word " * 500, "three"), TOKENS, QueryOptions(context_tokens=100))
    assert [citation.chunk_id for citation in context.citations] == ["c0"]


def test_nothing_found() -> None:
    context = build_context(result(), TOKENS, QueryOptions())
    assert (context.text, context.token_count, context.citations) == ("", 0, ())
