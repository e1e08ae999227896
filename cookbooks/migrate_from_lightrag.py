"""From LightRAG to an index: what its stores hold comes over as it stands, without a model call.

Give the working directory of LightRAG as argument (default: ./rag_storage), and a question. A workspace in PostgreSQL
is `LightRAGWorkspace(dsn="postgresql://user@host/database", workspace="default")`; tables of LangChain's and
LlamaIndex' `PGVectorStore` are `LangChainTable(dsn=…, table=…)` and `LlamaIndexTable(dsn=…, table=…)`.

Here the words alone make the vectors. With the model that LightRAG embedded with, say
`LightRAGIndex(…, embed_model=OpenAIEmbedder("text-embedding-3-small"))`, `vectors="keep"` takes its vectors over.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from lightrag_integrations import ImportReport, LightRAGDirectory, LightRAGIndex


def show(report: ImportReport) -> None:
    print(f"{'to be stored' if report.dry_run else 'stored'}: {report.documents}, unchanged: {report.unchanged}")
    print(f"{report.entities} entities, {report.relations} relations, {report.model_calls} model calls")
    for name, number in {**report.changed, **report.left_out}.items():
        print(f"  {number} {name}")
    for document_id, reason in report.unfinished.items():
        print(f"  not finished there: {document_id} ({reason})")


def main(path: str = "rag_storage", question: str = "Who designed the Fram?") -> None:
    source = LightRAGDirectory(path=Path(path))
    with TemporaryDirectory() as directory, LightRAGIndex("moved", database=directory) as index:
        show(index.import_from(source, dry_run=True))
        show(index.import_from(source))
        show(index.import_from(source))  # again: nothing is written

        result = index.retrieve(question, mode="mix", k=2)
        for hit in result.hits:
            print(f"{hit.score:.3f} {hit.source}: {hit.text[:60]}")
        for entity in result.entities[:2]:
            print(f"{entity.name} ({entity.type}), {entity.degree} neighbours: {entity.description.splitlines()[0]}")
        print(f"checked: {index.verify() or 'nothing wrong'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
