"""Documents into a LlamaIndex index, questions to its query engine, and a conversation with it. Runs offline.

`MockLLM` repeats its prompt; in its place put your LLM, or give the handle `llm=` and leave it out here.
"""

import asyncio
from tempfile import TemporaryDirectory

from llama_index.core import Document
from llama_index.core.llms import MockLLM
from llama_index.core.prompts import PromptTemplate

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.llama_index import LightRAGPropertyGraphIndex, LightRAGRerank

DOCUMENTS = [
    Document(text="The Fram was designed by Colin Archer and launched at Larvik in 1892.", id_="fram"),
    Document(text="Roald Amundsen borrowed the Fram in 1910 and sailed for the Antarctic.", id_="amundsen"),
    Document(text="Colin Archer is remembered for the rescue boats of the Norwegian coast.", id_="archer"),
]
QUESTION = "For what other boats is the designer of Amundsen's ship remembered?"


async def main() -> None:
    with TemporaryDirectory() as directory:
        async with LightRAGIndex("cookbook", database=directory) as handle:
            index = await LightRAGPropertyGraphIndex.afrom_documents(DOCUMENTS, index=handle)
            print("refreshed:", await index.arefresh_ref_docs(DOCUMENTS))  # nothing changed

            reranker = LightRAGRerank(index=handle, top_n=2)
            engine = index.as_query_engine(llm=MockLLM(), similarity_top_k=3, node_postprocessors=[reranker])
            engine.update_prompts({"response_synthesizer:answer": PromptTemplate("In one sentence, from:\n{context}")})
            response = await engine.aquery(QUESTION)
            for chunk in (response.metadata or {})["chunks"]:
                print(f"[{chunk['number']}] {chunk['document_id']}, characters {chunk['start']} to {chunk['end']}")
            print("entities:", ", ".join(entity["name"] for entity in (response.metadata or {})["entities"]))

            chat = index.as_chat_engine("context", llm=MockLLM(), similarity_top_k=2, mode="graph")
            for message in ("Who designed the Fram?", QUESTION):
                answer = await chat.achat(message)
                print(f"{message} <- {', '.join(source.node.ref_doc_id or '' for source in answer.source_nodes)}")


if __name__ == "__main__":
    asyncio.run(main())
