"""Acceptance scenario 10: our store and extractor, and the stock ones, under the stock `PropertyGraphIndex`."""

import asyncio
import re
from typing import Any

import pytest
from llama_index.core import Document, PropertyGraphIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.graph_stores.types import EntityNode
from llama_index.core.indices.property_graph import (
    ImplicitPathExtractor,
    LLMSynonymRetriever,
    PGRetriever,
    SimpleLLMPathExtractor,
    VectorContextRetriever,
)
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import MetadataMode

from lightrag_integrations import InputError
from lightrag_integrations.langchain import LightRAGRetriever as LangChainRetriever
from lightrag_integrations.llama_index import (
    LightRAGContextRetriever,
    LightRAGPropertyGraphStore,
    LightRAGRetriever,
    LightRAGTransform,
)
from tests.frameworks.conftest import MakeIndex
from tests.frameworks.doubles import WordEmbedder, WordExtractor

TEXTS = (
    ("mira", "Mira designed Corvane. Mira studied at Tarn."),
    ("tarn", "Edda founded Tarn. Tarn is a school."),
    ("lorne", "Corvane crosses Ossel near Lorne."),
)
QUESTION = "Who founded the school where the designer of Corvane studied?"
MODES = ("keyword", "vector", "local", "global", "hybrid", "graph", "mix")


class Words(BaseEmbedding):
    """The embedder of the handle, as LlamaIndex has it."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return WordEmbedder.vector(text)

    def _get_query_embedding(self, query: str) -> list[float]:
        return WordEmbedder.vector(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return WordEmbedder.vector(query)


class Triples(CustomLLM):
    """Answers with a triple for each sentence of the text, or with the names of the question."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="triples")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        if "KEYWORDS:" in prompt:
            query = prompt.split("QUERY:")[1]
            return CompletionResponse(text="^".join(re.findall(r"\b[A-Z][a-z]+\b", query.split("----")[0])))
        text = prompt.split("Text:")[-1]
        found = re.findall(r"([A-Z]\w+) (\w+)[a-z ]* ([A-Z]\w+)", text)
        return CompletionResponse(text="\n".join(f"({one}, {verb}, {two})" for one, verb, two in found))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        yield self.complete(prompt)


def documents() -> list[Document]:
    return [Document(id_=name, text=text, metadata={"kind": name}) for name, text in TEXTS]


@pytest.fixture
def store(make_index: MakeIndex) -> LightRAGPropertyGraphStore:
    return LightRAGPropertyGraphStore(make_index(embed_model=WordEmbedder(), extractor=WordExtractor()))


def extractors(kind: str, store: LightRAGPropertyGraphStore) -> list[Any]:
    if kind == "ours":
        return [LightRAGTransform(index=store.index, embed=False)]
    return [SimpleLLMPathExtractor(llm=Triples()), ImplicitPathExtractor()]


def built(store: LightRAGPropertyGraphStore, kind: str, **fields: Any) -> PropertyGraphIndex:
    settings = {"llm": Triples(), "embed_model": Words(), "kg_extractors": extractors(kind, store), **fields}
    return PropertyGraphIndex.from_documents(documents(), property_graph_store=store, **settings)


