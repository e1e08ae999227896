"""Every way in which a filtered search shows something, each as one text of all that it shows.

The question is left out of it: who asks for a hidden word has said it themself.
"""

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from langchain_core.documents import Document as LangChainDocument
from llama_index.core.schema import NodeWithScore
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode, VectorStoreQueryResult
from pydantic import BaseModel

from lightrag_integrations import LightRAGIndex, RetrievalResult
from lightrag_integrations import langchain as lc
from lightrag_integrations import llama_index as li
from lightrag_integrations.llama_index.query import run_query
from tests.doubles.openai_server import OpenAIServer
from tests.integration.tenants.making import PEOPLE

__all__ = ["MODES", "SURFACES", "Asked", "Shown"]

MODES = ("keyword", "vector", "local", "global", "hybrid", "graph", "mix")


class Shown(NamedTuple):
    """What one query showed."""

    what: str
    text: str
    hits: int


class Asked:
    """One query: an index, a question, a filter, and chance for everything else."""

    def __init__(
        self, index: LightRAGIndex, server: OpenAIServer, *, draw: random.Random, question: str, where: dict[str, Any]
    ) -> None:
        self.index = index
        self.server = server
        self.draw = draw
        self.question = question
        self.where = where

    def retrieve(self) -> Shown:
        """All of a result: hits, explanation, context, entities, relations, the page; what a reranker was sent."""
        mode = self.draw.choice(MODES)
        options: dict[str, Any] = {"k": self.draw.choice((1, 4, 10, 60)), "explain": self.draw.random() < 0.8}
        options["rerank"] = self.draw.choice((False, False, False, True, "llm"))
        options["keywords"] = mode in ("local", "global", "hybrid") and self.draw.random() < 0.2
        options["decompose"] = self.draw.random() < 0.1
        self.server.requests.clear()
        result = self.index.retrieve(self.question, mode=mode, filter=self.where, context=True, **options)
        assert options["k"] < 60 or result.context is None or len(result.hits) >= len(result.context.citations)
        return Shown(mode, self._result(result) + self._sent(), len(result.hits))

    def answer(self) -> Shown:
        """What the model is told, and what it says then."""
        mode = self.draw.choice(MODES)
        self.server.requests.clear()
        if self.draw.random() < 0.3:
            said = "".join(self.index.stream_answer(self.question, mode=mode, filter=self.where, k=6))
            return Shown(f"stream_answer {mode}", self._without(said) + self._sent(), 6)
        told = self.index.answer(self.question, mode=mode, filter=self.where, k=6)
        text = self._without(told.text) + _json(told.citations) + self._result(told.retrieval) + self._sent()
        return Shown(f"answer {mode}", text, len(told.retrieval.hits))

    def graph(self) -> Shown:
        """Entities, relations, neighbours, subgraphs; a hidden name among those asked for."""
        words = [word.strip("?") for word in self.question.split() if word.startswith("zq")]
        names = [*self.draw.sample(PEOPLE, 2), *words]
        read: Any = self.index.graph
        found = [
            *(read.entity(name, filter=self.where) for name in names),
            *(read.relation(names[0], name, filter=self.where) for name in names[1:]),
            *read.neighbours(self.draw.choice(names), filter=self.where, limit=9),
            read.subgraph(names, hops=2, limit=20, filter=self.where),
        ]
        return Shown("index.graph", _json([one for one in found if one is not None]), len(found))

    def export(self) -> Shown:
        """The whole visible graph as text."""
        kind: Any = self.draw.choice(("json", "graphml", "csv"))
        made = self.index.graph.export(format=kind, filter=self.where)
        return Shown(f"export {kind}", "".join(made.texts.values()), len(made.texts))

    def chunks(self) -> Shown:
        """Stored chunks, all or by id."""
        ids = None if self.draw.random() < 0.5 else [hit.chunk_id for hit in self.index.documents.chunks()[::3]]
        found = self.index.documents.chunks(ids, filter=self.where)
        return Shown("documents.chunks", _json(found), len(found))

    def langchain(self) -> Shown:
        """Retriever, vector store and tool."""
        store = lc.LightRAGVectorStore(index=self.index)
        mode: Any = self.draw.choice(MODES)
        ways: dict[str, Callable[[], Any]] = {
            "retriever": lambda: lc.LightRAGRetriever(index=self.index, mode=mode, filter=self.where, k=8).invoke(
                self.question
            ),
            "retriever, filter at the call": lambda: lc.LightRAGRetriever(index=self.index, k=8).invoke(
                self.question, filter=self.where
            ),
            "store.as_retriever": lambda: store.as_retriever(
                search_type=mode, search_kwargs={"k": 5, "filter": self.where}
            ).invoke(self.question),
            "store, similarity": lambda: store.similarity_search(self.question, k=7, filter=self.where),
            "store, score": lambda: store.similarity_search_with_score(self.question, k=7, filter=self.where),
            "store, mmr": lambda: store.max_marginal_relevance_search(self.question, k=5, filter=self.where),
            "tool": lambda: self._tool(mode),
        }  # fmt: skip
        name = self.draw.choice(sorted(ways))
        found = ways[name]()
        return Shown(f"LangChain {name}", self._without(_json(found)), len(found))

    def llama_index(self) -> Shown:
        """Retriever, vector store and tool."""
        filters: Any = self.where
        mode: Any = self.draw.choice(MODES)
        ways: dict[str, Callable[[], Any]] = {
            "retriever": lambda: li.LightRAGRetriever(
                self.index, mode=mode, filters=filters, similarity_top_k=8
            ).retrieve(self.question),
            "tool": lambda: li.LightRAGToolSpec(self.index, filters=filters).search(self.question, mode=mode),
            "store, nodes": lambda: li.LightRAGVectorStore(index=self.index).get_nodes(filters=filters),
            **{
                f"store, {kind.value}": lambda kind=kind: self._query(kind, filters)
                for kind in (
                    VectorStoreQueryMode.DEFAULT, VectorStoreQueryMode.SPARSE, VectorStoreQueryMode.HYBRID,
                    VectorStoreQueryMode.MMR,
                )
            },
        }  # fmt: skip
        name = self.draw.choice(sorted(ways))
        found = ways[name]()
        return Shown(f"LlamaIndex {name}", self._without(f"{found}" + _json(found)), len(found))

    def _tool(self, mode: Any) -> list[LangChainDocument]:
        tool = lc.LightRAGTool(index=self.index, filter=self.where)
        call = {"name": tool.name, "args": {"query": self.question, "mode": mode}, "id": "1", "type": "tool_call"}
        message = tool.invoke(call)
        return [*message.artifact, LangChainDocument(page_content=str(message.content))]

    def _query(self, kind: VectorStoreQueryMode, filters: Any) -> list[Any]:
        query = VectorStoreQuery(query_str=self.question, mode=kind, similarity_top_k=6, filters=filters)
        found: VectorStoreQueryResult = run_query(self.index, query)
        return [*(found.nodes or ()), found.ids]

    def _result(self, result: RetrievalResult) -> str:
        shown = result.model_copy(update={"query": ""})
        page = shown.to_html(title="t") if self.draw.random() < 0.25 else ""  # long, and made of the same parts
        return shown.model_dump_json() + page

    def _sent(self) -> str:
        """What the chat model was sent; a question alone is no secret."""
        return self._without("\n".join(request.said for request in self.server.requests if request.path == "chat"))

    def _without(self, text: str) -> str:
        return text.replace(self.question, "").replace(json.dumps(self.question)[1:-1], "")


SURFACES = (
    *(Asked.retrieve,) * 12, *(Asked.answer,) * 2, *(Asked.graph,) * 2, Asked.export, Asked.chunks,
    *(Asked.langchain,) * 3, *(Asked.llama_index,) * 3,
)  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, NodeWithScore):
        return value.node.to_dict()
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)
