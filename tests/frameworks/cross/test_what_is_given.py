"""What is no handle, or has the wrong place, is refused in words, by both adapters and before anything is opened."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.documents import Document as LangChainDocument
from llama_index.core import Document as LlamaDocument
from opentelemetry import trace

from lightrag_integrations import InputError, LightRAGIndex
from lightrag_integrations.langchain import LightRAGRecordManager, LightRAGTranslator
from lightrag_integrations.langchain import LightRAGVectorStore as LangChainStore
from lightrag_integrations.llama_index import (
    LightRAGPropertyGraphIndex,
    LightRAGPropertyGraphStore,
    LightRAGQueryEngine,
    LightRAGRetriever,
    LightRAGSynthesizer,
    LightRAGToolSpec,
)
from lightrag_integrations.telemetry.otel import OpenTelemetryTracer

IX = LightRAGIndex("given", database="postgresql://nobody@127.0.0.1:1/nothing")
LC, LI = [LangChainDocument("text")], [LlamaDocument(text="text")]
FROM = LightRAGPropertyGraphIndex.from_documents
NO_HANDLE = "got 'p1'; expected a LightRAGIndex"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: LightRAGRecordManager("notes", IX), r"index: got 'notes'.*LightRAGRecordManager\(index, namespace="),
        (lambda: LightRAGRecordManager(IX, IX), "namespace: got LightRAGIndex; expected a str"),
        (lambda: LangChainStore.from_documents(LC, None, index="p1"), f'{NO_HANDLE}.*or name="NAME"'),
        (lambda: LightRAGTranslator(filter="north"), "filter: got str; expected a dict"),
        (
            lambda: OpenTelemetryTracer(trace.get_tracer("x")),
            "tracer_provider: got .*Tracer; expected a TracerProvider",
        ),
        (lambda: LightRAGRetriever("p1"), NO_HANDLE),
        (lambda: LightRAGSynthesizer("p1"), NO_HANDLE),
        (lambda: LightRAGToolSpec("p1"), NO_HANDLE),
        (lambda: LightRAGPropertyGraphStore("p1"), NO_HANDLE),
        (lambda: LightRAGPropertyGraphIndex("p1"), NO_HANDLE),
        (lambda: LightRAGQueryEngine.from_args(LightRAGRetriever(IX), index="p1", llm=len), NO_HANDLE),
        (lambda: FROM(LI, index="p1"), NO_HANDLE),
        (lambda: FROM(LI, IX), "storage_context: got LightRAGIndex; expected a StorageContext: .*index="),
        (
            lambda: FROM(LI, index=IX, llm=1, embed_kg_nodes=True),
            r"embed_kg_nodes, llm; expected some .*as_query_engine",
        ),
        (lambda: FROM("text", index=IX), "documents: got 'text'; expected a list"),
        (lambda: FROM(LI[0], index=IX), "documents: got Document; expected a list"),
        (lambda: FROM(["text"], index=IX, kg_extractors=[len]), "document: got 'text'; expected a Document"),
        (lambda: LightRAGPropertyGraphIndex(IX).insert("text"), "document: got 'text'; expected a Document"),
    ],
)
def test_it_is_refused(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()


async def test_by_what_is_asynchronous_too() -> None:
    with pytest.raises(InputError, match="got unknown arguments llm"):
        await LightRAGPropertyGraphIndex.afrom_documents(LI, index=IX, llm=1)
    with pytest.raises(InputError, match="document: got 'text'"):
        await LightRAGPropertyGraphIndex(IX).ainsert("text")
    with pytest.raises(InputError, match="document: got Document"):
        await LightRAGPropertyGraphIndex(IX, kg_extractors=[len]).arefresh_ref_docs(LC)
    assert OpenTelemetryTracer(trace.get_tracer_provider()).on
