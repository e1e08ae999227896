"""Keep an index in step with a changing set of documents, with a LlamaIndex pipeline. Runs offline.

The docstore remembers what was ingested: persist it (`pipeline.persist`, `pipeline.load`) or keep it in a database.
Without a model the graph is made from the words alone; give the handle `llm=` and `embed_model=` for more.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from llama_index.core import Document
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.storage.docstore import SimpleDocumentStore

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.llama_index import LightRAGTransform, LightRAGVectorStore

NOTES = {
    "fram": "The Fram was designed by Colin Archer and launched at Larvik in 1892.",
    "amundsen": "Roald Amundsen borrowed the Fram in 1910 and sailed for the Antarctic.",
    "archer": "Colin Archer is remembered for the rescue boats of the Norwegian coast.",
}


def documents(notes: dict[str, str]) -> list[Document]:
    return [Document(id_=name, text=text, metadata={"file": f"{name}.txt"}) for name, text in notes.items()]


def run(index: LightRAGIndex, notes: dict[str, str], storage: Path) -> int:
    pipeline = IngestionPipeline(
        transformations=[SentenceSplitter(), LightRAGTransform(index=index)],
        vector_store=LightRAGVectorStore(index=index),
        docstore=SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
    )
    if storage.exists():
        pipeline.load(str(storage))
    done = len(pipeline.run(documents=documents(notes)))
    pipeline.persist(str(storage))
    return done


def main() -> None:
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook", database=directory) as index:
        storage = Path(directory) / "pipeline"
        print("first run:", run(index, NOTES, storage), "nodes")
        print("second run:", run(index, NOTES, storage), "nodes")

        changed = {**NOTES, "archer": "Colin Archer was born at Tollerodden in 1832."}
        del changed["amundsen"]
        print("one changed, one gone:", run(index, changed, storage), "node")
        print("documents:", ", ".join(document.id for document in index.documents.list()))
        print("known of Roald Amundsen:", index.graph.entity("Roald Amundsen"))


if __name__ == "__main__":
    main()
