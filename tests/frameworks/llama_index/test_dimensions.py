"""Vectors of another model than the handle's: refused at the first write, and no hindrance to the right ones."""

import pytest
from llama_index.core import Document, PropertyGraphIndex, StorageContext, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM

from lightrag_integrations import InputError, LightRAGIndex
from lightrag_integrations.llama_index import LightRAGPropertyGraphStore, LightRAGTransform, LightRAGVectorStore
from tests.frameworks.conftest import MakeIndex

DOCUMENTS = [Document(text="The Fram was launched at Larvik in 1892.", id_="fram")]


def stored(index: LightRAGIndex, size: int) -> None:
    context = StorageContext.from_defaults(vector_store=LightRAGVectorStore(index=index))
    VectorStoreIndex.from_documents(DOCUMENTS, storage_context=context, embed_model=MockEmbedding(size))


def test_a_default_handle_takes_no_vectors_of_another_dimension(make_index: MakeIndex) -> None:
    index = make_index()
    with pytest.raises(InputError, match=r"8 values; expected 1024.*LightRAGIndex\(embed_model="):
        stored(index, 8)
    with pytest.raises(InputError, match=r"8 values; expected 1024.*LightRAGIndex\(embed_model="):
        PropertyGraphIndex.from_documents(
            DOCUMENTS,
            property_graph_store=LightRAGPropertyGraphStore(index),
            kg_extractors=[LightRAGTransform(index=index)],
            embed_model=MockEmbedding(8),
            llm=MockLLM(),
        )
    assert (index.status().dimension, index.documents.list(), index.verify()) == (None, [], [])
    index.ingest("Lake Mead is behind Hoover Dam.")
    assert index.retrieve("Lake Mead", mode="vector").hits


def test_right_vectors_after_wrong_ones(make_index: MakeIndex) -> None:
    index = make_index(embed_model=MockEmbedding(16))
    index.ingest("Lake Mead is behind Hoover Dam.")
    with pytest.raises(InputError, match="8 values; expected 16, as the index holds"):
        stored(index, 8)
    assert len(index.documents.list()) == 1
    stored(index, 16)
    assert index.documents.get("fram").status == "processed"


def test_a_model_that_tells_its_dimension_is_believed_at_the_first_write(make_index: MakeIndex) -> None:
    index = make_index(embed_model=MockEmbedding(16))
    with pytest.raises(InputError, match="8 values; expected 16, as this handle's embed_model"):
        stored(index, 8)
    assert (index.status().dimension, index.documents.list()) == (None, [])
