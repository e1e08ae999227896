"""Keep an index equal to a folder with LangChain's indexing API. Runs offline.

What is unchanged costs nothing, what is new is added, and of a file that is gone, its facts leave the graph as well.
Give the handle `llm=` for a graph made by a model: each text is paid once.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_core.documents import Document
from langchain_core.indexing import index as synchronise

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.langchain import LightRAGRecordManager, LightRAGVectorStore

FILES = {
    "fram.txt": "The Fram was designed by Colin Archer and launched at Larvik in 1892.",
    "amundsen.txt": "Roald Amundsen borrowed the Fram in 1910 and sailed for the Antarctic.",
    "mead.txt": "Lake Mead is the reservoir behind Hoover Dam.",
}


def documents(folder: Path) -> Iterator[Document]:
    """One for each file; a text splitter would make several, with the same source."""
    for path in sorted(folder.glob("*.txt")):
        yield Document(path.read_text("utf-8"), metadata={"source": path.name})


def main() -> None:
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook", database=Path(directory, "db")) as index:
        folder = Path(directory, "notes")
        folder.mkdir()
        for name, text in FILES.items():
            folder.joinpath(name).write_text(text, "utf-8")

        store = LightRAGVectorStore(index=index, build_graph=True)
        records = LightRAGRecordManager(index, namespace="notes")

        def sync(what: str) -> None:
            # "full": whatever the folder does not hold any more goes. The default key encoder is SHA-1, and warns.
            done = synchronise(documents(folder), records, store, cleanup="full", key_encoder="sha256")
            print(f"{what}: {done['num_added']} added, {done['num_skipped']} unchanged, {done['num_deleted']} deleted")
            for name in ("Fram", "Colin Archer", "Hoover Dam"):
                entity = index.graph.entity(name)
                print(f"  {name}: {'gone' if entity is None else f'in {entity.mentions} document(s)'}")

        sync("first")
        sync("again")
        folder.joinpath("fram.txt").unlink()
        folder.joinpath("mead.txt").write_text("Lake Mead holds the water of the Colorado.", "utf-8")
        sync("changed")
        print("checked:", index.verify() or "nothing wrong")


if __name__ == "__main__":
    main()
