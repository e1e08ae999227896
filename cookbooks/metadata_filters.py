"""Metadata filters: search, and what the graph knows, as if the other documents were not there. Runs offline."""

from tempfile import TemporaryDirectory
from typing import Any

from lightrag_integrations import Document, LightRAGIndex

DOCUMENTS = [
    Document(
        id="a", text="Ingrid Moe leads the Fram project.", metadata={"year": 2019, "tags": ["plan"], "lang": "en"}
    ),
    Document(id="b", text="Ingrid Moe left the Fram project.", metadata={"year": 2023, "tags": ["news"], "lang": "en"}),
    Document(id="c", text="Das Projekt Fram leitet nun Jonas Lie.", metadata={"year": 2024, "lang": "de"}),
]
FILTERS: tuple[dict[str, Any], ...] = (
    {"lang": "en"},
    {"year": {"$gte": 2020}, "lang": "en"},
    {"$or": [{"lang": "de"}, {"tags": {"$any": ["plan"]}}]},
    {"$not": {"year": {"$between": [2020, 2023]}}},
    {"tags": {"$exists": False}},
)


def main() -> None:
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook", database=directory) as index:
        index.ingest(DOCUMENTS)
        for where in FILTERS:
            hits = index.retrieve("Who leads the Fram project?", k=3, filter=where).hits
            print(f"{where}: {', '.join(hit.document_id for hit in hits)}")

        everything = index.graph.entity("Ingrid Moe")
        recent = index.graph.entity("Ingrid Moe", filter={"year": {"$gte": 2024}})
        print(f"Ingrid Moe is mentioned in {everything.mentions if everything else 0} documents;", end=" ")
        print(f"since 2024: {recent.mentions if recent else 0}")


if __name__ == "__main__":
    main()
