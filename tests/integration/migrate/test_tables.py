"""Tables that langchain-postgres and llama-index-vector-stores-postgres wrote come over as our stores keep them."""

import json
from typing import Any

import psycopg
import pytest
from langchain_core.documents import Document as LCDocument
from llama_index.core.schema import TextNode
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.core.vector_stores.utils import node_to_metadata_dict
from pydantic import SecretStr

from lightrag_integrations import (
    Chunk,
    InputError,
    LangChainCollection,
    LangChainTable,
    LlamaIndexTable,
    OpenAIChatModel,
    StorageError,
    Stores,
)
from lightrag_integrations.langchain import LightRAGVectorStore as LangChainStore
from lightrag_integrations.llama_index import LightRAGVectorStore as LlamaIndexStore
from lightrag_integrations.migrate.llama_index_rows import embedded_text
from lightrag_integrations.models import HIDDEN_KEY
from tests.doubles.openai_server import OpenAIServer
from tests.integration.handle.conftest import MakeIndex
from tests.integration.migrate.conftest import Restore
from tests.integration.migrate.make.corpus import TEXTS
from tests.integration.migrate.making import FIXTURES, WordsEmbedder

LANGCHAIN = "langchain_postgres_0_0_19.sql"
LLAMA_INDEX = "llama_index_postgres_0_9_0.sql"
NODES = json.loads((FIXTURES / "llama_index_nodes.json").read_text("utf-8"))


def documents(make_id: Any) -> list[LCDocument]:
    """As make/langchain_tables.py gave them to the stores."""
    return [
        LCDocument(
            id=make_id(place, name),
            page_content=text,
            metadata={"source": name, "words": len(text.split()), "tags": ["ship", name[:2]], "nested": {"lang": "en"}},
        )
        for place, (name, text) in enumerate(TEXTS.items())
    ]


@pytest.mark.parametrize("kind", ["table", "collection"])
def test_langchain(make_index: MakeIndex, restored: Restore, kind: str) -> None:
    if kind == "table":
        source: Any = LangChainTable(dsn=restored(LANGCHAIN), table="ships_table")
        added = documents(lambda place, name: f"00000000-0000-4000-8000-{place:012d}")
    else:
        source = LangChainCollection(dsn=restored(LANGCHAIN), collection="ships")
        added = documents(lambda place, name: f"ships/{name}")
    index, other = (make_index(embed_model=WordsEmbedder()) for _ in range(2))
    report = index.import_from(source, graph="none")
    assert (report.documents, report.chunks, report.found) == (7, 7, {"documents": 7, "chunks": 7})
    ids = [str(document.id) for document in added]
    assert LangChainStore(index=index).get_by_ids(ids) == added
    LangChainStore(index=other).add_documents(added)
    assert index.dump() == other.dump()
    assert index.documents.vectors(ids) == other.documents.vectors(ids)
    assert index.import_from(source, graph="none").unchanged == 7


def test_llama_index(make_index: MakeIndex, restored: Restore) -> None:
    embedder = WordsEmbedder()
    index = make_index(embed_model=embedder)
    source = LlamaIndexTable(dsn=restored(LLAMA_INDEX), table="ships")
    report = index.import_from(source, vectors="keep", graph="none")
    # Nine nodes of seven documents; the first stands in the table twice.
    assert (report.documents, report.chunks, report.vectors_kept) == (7, 9, 9)
    assert set(embedder.texts) <= {one["embedded"] for one in NODES}, "what was embedded there was embedded to compare"
    ids = [one["node"]["id_"] for one in NODES]
    stored = LlamaIndexStore(index=index).get_nodes(ids)
    for got, told in zip(stored, NODES, strict=True):
        wanted = TextNode.model_validate(told["node"])
        assert got.model_copy(update={"embedding": None}) == wanted.model_copy(update={"embedding": None})
        assert index.documents.vectors([got.node_id])[got.node_id] == pytest.approx(wanted.embedding, abs=2e-3)
    LlamaIndexStore(index=index).delete("doc-fram.txt")
    assert len(index.documents.chunks()) == 6
    assert index.verify() == []


