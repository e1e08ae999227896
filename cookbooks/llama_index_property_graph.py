"""LlamaIndex's own `PropertyGraphIndex` on a `LightRAGPropertyGraphStore`. Runs offline.

In place of `LightRAGTransform` any extractor may stand, such as `SimpleLLMPathExtractor(llm=…)`; give the handle
`embed_model=` and the index the same one for `embed_kg_nodes=True`.
"""

from tempfile import TemporaryDirectory

from llama_index.core import Document, PropertyGraphIndex
from llama_index.core.graph_stores.types import EntityNode, Relation
from llama_index.core.llms import MockLLM

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.llama_index import (
    LightRAGContextRetriever,
    LightRAGPropertyGraphStore,
    LightRAGRetriever,
    LightRAGTransform,
)

DOCUMENTS = [
    Document(text="The Fram was designed by Colin Archer and launched at Larvik in 1892.", id_="fram"),
    Document(text="Roald Amundsen borrowed the Fram in 1910 and sailed for the Antarctic.", id_="amundsen"),
]
QUESTION = "Who designed Amundsen's ship?"


def main() -> None:
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook", database=directory) as index:
        store = LightRAGPropertyGraphStore(index)
        graph = PropertyGraphIndex.from_documents(
            DOCUMENTS,
            property_graph_store=store,
            kg_extractors=[LightRAGTransform(index=index)],
            llm=MockLLM(),
            embed_kg_nodes=False,
        )

        # What you know beside the documents: nodes and relations with properties, which come back as they are.
        store.upsert_nodes([EntityNode(name="Colin Archer", label="PERSON", properties={"born": 1832})])
        store.upsert_relations([Relation(label="DESIGNED", source_id="Colin Archer", target_id="Fram")])
        (archer,) = store.get(ids=["Colin Archer"])
        print(archer.label, archer.properties["born"], "told of by", archer.properties["triplet_source_id"] != "")
        for source, relation, target in store.get_rel_map([archer], depth=2, limit=3):
            print(f"- {source.id} -> {relation.label} -> {target.id}")

        retriever = graph.as_retriever(sub_retrievers=[LightRAGContextRetriever(store, mode="mix", similarity_top_k=2)])
        print("found:", len(retriever.retrieve(QUESTION)), "pieces of context")
        for node in LightRAGRetriever(index, similarity_top_k=2).retrieve(QUESTION):  # the same index, in every mode
            print("  ", node.node.ref_doc_id, node.get_content())

        graph.insert(Document(text="Colin Archer is remembered for the rescue boats of the coast.", id_="boats"))
        print("after an insert:", len(store.get(ids=["Colin Archer"])[0].properties["triplet_source_ids"]), "sources")
        graph.delete_ref_doc("boats")
        graph.delete_ref_doc("fram")
        print("after deletions:", sorted(document.id.split(":")[0] for document in index.documents.list()))


if __name__ == "__main__":
    main()
