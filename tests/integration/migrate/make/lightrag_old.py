"""Lets LightRAG 1.4.0 write a working directory: older stores, and older answers. `python lightrag_old.py OUT`."""

import asyncio
import re
import sys
from typing import Any

import numpy as np
from corpus import FOUND, GLEANED, TEXTS
from lightrag import LightRAG
from lightrag.kg.shared_storage import initialize_pipeline_status
from lightrag.utils import EmbeddingFunc, Tokenizer
from tokens import Words
from vectors import DIMENSION, vector


def old_form(line: str) -> str:
    kind, *parts = line.split("<|#|>")
    if kind == "relation":
        source, target, keywords, description = parts
        return f'("relationship"<|>"{source}"<|>"{target}"<|>"{description}"<|>"{keywords}"<|>3)'
    return '("entity"<|>' + "<|>".join(f'"{part}"' for part in parts) + ")"


async def embed(texts: list[str], **_: Any) -> np.ndarray:
    return np.array([vector(text) for text in texts], dtype=np.float32)


async def answer(prompt: str, system_prompt: Any = None, history_messages: Any = None, **_: Any) -> str:
    if "Description List:" in prompt:
        return "In short, " + re.findall(r"Entities: (.+)", prompt)[-1]
    if "YES | NO" in prompt:
        return "NO"
    asked = history_messages[0]["content"] if history_messages else prompt
    text = asked.split("Text:")[-1]
    table = GLEANED if history_messages else FOUND
    lines = [old_form(line) for words, lines in table.items() if words in text for line in lines]
    return "##\n".join([*lines, '("content_keywords"<|>"ships")<|COMPLETE|>'])


async def main(out: str) -> None:
    rag = LightRAG(
        working_dir=out,
        llm_model_func=answer,
        llm_model_name="fake",
        embedding_func=EmbeddingFunc(embedding_dim=DIMENSION, max_token_size=512, func=embed),
        tokenizer=Tokenizer("words", Words()),
        chunk_token_size=30,
        chunk_overlap_token_size=4,
    )
    await rag.initialize_storages()
    await initialize_pipeline_status()
    await rag.ainsert(list(TEXTS.values()), file_paths=list(TEXTS))
    await rag.finalize_storages()


asyncio.run(main(sys.argv[1]))
