"""Filters that a model writes: every comparator, and never past what the program set."""

from typing import Any

import pytest
from langchain_classic.retrievers import SelfQueryRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.structured_query import Comparator, Comparison, Operation, Operator, StructuredQuery

from lightrag_integrations import InputError, LightRAGIndex
from lightrag_integrations.filters import parse_filter
from lightrag_integrations.langchain import LightRAGTranslator, LightRAGVectorStore


def compare(comparator: str, attribute: str, value: Any) -> Comparison:
    return Comparison(comparator=Comparator(comparator), attribute=attribute, value=value)


def combine(operator: str, *arguments: Any) -> Operation:
    return Operation(operator=Operator(operator), arguments=list(arguments))


@pytest.mark.parametrize("search_type", ["similarity", "mmr", "mix", "graph"])
async def test_in_a_self_query_retriever(library: LightRAGIndex, question: str, search_type: str) -> None:
    written: list[Any] = [
        compare("gt", "year", 1899),
        combine("or", compare("lt", "year", 1800), compare("eq", "title", "Otto Varga")),
        combine("not", compare("in", "year", [1931, 1934, 1899])),
        compare("eq", "even", False),
        None,
    ]
    years: list[set[int]] = [
        {1934, 1902},
        {1710, 1902},
        {1802, 1840, 1710, 1902},
        set(),
        {1934, 1802, 1840, 1710, 1902},
    ]
    retrievers = [
        SelfQueryRetriever(
            vectorstore=LightRAGVectorStore(index=library),
            llm_chain=RunnableLambda(lambda _, one=one: StructuredQuery(query=question, filter=one, limit=8)),
            structured_query_translator=LightRAGTranslator(filter={"even": True}),
            search_type=search_type,
            search_kwargs={"filter": {"even": True}},
        )
        for one in written
    ]
    found = [{document.metadata["year"] for document in retriever.invoke("?")} for retriever in retrievers]
    assert found == years
    assert [{document.metadata["year"] for document in await one.ainvoke("?")} for one in retrievers] == years


def test_every_comparator_makes_a_filter() -> None:
    translator = LightRAGTranslator()
    values: dict[str, Any] = {"in": ["a", "b"], "nin": [1]}
    for comparator in Comparator:
        query = StructuredQuery(query="q", filter=compare(comparator.value, "key", values.get(comparator.value, "a")))
        asked, fields = translator.visit_structured_query(query)
        assert asked == "q" and parse_filter(fields["filter"]) is not None
    day = compare("gte", "on", {"type": "date", "date": "2024-01-31"})
    assert translator.visit_comparison(day) == {"on": {"$gte": "2024-01-31"}}
    assert translator.visit_structured_query(StructuredQuery(query="q", filter=None, limit=None)) == ("q", {})
    with pytest.raises(InputError, match="operator"):
        LightRAGTranslator(filter={"year": {"$after": 3}})


@pytest.mark.parametrize("search_type", ["similarity", "mmr", "mix", "keyword"])
async def test_a_filter_without_a_question(library: LightRAGIndex, search_type: str) -> None:
    """LangChain's parser makes a blank of a question that is nothing but a filter."""
    retriever = SelfQueryRetriever(
        vectorstore=LightRAGVectorStore(index=library),
        llm_chain=RunnableLambda(lambda _: StructuredQuery(query=" ", filter=compare("gt", "year", 1850), limit=2)),
        structured_query_translator=LightRAGTranslator(filter={"even": True}),
        search_type=search_type,
    )
    found = retriever.invoke("what is newer than 1850 and even?")
    assert [document.id for document in found] == ["corvane#0", "otto#0"] and await retriever.ainvoke("?") == found
    with pytest.raises(InputError, match="empty text"):
        retriever.vectorstore.similarity_search(" ")
