"""A LlamaIndex pipeline and query engine with our components. Runs offline.

In place of `MockLLM` (which repeats its prompt) put your LLM, for example `OpenAI(model="…")`.
"""

from tempfile import TemporaryDirectory

from llama_index.core import Document
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import RetrieverQueryEngine

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.llama_index import LightRAGRetriever, LightRAGTransform, LightRAGVectorStore

DOCUMENTS = [
    Document(text="The Fram was designed by Colin Archer and launched at Larvik in 1892.", id_="fram"),
    Document(text="Roald Amundsen borrowed the Fram in 1910 and sailed for the Antarctic.", id_="amundsen"),
    Document(text="Colin Archer is remembered for the rescue boats of the Norwegian coast.", id_="archer"),
    Document(text="Lake Mead is the reservoir behind Hoover Dam.", id_="mead"),
]


def main() -> None:
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook", database=directory) as index:
        pipeline = IngestionPipeline(
            transformations=[SentenceSplitter(), LightRAGTransform(index=index)],
            vector_store=LightRAGVectorStore(index=index),
        )
        nodes = pipeline.run(documents=DOCUMENTS)
        print(f"stored {len(nodes)} nodes; the graph has {index.status().relations} relations")

        engine = RetrieverQueryEngine.from_args(
            LightRAGRetriever(index=index, similarity_top_k=3, mode="mix"),
            llm=MockLLM(),
        )
        response = engine.query("For what other boats is the designer of Amundsen's ship remembered?")
        for source in response.source_nodes:
            print(f"- {source.node.ref_doc_id} {source.score:.3f}: {source.node.get_content()}")
        print(f"the prompt that the model got has {len(str(response))} characters")


if __name__ == "__main__":
    main()
