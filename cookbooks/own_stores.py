"""Stores of your own that follow an index: vectors in LangChain's, the graph in LlamaIndex's, documents in any.

Runs offline: these live in memory and come with the frameworks. Those of Qdrant, Neo4j, Redis and others take their
places.
"""

from tempfile import TemporaryDirectory

from langchain_core.stores import InMemoryByteStore
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core.graph_stores import SimplePropertyGraphStore

from lightrag_integrations import Document, LightRAGIndex, Stores
from lightrag_integrations.langchain import StoredEmbeddings

DOCUMENTS = [
    Document(id="fram", title="Fram", text="The Fram was designed by Colin Archer and launched at Larvik in 1892."),
    Document(id="archer", title="Colin Archer", text="Colin Archer is remembered for the rescue boats of Norway."),
    Document(id="gjoa", title="Gjøa", text="The Gjøa was built in Rosendal for the herring fishery."),
]


def main() -> None:
    vectors = InMemoryVectorStore(StoredEmbeddings())  # gets the index's vectors; nothing is embedded twice
    graph, documents = SimplePropertyGraphStore(), InMemoryByteStore()
    stores = Stores(vectors=vectors, graph=graph, documents=documents)
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook", database=directory, stores=stores) as index:
        report = index.ingest(DOCUMENTS)
        print("put:", report.mirrors.put if report.mirrors else "nothing")
        print("nearest:", index.retrieve("rescue boats", mode="vector", k=1).hits[0].document_id)
        for source, relation, target in graph.get_triplets(entity_names=["Fram"], relation_names=["RELATED"]):
            print(f"in the graph store: {source.id} → {target.id}: {relation.properties['description']}")

        index.documents.delete(["gjoa"])  # taken out of all of them at once
        print("left:", *sorted(documents.yield_keys()), "|", len(vectors.store), "vectors")

        vectors.store.clear()  # somebody lost it
        print("verify:", *index.mirror.verify())
        print("sync:", index.mirror.sync().put["vectors"], "put again; verify:", index.mirror.verify())


if __name__ == "__main__":
    main()
