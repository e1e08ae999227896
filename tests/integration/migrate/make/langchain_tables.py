"""Lets langchain-postgres itself write a table and a collection: `DSN=postgresql://... python langchain_tables.py`."""

import os

from corpus import TEXTS
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_postgres import Column, PGEngine, PGVector, PGVectorStore
from vectors import DIMENSION, vector


class Words(Embeddings):
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [vector(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return vector(text)


DSN = os.environ["DSN"].replace("postgresql://", "postgresql+psycopg://")
DOCUMENTS = [
    Document(
        id=f"00000000-0000-4000-8000-{place:012d}",
        page_content=text,
        metadata={"source": name, "words": len(text.split()), "tags": ["ship", name[:2]], "nested": {"lang": "en"}},
    )
    for place, (name, text) in enumerate(TEXTS.items())
]

engine = PGEngine.from_connection_string(DSN)
engine.init_vectorstore_table("ships_table", DIMENSION, metadata_columns=[Column("words", "INTEGER")])
store = PGVectorStore.create_sync(engine, Words(), "ships_table", metadata_columns=["words"])
store.add_documents(DOCUMENTS, ids=[document.id for document in DOCUMENTS])

for collection, documents in (("ships", DOCUMENTS), ("other", DOCUMENTS[:1])):
    legacy = PGVector(Words(), connection=DSN, collection_name=collection, use_jsonb=True)
    legacy.add_documents(documents, ids=[f"{collection}/{document.metadata['source']}" for document in documents])