def test_nodes_without_a_document_are_documents_by_themselves(make_index: MakeIndex, dsn: str) -> None:
    nodes = [TextNode(id_="n1", text="Colin Archer built her."), TextNode(id_="n2", text="The Fram drifted.")]
    rows = [(node.node_id, node.text, json.dumps(node_to_metadata_dict(node, remove_text=True))) for node in nodes]
    rows += [("n3", "She lies in Oslo.", None), ("n4", "Nobody knows.", "[1]")]
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            'CREATE TABLE "data_lone%s" (id bigserial, node_id text, text text, metadata_ json, embedding text)'
        )
        try:
            for row in rows:
                connection.execute('INSERT INTO "data_lone%%s" (node_id, text, metadata_) VALUES (%s, %s, %s)', row)
            index = make_index(stores=Stores(documents=SimpleKVStore()))
            report = index.import_from(LlamaIndexTable(dsn=SecretStr(dsn), table="lone%s"))
        finally:
            connection.execute('DROP TABLE "data_lone%s"')
    assert (report.documents, report.errors) == (4, {})
    assert [status.id for status in index.documents.list()] == ["n1", "n2", "n3", "n4"]
    assert index.mirror.verify() == [], "the handle's stores follow an import, too"


def test_a_template_from_outside_is_no_format_string() -> None:
    hidden = {"metadata_template": "{key.__class__}={value:>9999999999}, {key}: {value}"}
    chunk = Chunk(id="c", document_id="d", text="{x}", metadata={"a": 1, HIDDEN_KEY: hidden})
    assert embedded_text(chunk) == "{key.__class__}={value:>9999999999}, a: 1\n\n{x}"


def test_a_graph_from_words_or_from_a_model(
    make_index: MakeIndex, restored: Restore, openai_server: OpenAIServer
) -> None:
    llm = OpenAIChatModel("m", base_url=openai_server.base_url, api_key="k")
    index = make_index(llm=llm)
    source = LangChainTable(dsn=restored(LANGCHAIN), table="ships_table")
    report = index.import_from(source)
    assert (report.model_calls, openai_server.requests) == (0, [])
    assert index.graph.relation("Fram", "Colin Archer") is not None
    looked = index.import_from(source, graph="model", dry_run=True)
    assert (looked.model_calls, looked.documents, openai_server.requests) == (7, 7, [])
    report = index.import_from(source, graph="model")
    assert report.model_calls == openai_server.calls["extract"] == 7
    assert (index.status().documents, index.verify()) == (7, [])


async def test_what_is_not_there(make_index: MakeIndex, restored: Restore) -> None:
    index = make_index()
    dsn = restored(LANGCHAIN)
    refused: list[tuple[Any, str]] = [
        (LangChainTable(dsn=dsn, table="nothing"), "there is no such table"),
        (LangChainTable(dsn=dsn, table="langchain_pg_collection"), "it has uuid, name, cmetadata"),
        (LangChainTable(dsn=dsn, table='x"; DROP TABLE ships_table; --'), "there is no such table"),
        (LangChainCollection(dsn=dsn, collection="nothing"), "it has 'other', 'ships'"),
        (LlamaIndexTable(dsn=dsn, table="ships_table"), "there is no such table"),
    ]
    for source, told in refused:
        with pytest.raises(InputError, match=told):
            await index.aimport_from(source)
    with pytest.raises(StorageError) as caught:
        gone = "postgresql://nobody:hidden-secret@127.0.0.1:1/none"
        await index.aimport_from(LangChainTable(dsn=gone, table="x"))  # type: ignore[arg-type]
    assert "hidden-secret" not in str(caught.value) + repr(LangChainTable(dsn=gone, table="x"))  # type: ignore[arg-type]
    assert (await index.astatus()).documents == 0
    await index.aclose()
