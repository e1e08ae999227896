"""Which mode answers my questions best, by how much, and what does it miss? Runs offline.

Put your documents, your models and your file of questions in place of these. A handful of questions shows how it is
done; to tell modes apart you want a hundred and more.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from lightrag_integrations import Document, LightRAGIndex, QueryOptions, Setting

DOCUMENTS = [
    Document(id="fram", title="Fram", text="The Fram was designed by Colin Archer for Fridtjof Nansen."),
    Document(id="archer", title="Colin Archer", text="Colin Archer was born in Larvik and built rescue boats there."),
    Document(id="larvik", title="Larvik", text="Larvik lies at the mouth of the Numedalslågen."),
    Document(id="gjoa", title="Gjøa", text="The Gjøa was built in Rosendal by Knut Skaale."),
    Document(id="rosendal", title="Rosendal", text="Rosendal lies below the Melderskin, by the Hardangerfjord."),
    Document(id="belgica", title="Belgica", text="The Belgica was built in Svelvik as a whaler."),
    Document(id="svelvik", title="Svelvik", text="Svelvik lies on the Drammensfjord, where the current is strong."),
    Document(id="maud", title="Maud", text="The Maud was launched at Vollen and sank in Cambridge Bay."),
    Document(id="vollen", title="Vollen", text="Vollen lies on the Oslofjord; its museum keeps wooden boats."),
]
QUESTIONS = [  # gold_ids: documents or chunks, all that it takes
    {"id": "river", "question": "At which river was the designer of the Fram born?", "gold_ids": ["archer", "larvik"]},
    {"id": "fjord", "question": "On which fjord was the Belgica built?", "gold_ids": ["belgica", "svelvik#0"]},
    {"id": "mountain", "question": "Below what was the Gjøa built?", "gold_ids": ["gjoa", "rosendal"]},
    {
        "id": "boats",
        "question": "What does the museum keep where the Maud was launched?",
        "gold_ids": ["maud", "vollen"],
    },
    {"id": "typo", "question": "Who designed the Fram?", "gold_ids": ["frm"]},  # not in the index: left out, and said
]
SETTINGS = (
    "keyword",
    "mix",
    "mix+rerank",
    Setting(name="names only", options=QueryOptions(mode="graph")),  # any query options under any name
)


def main() -> None:
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook", database=directory) as index:
        index.ingest(DOCUMENTS)
        file = Path(directory) / "questions.jsonl"
        file.write_text("\n".join(map(json.dumps, QUESTIONS)), "utf-8")

        report = index.evaluate(file, modes=SETTINGS, ks=[2], baseline="keyword")
        print(report.to_text())
        print(f"\nbest by recall@2: {report.best.name}")
        for result in report.results:
            for missed in result.misses():
                found = ", ".join(hit.document_id for hit in missed.found)
                print(f"{result.name} missed {', '.join(missed.missing)} of {missed.id!r}; found {found}")


if __name__ == "__main__":
    main()
