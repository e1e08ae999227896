"""The retriever: nodes, options, events, prompts."""

from typing import Any

import pytest
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import LLMChatStartEvent, LLMCompletionStartEvent
from llama_index.core.instrumentation.events.retrieval import RetrievalEndEvent, RetrievalStartEvent
from llama_index.core.schema import MetadataMode, NodeRelationship, NodeWithScore, QueryBundle, TextNode
from llama_index.core.vector_stores.types import FilterOperator, MetadataFilter, MetadataFilters

from lightrag_integrations import Document, InputError, LightRAGIndex, QueryOptions
from lightrag_integrations.llama_index import LightRAGRetriever
from lightrag_integrations.llama_index.convert import to_hits
from lightrag_integrations.models import HIDDEN_KEY
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordEmbedder, WordLLM

MODES: list[Any] = ["keyword", "vector", "naive", "local", "global", "hybrid", "graph", "mix"]


class Seen(BaseEventHandler):
    events: list[Any] = []  # noqa: RUF012 - pydantic copies it

    def handle(self, event: Any, **kwargs: Any) -> None:
        self.events.append(event)


@pytest.fixture
def seen() -> Any:
    handler, dispatcher = Seen(), get_dispatcher()
    dispatcher.add_event_handler(handler)
    yield handler.events
    dispatcher.event_handlers.remove(handler)


@pytest.mark.parametrize("mode", MODES)
async def test_nodes_are_the_hits_of_the_handle(library: LightRAGIndex, question: str, mode: Any) -> None:
    hits = library.retrieve(question, mode=mode, k=3).hits
    retriever = LightRAGRetriever(library, mode=mode, similarity_top_k=3)
    found = retriever.retrieve(question)
    assert [(item.node.node_id, item.score) for item in found] == [(hit.chunk_id, hit.score) for hit in hits]
    assert await retriever.aretrieve(question) == found
    for item, hit in zip(found, hits, strict=True):
        assert item.node.ref_doc_id == hit.document_id
        assert item.node.metadata.pop("lightrag")["mode"] == ("vector" if mode == "naive" else mode)
        assert item.node.metadata == hit.metadata
        assert (item.node.start_char_idx, item.node.end_char_idx) == (hit.start, hit.end)


def test_evidence_stays_out_of_prompts(library: LightRAGIndex, question: str) -> None:
    assert isinstance(LightRAGRetriever(library), BaseRetriever)
    node = LightRAGRetriever(library).retrieve(question)[0].node
    for mode in (MetadataMode.LLM, MetadataMode.EMBED):
        assert "lightrag" not in node.get_content(metadata_mode=mode)
        assert "title: " in node.get_content(metadata_mode=mode)
    assert NodeRelationship.SOURCE in node.relationships


def test_filters_of_both_kinds(library: LightRAGIndex, question: str) -> None:
    late = MetadataFilters(filters=[MetadataFilter(key="year", operator=FilterOperator.GT, value=1900)])
    found = LightRAGRetriever(library, filters=late, similarity_top_k=8).retrieve(question)
    assert len(found) == 3 and all(item.node.metadata["year"] > 1900 for item in found)
    same = LightRAGRetriever(library, filters={"year": {"$gt": 1900}}, similarity_top_k=8).retrieve(question)
    assert same == found


def test_what_is_wrong_is_refused(library: LightRAGIndex) -> None:
    with pytest.raises(InputError, match="unknown operator"):
        LightRAGRetriever(library, filters={"year": {"$after": 1900}})
    with pytest.raises(InputError, match="mode"):
        LightRAGRetriever(library, mode="fuzzy")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="top_k"):
        LightRAGRetriever(library, top_k=3)  # type: ignore[call-arg]
    with pytest.raises(InputError, match="query"):
        LightRAGRetriever(library).retrieve("  ")


async def test_vectors_of_the_question(make_index: MakeIndex, articles: list[Document]) -> None:
    embedder = WordEmbedder()
    index = make_index(embed_model=embedder)
    index.ingest(articles)
    retriever = LightRAGRetriever(index, mode="vector", similarity_top_k=1)
    spent = embedder.texts
    bundle = QueryBundle("nothing like it", embedding=WordEmbedder.vector(articles[5].text))
    assert retriever.retrieve(bundle)[0].node.ref_doc_id == "fair"
    assert (await retriever.aretrieve(bundle))[0].node.ref_doc_id == "fair"
    assert embedder.texts == spent
    several = QueryBundle("nothing like it", custom_embedding_strs=[articles[5].text, articles[5].text])
    assert retriever.retrieve(several)[0].node.ref_doc_id == "fair"
    assert (await retriever.aretrieve(several))[0].node.ref_doc_id == "fair"
    assert embedder.texts == spent + 4


async def test_events_spans_and_the_model_call_inside(
    make_index: MakeIndex, articles: list[Document], question: str, seen: list[Any]
) -> None:
    index = make_index(llm=WordLLM())
    index.ingest(articles)
    debug = LlamaDebugHandler(print_trace_on_end=False)
    retriever = LightRAGRetriever(
        index, mode="hybrid", options=QueryOptions(keywords=True), callback_manager=CallbackManager([debug])
    )
    seen.clear()
    await retriever.aretrieve(question)
    kinds = [type(event) for event in seen]
    assert kinds[0] is RetrievalStartEvent and kinds[-1] is RetrievalEndEvent
    model_calls = [event for event in seen if isinstance(event, LLMChatStartEvent | LLMCompletionStartEvent)]
    assert model_calls and model_calls[0].span_id
    assert len(debug.get_event_pairs(CBEventType.RETRIEVE)) == 1


@pytest.mark.parametrize(
    "theirs", ["text", {"x": 1}, {"class_name": [1]}, {"class_name": "TextNode", "relationships": 5}]
)
def test_what_others_write_under_our_key_stops_no_search(index: LightRAGIndex, theirs: Any) -> None:
    index.ingest([Document(id="d", text="The Fram drifted.", metadata={HIDDEN_KEY: theirs})])
    (found,) = LightRAGRetriever(index, mode="keyword").retrieve("Fram")
    assert (found.node.node_id, found.node.ref_doc_id) == ("d#0", "d")


def test_nodes_that_share_an_id_are_all_ranked() -> None:
    nodes = [
        NodeWithScore(node=TextNode(id_=name, text=name + text)) for name, text in (("x", "a"), ("#2", "b"), ("x", "c"))
    ]
    hits = to_hits(nodes)
    assert [hit.text for hit in hits] == ["xa", "#2b", "xc"] and len({hit.chunk_id for hit in hits}) == 3
