"""Two ways of keeping tenants apart: an index for each, or one index and a filter. Runs offline.

An index is a PostgreSQL schema with tables, frequencies and graph of its own: nothing in it can reach another tenant,
and dropping it is at once. One index with a filter spares the hundreds of schemas that hundreds of small tenants would
need; scores, entities and facts are then computed as if the others' documents were not there.
"""

from tempfile import TemporaryDirectory

from lightrag_integrations import Document, LightRAGIndex

NOTES = (
    ("north", "n1", "Ingrid Moe keeps the spare keys of the Larvik office."),
    ("north", "n2", "The Larvik office is open from nine to four."),
    ("south", "s1", "Jonas Lie keeps the spare keys of the Dundee office."),
)
QUESTION = "Who keeps the spare keys?"


def an_index_each(directory: str) -> None:
    for tenant in ("north", "south"):
        with LightRAGIndex(f"notes-{tenant}", database=directory) as index:
            index.ingest([Document(id=id_, text=text) for owner, id_, text in NOTES if owner == tenant])
            found = index.retrieve(QUESTION, k=5).hits
            print(f"index of {tenant}: {', '.join(hit.document_id for hit in found)}")
    with LightRAGIndex("notes-south", database=directory) as leaving:
        leaving.drop()
        print("left:", ", ".join(leaving.names()))


def one_index_and_a_filter(directory: str) -> None:
    with LightRAGIndex("notes", database=directory) as index:
        index.ingest([Document(id=id_, text=text, metadata={"tenant": owner}) for owner, id_, text in NOTES])
        for tenant in ("north", "south"):
            mine = {"tenant": tenant}  # from the session of who asks, never from the question
            found = index.retrieve(QUESTION, k=5, filter=mine).hits
            print(f"filter {tenant}: {', '.join(hit.document_id for hit in found)}")
            print(f"  knows Ingrid Moe: {index.graph.entity('Ingrid Moe', filter=mine) is not None}")


def main() -> None:
    with TemporaryDirectory() as directory:
        an_index_each(directory)
        one_index_and_a_filter(directory)


if __name__ == "__main__":
    main()
