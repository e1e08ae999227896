"""LangChain's published suites: the retriever in every mode, the vector store, the tool."""

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

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.langchain import LightRAGRetriever, LightRAGTool, LightRAGVectorStore
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordChat, WordEmbedder


class _Retriever(RetrieversIntegrationTests):
    options: dict[str, Any]

    @pytest.fixture(autouse=True)
    def _library(self, library: LightRAGIndex) -> None:
        self._index = library

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return LightRAGRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"index": self._index, **self.options}

    @property
    def retriever_query_example(self) -> str:
        return "Which institute and bridge are near the River Ossel, Port Lorne or the Lantern Fair?"


class TestDefault(_Retriever):
    options = {}  # noqa: RUF012


class TestKeyword(_Retriever):
    options = {"mode": "keyword"}  # noqa: RUF012


class TestVector(_Retriever):
    options = {"mode": "vector"}  # noqa: RUF012


class TestNaive(_Retriever):
    options = {"mode": "naive"}  # noqa: RUF012


class TestLocal(_Retriever):
    options = {"mode": "local"}  # noqa: RUF012


class TestGlobal(_Retriever):
    options = {"mode": "global"}  # noqa: RUF012


class TestHybrid(_Retriever):
    options = {"mode": "hybrid"}  # noqa: RUF012


class TestGraph(_Retriever):
    options = {"mode": "graph"}  # noqa: RUF012


class TestMix(_Retriever):
    options = {"mode": "mix"}  # noqa: RUF012


class TestMixReranked(_Retriever):
    options = {"mode": "mix", "rerank": True}  # noqa: RUF012


class TestMixFiltered(_Retriever):
    options = {"mode": "mix", "filter": {"year": {"$gte": 1840}}}  # noqa: RUF012


class TestMixWithModels(_Retriever):
    """A LangChain chat model extracts and makes keywords, an embedding model that is not lexical embeds."""

    options = {"mode": "mix"}  # noqa: RUF012

    @pytest.fixture(autouse=True)
    def _library(self, make_index: MakeIndex, articles: list[Any]) -> None:
        self._index = make_index(llm=WordChat(), embed_model=WordEmbedder())
        self._index.ingest(articles)


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
    def _library(self, library: LightRAGIndex) -> None:
        self._index = library

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
