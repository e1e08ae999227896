"""LangChain's published suites: the retriever in every mode, with and without reranking, the store, the tool."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import (
    RetrieversIntegrationTests,
    ToolsIntegrationTests,
    VectorStoreIntegrationTests,
)
from langchain_tests.unit_tests import ToolsUnitTests

from lightrag_integrations import LightRAGIndex, QueryOptions
from lightrag_integrations.langchain import LightRAGRetriever, LightRAGTool, LightRAGVectorStore
from tests.frameworks.conftest import MakeIndex, collection
from tests.frameworks.doubles import WordChat, WordEmbedder


@pytest.fixture(scope="module")
def shelf(dsn: str) -> Iterator[LightRAGIndex]:
    """The collection, with models: a LangChain chat model extracts, makes keywords and ranks; a real embedder."""
    with LightRAGIndex(
        f"suites-{uuid.uuid4().hex[:12]}", database=dsn, llm=WordChat(), embed_model=WordEmbedder()
    ) as it:
        it.ingest(collection())
        yield it
        it.drop()


@pytest.fixture(scope="module")
def lexical_shelf(dsn: str) -> Iterator[LightRAGIndex]:
    """The collection without any model."""
    with LightRAGIndex(f"suites-{uuid.uuid4().hex[:12]}", database=dsn) as it:
        it.ingest(collection())
        yield it
        it.drop()


class _Retriever(RetrieversIntegrationTests):
    options: dict[str, Any]

    @pytest.fixture(autouse=True)
    def _library(self, shelf: LightRAGIndex) -> None:
        self._index = shelf

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return LightRAGRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"index": self._index, **self.options}

    @property
    def retriever_query_example(self) -> str:
        return "Which institute and bridge are near the River Ossel, Port Lorne or the Lantern Fair?"


class _Lexical(_Retriever):
    @pytest.fixture(autouse=True)
    def _library(self, lexical_shelf: LightRAGIndex) -> None:
        self._index = lexical_shelf


class TestDefault(_Retriever):
    options = {}  # noqa: RUF012


class TestKeyword(_Retriever):
    options = {"mode": "keyword"}  # noqa: RUF012


class TestKeywordReranked(_Retriever):
    options = {"mode": "keyword", "rerank": True}  # noqa: RUF012


class TestVector(_Retriever):
    options = {"mode": "vector"}  # noqa: RUF012


class TestVectorReranked(_Retriever):
    options = {"mode": "vector", "rerank": True}  # noqa: RUF012


class TestNaive(_Retriever):
    options = {"mode": "naive"}  # noqa: RUF012


class TestLocal(_Retriever):
    options = {"mode": "local"}  # noqa: RUF012


class TestLocalReranked(_Retriever):
    options = {"mode": "local", "rerank": True}  # noqa: RUF012


class TestGlobal(_Retriever):
    options = {"mode": "global"}  # noqa: RUF012


class TestGlobalReranked(_Retriever):
    options = {"mode": "global", "rerank": True}  # noqa: RUF012


class TestHybrid(_Retriever):
    options = {"mode": "hybrid"}  # noqa: RUF012


class TestHybridReranked(_Retriever):
    options = {"mode": "hybrid", "rerank": True}  # noqa: RUF012


class TestGraph(_Retriever):
    options = {"mode": "graph"}  # noqa: RUF012


class TestGraphReranked(_Retriever):
    options = {"mode": "graph", "rerank": True}  # noqa: RUF012


class TestMix(_Retriever):
    options = {"mode": "mix"}  # noqa: RUF012


class TestMixReranked(_Retriever):
    options = {"mode": "mix", "rerank": True}  # noqa: RUF012


class TestMixRerankedByAModel(_Retriever):
    options = {"mode": "mix", "rerank": "llm"}  # noqa: RUF012


class TestMixFiltered(_Retriever):
    options = {"mode": "mix", "filter": {"year": {"$gte": 1840}}}  # noqa: RUF012


class TestMixWithKeywordsOfAModel(_Retriever):
    options = {"mode": "mix", "options": QueryOptions(keywords=True)}  # noqa: RUF012


class TestKeywordWithoutModels(_Lexical):
    options = {"mode": "keyword"}  # noqa: RUF012


class TestVectorWithoutModels(_Lexical):
    options = {"mode": "vector"}  # noqa: RUF012


class TestLocalWithoutModels(_Lexical):
    options = {"mode": "local"}  # noqa: RUF012


class TestGlobalWithoutModels(_Lexical):
    options = {"mode": "global"}  # noqa: RUF012


class TestHybridWithoutModels(_Lexical):
    options = {"mode": "hybrid"}  # noqa: RUF012


class TestGraphWithoutModels(_Lexical):
    options = {"mode": "graph"}  # noqa: RUF012


class TestMixWithoutModels(_Lexical):
    options = {"mode": "mix"}  # noqa: RUF012


class TestVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, make_index: MakeIndex) -> Iterator[VectorStore]:
        yield LightRAGVectorStore(index=make_index(embed_model=self.get_embeddings()))


class TestVectorStoreWithGraph(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, make_index: MakeIndex) -> Iterator[VectorStore]:
        yield LightRAGVectorStore(index=make_index(embed_model=self.get_embeddings()), build_graph=True)


class _Tool:
    @pytest.fixture(autouse=True)
    def _library(self, shelf: LightRAGIndex) -> None:
        self._index = shelf

    @property
    def tool_constructor(self) -> type[BaseTool]:
        return LightRAGTool

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"index": self._index}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"query": "Who designed the Corvane Bridge?", "mode": "mix", "k": 2}


class TestToolUnit(_Tool, ToolsUnitTests):
    pass


class TestToolIntegration(_Tool, ToolsIntegrationTests):
    pass


class TestToolOfOneTenantUnit(_Tool, ToolsUnitTests):
    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"index": self._index, "scope": ("even",), "filter": {"year": {"$gt": 0}}, "name": "search_notes"}


class TestToolOfRerankedPassagesIntegration(_Tool, ToolsIntegrationTests):
    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"index": self._index, "mode": "graph", "rerank": "llm", "filter": {"year": {"$gt": 1800}}}


async def test_bypass_finds_nothing(shelf: LightRAGIndex) -> None:
    retriever = LightRAGRetriever(index=shelf, mode="bypass")
    assert retriever.invoke("Which bridge?") == await retriever.ainvoke("Which bridge?") == []
