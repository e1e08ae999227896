"""Lets llama-index-vector-stores-postgres itself write a table: `DSN=postgresql://... python llama_index_tables.py`."""

import json
import os
import sys
from pathlib import Path

from corpus import TEXTS
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document, MetadataMode
from llama_index.vector_stores.postgres import PGVectorStore
from sqlalchemy import make_url
from vectors import DIMENSION, vector

url = make_url(os.environ["DSN"])
store = PGVectorStore.from_params(
    host=url.host, port=str(url.port), user=url.username, password=url.password, database=url.database,
    table_name="ships", embed_dim=DIMENSION, use_jsonb=True,
)  # fmt: skip
documents = [
    Document(
        id_=f"doc-{name}", text=text, metadata={"file_path": name, "year": 1900 + place, "secret": "x"},
        excluded_embed_metadata_keys=["secret"], excluded_llm_metadata_keys=["year"],
    )
    for place, (name, text) in enumerate(TEXTS.items())
]  # fmt: skip
splitter = SentenceSplitter(chunk_size=40, chunk_overlap=0, tokenizer=str.split, include_metadata=False)
nodes = splitter.get_nodes_from_documents(documents)
for place, node in enumerate(nodes):
    node.id_ = f"node-{place}"
for place, node in enumerate(nodes):
    for relation, related in node.relationships.items():
        if relation.name in ("PREVIOUS", "NEXT"):
            related.node_id = f"node-{place + (1 if relation.name == 'NEXT' else -1)}"
    node.embedding = vector(node.get_content(MetadataMode.EMBED))
store.add(nodes)
store.add(nodes[:1])  # a second run adds a second row of the same node
if len(sys.argv) > 1:
    told = [{"embedded": node.get_content(MetadataMode.EMBED), "node": node.model_dump(mode="json")} for node in nodes]
    Path(sys.argv[1]).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
