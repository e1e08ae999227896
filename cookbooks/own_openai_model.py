"""Models behind any OpenAI-compatible endpoint: OpenAI, Azure, Ollama, vLLM, llama.cpp, NIM.

    OPENAI_BASE_URL=http://127.0.0.1:11434/v1 CHAT_MODEL=… EMBED_MODEL=… python cookbooks/own_openai_model.py

OPENAI_API_KEY is read from the environment; a local server without keys needs none.
"""

import os
from tempfile import TemporaryDirectory

from lightrag_integrations import Document, IngestOptions, LightRAGIndex, OpenAIChatModel, OpenAIEmbedder

DOCUMENTS = [
    Document(id="fram", text="The Fram was designed by Colin Archer and launched at Larvik in 1892."),
    Document(id="amundsen", text="Roald Amundsen borrowed the Fram in 1910 and sailed for the Antarctic."),
]


def main() -> None:
    base_url = os.environ.get("OPENAI_BASE_URL")
    llm = OpenAIChatModel(os.environ.get("CHAT_MODEL", "gpt-4.1-mini"), base_url=base_url)
    embed_model = OpenAIEmbedder(os.environ.get("EMBED_MODEL", "text-embedding-3-small"), base_url=base_url)
    with (
        TemporaryDirectory() as directory,
        LightRAGIndex("cookbook", database=directory, llm=llm, embed_model=embed_model) as index,
    ):
        print("before:", index.documents.estimate(DOCUMENTS))
        report = index.ingest(DOCUMENTS, options=IngestOptions(token_budget=50_000))
        tokens = report.prompt_tokens + report.completion_tokens
        print(f"after: {report.model_calls} calls, {tokens} tokens, {report.failed} failed")
        for relation in index.graph.neighbours("Fram"):
            print(f"- {relation.source} — {relation.target}: {relation.description}")

        answer = index.answer("Who designed Amundsen's ship?", mode="mix", k=2)
        print(answer.text)
        for citation in answer.citations:
            print(f"[{citation.number}] {citation.document_id}, characters {citation.start} to {citation.end}")


if __name__ == "__main__":
    main()
