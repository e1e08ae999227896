"""Lets LightRAG itself write a working directory or a PostgreSQL workspace. See README.md beside this file.

python lightrag_stores.py directory OUT
POSTGRES_HOST=... POSTGRES_PORT=... (USER, PASSWORD, DATABASE) python lightrag_stores.py postgres OUT
"""

import asyncio
import re
import sys

import numpy as np
from corpus import FAILS, FOUND, GLEANED, TEXTS, WAITS
from lightrag import LightRAG
from lightrag.utils import EmbeddingFunc, Tokenizer
from tokens import Words
from vectors import DIMENSION, vector

_POSTGRES = {
    "kv_storage": "PGKVStorage",
    "vector_storage": "PGVectorStorage",
    "graph_storage": "PGTableGraphStorage",
    "doc_status_storage": "PGDocStatusStorage",
}


async def embed(texts: list[str], **_: object) -> np.ndarray:
    return np.array([vector(text) for text in texts], dtype=np.float32)


async def answer(
    prompt: str, system_prompt: str | None = None, history_messages: list | None = None, **_: object
) -> str:
    if "Description List" in prompt or "description_list" in prompt.lower():
        subject = re.search(r"(?:Name|name):\s*(.+)", prompt)
        return f"In short, {subject.group(1).strip() if subject else 'it'} is spoken of in several documents."
    asked = history_messages[0]["content"] if history_messages else prompt
    text = asked.split("---Input Text---")[-1]
    if FAILS[1] in text:
        raise RuntimeError("the model would not read it")
    table = GLEANED if history_messages else FOUND
    lines = [line for words, lines in table.items() if words in text for line in lines]
    return "\n".join([*lines, "<|COMPLETE|>"])


async def main(kind: str, out: str) -> None:
    rag = LightRAG(
        working_dir=out,
        llm_model_func=answer,
        llm_model_name="fake",
        embedding_func=EmbeddingFunc(embedding_dim=DIMENSION, max_token_size=512, func=embed, model_name="fake-16"),
        tokenizer=Tokenizer("words", Words()),
        chunk_token_size=30,
        chunk_overlap_token_size=4,
        force_llm_summary_on_merge=6,
        workspace="ships" if kind == "postgres" else "",
        **(_POSTGRES if kind == "postgres" else {}),
    )
    await rag.initialize_storages()
    await rag.ainsert(list(TEXTS.values()), file_paths=list(TEXTS))
    await rag.ainsert([FAILS[1]], file_paths=[FAILS[0]])
    await rag.ainsert_custom_kg(
        {
            "chunks": [
                {"content": "The Gjoa sails with Roald Amundsen.", "source_id": "gjoa", "file_path": "gjoa.json"}
            ],
            "entities": [
                {
                    "entity_name": "Gjoa",
                    "entity_type": "artifact",
                    "description": "The Gjoa is a sloop.",
                    "source_id": "gjoa",
                }
            ],
            "relationships": [
                {
                    "src_id": "Roald Amundsen",
                    "tgt_id": "Gjoa",
                    "description": "Roald Amundsen sails the Gjoa.",
                    "keywords": "voyage",
                    "weight": 2.5,
                    "source_id": "gjoa",
                }
            ],
        }
    )
    # What users do by hand in the web interface.
    await rag.acreate_entity("Kon-Tiki", {"description": "The Kon-Tiki is a raft.", "entity_type": "artifact"})
    await rag.acreate_relation(
        "Kon-Tiki", "Oslo", {"description": "The Kon-Tiki is shown in Oslo.", "keywords": "place"}
    )
    await rag.aedit_entity("Oslo", {"description": "Oslo is the capital of Norway."})
    await rag.amerge_entities(["F. Nansen"], "Fridtjof Nansen")
    await rag.adelete_by_entity("Mary Celeste")
    await rag.apipeline_enqueue_documents([WAITS[1]], file_paths=[WAITS[0]])
    await rag.finalize_storages()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
