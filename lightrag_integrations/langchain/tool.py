"""`LightRAGTool`: an index as a tool for agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.documents import Document
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool, ToolException
from langchain_core.tools.base import ArgsSchema
from pydantic import BaseModel, ConfigDict, Field, field_validator

from lightrag_integrations import InputError, LightRAGIndex, QueryOptions
from lightrag_integrations.langchain.convert import RESERVED, checked_filter
from lightrag_integrations.langchain.injected import Runtime, Told, narrowed, refusal
from lightrag_integrations.langchain.retriever import LightRAGRetriever
from lightrag_integrations.options import Mode, Rerank

__all__ = ["LightRAGTool"]

SearchMode = Literal["keyword", "vector", "local", "global", "hybrid", "graph", "mix"]


class SearchArguments(BaseModel):
    """What the model may choose, and what LangGraph puts beside it."""

    query: str = Field(description="The question or search words, in plain language.")
    mode: SearchMode | None = Field(
        default=None,
        description="keyword: exact words. vector: similar meaning. graph: connected facts over several documents. "
        "mix: all of these. Leave out to use the default.",
    )
    k: int | None = Field(default=None, ge=1, le=50, description="Number of passages; leave out to use the default.")
    runtime: Runtime = None


class LightRAGTool(BaseTool):
    """Searches an index; the content has numbered passages, the artifact the documents.

    The model chooses the query, the mode and the number of passages. What may be searched it neither sees nor changes:
    that is set by `filter`, and for each run by `scope`. A run says the values in LangGraph's context or in
    `config={"configurable": {"tenant": "north"}}`; there, `lightrag_filter` narrows any run further.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    name: str = "search_knowledge_graph"
    description: str = (
        "Search the document collection and its knowledge graph. Returns numbered passages; cite them as [1], [2]."
    )
    args_schema: ArgsSchema | None = SearchArguments
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True
    """Refused arguments go back to the model as text."""
    handle_validation_error: Any = refusal
    """Arguments of the wrong kind, too: the text says what is expected."""
    index: LightRAGIndex = Field(exclude=True)
    """The handle to search."""
    k: int = Field(default=4, ge=1)
    """Passages, unless the model asks for another number."""
    mode: Mode | None = None
    """Mode, unless the model chooses one; None: the handle's default."""
    filter: dict[str, Any] | None = Field(default=None, exclude=True, repr=False)
    """What may be searched; the model neither sees nor changes it."""
    scope: tuple[str, ...] = ()
    """Metadata keys of which every run must say the value, such as `("tenant",)`: only documents that have it, or one
    of several, are searched. A run that says none is refused."""
    rerank: Rerank | None = None
    """True: by the handle's reranker; "llm": by its chat model; None: the handle's default."""
    options: QueryOptions | None = Field(default=None, exclude=True, repr=False)
    """Everything else about a search; None: the handle's defaults."""

    _checked_filter = field_validator("filter")(checked_filter)

    def _run(
        self,
        query: str,
        mode: SearchMode | None = None,
        k: int | None = None,
        *,
        config: RunnableConfig,
        runtime: Runtime = None,
        run_manager: CallbackManagerForToolRun | None = None,
    ) -> tuple[str, list[Document]]:
        callbacks = run_manager.get_child() if run_manager else None
        retriever = self._retriever(config, runtime)
        try:
            documents = retriever.invoke(query, {"callbacks": callbacks}, mode=mode, k=k)
        except InputError as error:
            raise ToolException(str(error)) from error
        return _passages(documents), documents

    async def _arun(
        self,
        query: str,
        mode: SearchMode | None = None,
        k: int | None = None,
        *,
        config: RunnableConfig,
        runtime: Runtime = None,
        run_manager: AsyncCallbackManagerForToolRun | None = None,
    ) -> tuple[str, list[Document]]:
        callbacks = run_manager.get_child() if run_manager else None
        retriever = self._retriever(config, runtime)
        try:
            documents = await retriever.ainvoke(query, {"callbacks": callbacks}, mode=mode, k=k)
        except InputError as error:
            raise ToolException(str(error)) from error
        return _passages(documents), documents

    def _retriever(self, config: RunnableConfig, runtime: Any) -> LightRAGRetriever:
        fixed = (self.options or self.index.options.query).filter if self.filter is None else self.filter
        return LightRAGRetriever(
            index=self.index,
            k=self.k,
            mode=self.mode,
            # `run` and `arun`, which older agents call, give None.
            filter=narrowed(fixed, scope=self.scope, told=Told(ensure_config(config), runtime)),
            rerank=self.rerank,
            options=self.options,
        )


def _passages(documents: Sequence[Document]) -> str:
    if not documents:
        return "Nothing was found."
    return "\n\n".join(f"[{number}] {_head(item)}{item.page_content}" for number, item in enumerate(documents, 1))


def _head(document: Document) -> str:
    summary = document.metadata[RESERVED]
    head = ", ".join(text for text in (summary["title"], summary["source"]) if text)
    return f"{head}\n" if head else ""