@pytest.mark.parametrize("embed", [True, False])
@pytest.mark.parametrize("kind", ["ours", "stock"])
async def test_from_documents_and_what_finds_it(store: LightRAGPropertyGraphStore, kind: str, embed: bool) -> None:
    made = await asyncio.to_thread(built, store, kind, embed_kg_nodes=embed)
    index = store.index
    assert await index.averify() == []
    assert sorted(document.id for document in await index.documents.alist()) == ["lorne", "mira", "tarn"]
    labels = {relation.label for _, relation, _ in await store.aget_triplets(entity_names=["Corvane"])}
    assert labels and ("Designed" in labels or kind == "ours")
    for mode in MODES:
        hits = (await index.aretrieve(QUESTION, mode=mode, k=3)).hits
        assert len(hits) == 3 or mode == "keyword"
        assert {hit.document_id for hit in hits} <= {"mira", "tarn", "lorne"}, mode
    walked = (await index.aretrieve(QUESTION, mode="graph", k=3, explain=True)).hits
    assert any(hit.evidence.facts for hit in walked)
    ours = await LightRAGRetriever(index, mode="mix", similarity_top_k=3).aretrieve(QUESTION)
    theirs = await LangChainRetriever(index=index, mode="mix", k=3).ainvoke(QUESTION)
    assert [node.node.node_id for node in ours] == [document.id for document in theirs]
    assert ours[0].node.metadata["kind"] == theirs[0].metadata["kind"]

    again = PropertyGraphIndex.from_existing(property_graph_store=store, llm=Triples(), embed_model=Words())
    sub: list[Any] = [
        LLMSynonymRetriever(store, llm=Triples(), include_text=True),
        VectorContextRetriever(store, embed_model=Words(), similarity_top_k=2, path_depth=2),
        LightRAGContextRetriever(store, mode="graph", similarity_top_k=2),
    ]
    for one in sub:
        nodes = await one.aretrieve(QUESTION)
        assert nodes and any("Corvane" in node.get_content() for node in nodes), type(one).__name__
        assert any(text in node.get_content() for node in nodes for _, text in TEXTS), "with the text it is from"
        assert [node.get_content() for node in await asyncio.to_thread(one.retrieve, QUESTION)] == [
            node.get_content() for node in nodes
        ]
    retriever = again.as_retriever(sub_retrievers=sub)
    assert isinstance(retriever, PGRetriever)
    engine = RetrieverQueryEngine.from_args(retriever, llm=Triples())
    assert (await engine.aquery(QUESTION)).source_nodes
    assert await again.as_retriever().aretrieve("Mira and Tarn")

    await asyncio.to_thread(made.delete_ref_doc, "mira", delete_from_docstore=True)
    assert store.get_triplets(entity_names=["Mira"]) == [] == store.get(ids=["Mira"])
    assert store.get(ids=["Tarn"]) and await index.averify() == []
    await asyncio.to_thread(made.delete_ref_doc, "tarn")
    await asyncio.to_thread(made.delete_ref_doc, "lorne")
    assert store.get() == [] and await index.averify() == []


def test_what_a_second_document_says_of_an_entity_is_not_skipped(store: LightRAGPropertyGraphStore) -> None:
    made = built(store, "ours", use_async=False, embed_kg_nodes=False)
    before = store.get(ids=["Tarn"])[0].properties
    made.insert(Document(id_="more", text="Tarn was rebuilt by Otto."))
    after = store.get(ids=["Tarn"])[0].properties
    assert set(str(after["description"]).splitlines()) > set(str(before["description"]).splitlines())
    more = after["triplet_source_ids"][-1]
    made.insert_nodes(store.get_llama_nodes([more]))
    assert store.index.graph.entity("Tarn").document_ids == ("mira", "more", "tarn")  # type: ignore[union-attr]
    (node,) = store.get_llama_nodes([more])
    assert node.ref_doc_id == "more" and not node.metadata, "nothing of ours is left on it"
    made.delete_ref_doc("more")
    assert store.get(ids=["Tarn"])[0].properties == before


def test_from_existing_over_what_was_ingested_otherwise(store: LightRAGPropertyGraphStore) -> None:
    store.index.ingest(documents())
    graph = PropertyGraphIndex.from_existing(property_graph_store=store, llm=Triples(), embed_model=Words())
    nodes = graph.as_retriever().retrieve("Mira and Corvane")
    assert any("Mira -> " in node.get_content() and TEXTS[0][1] in node.get_content() for node in nodes)
    assert {node.id for node in store.get(properties={"ref_doc_id": "mira"})} == {"mira#0"}
    (mira,) = store.get(ids=["Mira"])
    assert mira.label == "concept" and mira.properties["triplet_source_id"] == "mira#0"


async def test_inside_a_running_loop(store: LightRAGPropertyGraphStore) -> None:
    fields = {"llm": Triples(), "embed_model": Words(), "kg_extractors": [LightRAGTransform(index=store.index)]}
    made = PropertyGraphIndex.from_existing(property_graph_store=store, use_async=False, **fields)
    for document in documents():
        await made.ainsert(document)
    assert store.get_triplets(entity_names=["Corvane"])
    await made.adelete_ref_doc("mira")
    assert await store.aget(ids=["Mira"]) == []
    with pytest.raises(InputError, match="expected a LightRAGPropertyGraphStore"):
        LightRAGContextRetriever("store")  # type: ignore[arg-type]


def test_prompts_do_not_see_what_travels_on_nodes(store: LightRAGPropertyGraphStore) -> None:
    (node,) = LightRAGTransform(index=store.index, embed=False)([Document(id_="a", text="Mira designed Corvane.")])
    assert node.metadata["lightrag_nodes"]
    for mode in (MetadataMode.LLM, MetadataMode.EMBED):
        assert node.get_content(metadata_mode=mode) == "Mira designed Corvane."
    assert all(isinstance(one, EntityNode) for one in node.metadata["nodes"])
