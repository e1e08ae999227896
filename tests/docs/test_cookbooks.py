"""Every cookbook runs as it stands and prints what it is there to show."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightrag_integrations import LightRAGIndex
from tests.docs.snippets import ROOT
from tests.doubles.openai_server import OpenAIServer
from tests.forks import Forks
from tests.integration.migrate.making import lay_out_directory

COOKBOOKS = ROOT / "cookbooks"
FRAMEWORKS = ("lightrag_integrations.langchain", "lightrag_integrations.llama_index", "langchain.agents")
"""What takes long to import."""
SHOWS = {
    "langchain_chain.py": (
        "stored 4 documents",
        "- archer#0: Colin Archer is",
        "Rescue boats for the coast [1].",
    ),
    "langchain_agent_tool.py": (
        "Tool Message",
        "I found this: [1] Spare keys of the Larvik office",
    ),
    "langchain_langgraph_agent.py": (
        "north: (question 1) [1] Spare keys of the office are with Ingrid Moe.",
        "south: (question 1) [1] Spare keys of the office are in the safe.",
        "north: (question 2) [1] Spare keys of the office are with Ingrid Moe.",
    ),
    "langchain_index_folder.py": (
        "again: 0 added, 3 unchanged, 0 deleted",
        "changed: 1 added, 1 unchanged, 2 deleted\n  Fram: in 1 document(s)\n  Colin Archer: gone\n  Hoover Dam: gone",
        "checked: nothing wrong",
    ),
    "llama_index_query_engine.py": ("stored 4 nodes", "- archer ", "- fram ", "the prompt that the model got has"),
    "llama_index_property_graph.py": (
        "PERSON 1832 told of by True",
        "- Colin Archer -> DESIGNED -> Fram",
        "found: 2 pieces",
        "after an insert: 2 sources",
        "after deletions: ['amundsen', 'by-hand', 'by-hand']",
    ),
    "llama_index_agent_tool.py": ("tools: search", "Ingrid Moe has them.", "[1] "),
    "llama_index_sync_documents.py": (
        "first run: 3 nodes\nsecond run: 0 nodes\none changed, one gone: 1 node",
        "documents: archer, fram\nknown of Roald Amundsen: None",
    ),
    "llama_index_chat_engine.py": (
        "refreshed: [False, False, False]",
        "[1] archer, characters 0 to ",
        "entities: ",
        "Who designed the Fram? <- fram",
    ),
    "own_postgresql.py": ("PostgreSQL ", "1 document", "checked: nothing wrong"),
    "own_openai_model.py": ("before: Estimate(documents=2", "after: 2 calls", "0 failed", "Colin Archer [1].", "[1] "),
    "evaluate_on_my_questions.py": (
        "4 questions, 2 hits each",
        "LEFT OUT: 1 of 5",
        "best by recall@2: mix",
        "keyword missed archer of 'river'",
    ),
    "migrate_from_lightrag.py": (
        "to be stored: 10, unchanged: 0\n20 entities, 18 relations, 0 model calls",
        "stored: 0, unchanged: 10",
        "not finished there: doc-2824727ec566ba342c30563c86424678 (failed",
        "fram.txt: The Fram was designed by Colin Archer",
        "checked: nothing wrong",
    ),
    "tenants.py": ("index of south: s1", "left: notes-north", "filter south: s1\n  knows Ingrid Moe: False"),
    "tracing.py": (
        "  LightRAGRetriever\n    GenericFakeChatModel\n",
        "  lightrag.answer \n    retrieval cookbook {'lightrag.hits': 2}\n",
        "    chat GenericFakeChatModel {'lightrag.task': 'answer'}",
        "counted: {'mix': 2} searches by mode",
    ),
    "own_stores.py": (
        "put: {'vectors': 3, 'documents': 3, 'graph': 14}",
        "Fram → Larvik: The Fram was designed",
        "left: archer fram | 2 vectors",
        "2 chunks missing: 'archer#0', 'fram#0'",
        "2 put again; verify: []",
    ),
    "metadata_filters.py": ("{'lang': 'en'}: a, b", "'$gte': 2020", "since 2024: 0"),
}


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Third parties may warn."""
    ready = Forks("lightrag_integrations._live", *FRAMEWORKS, PYTHONWARNINGS="default")
    yield ready
    ready.close()


def run(forks: Forks, name: str, cwd: Path, **environment: str) -> str:
    done = forks.run(str(COOKBOOKS / name), cwd=cwd, **environment)
    assert done.code == 0, done.err
    return done.out


def test_all_are_listed_and_tried() -> None:
    scripts = {path.name for path in COOKBOOKS.glob("*.py")}
    assert scripts == set(SHOWS) == set(re.findall(r"\((\w+\.py)\)", (COOKBOOKS / "README.md").read_text("utf-8")))


@pytest.mark.parametrize("name", sorted(SHOWS))
def test_cookbook(name: str, forks: Forks, tmp_path: Path) -> None:
    if name == "migrate_from_lightrag.py":
        lay_out_directory(tmp_path / "rag_storage")
    with OpenAIServer() as server:
        server.script("Who designed Amundsen's ship", "Colin Archer [1].")
        out = run(forks, name, tmp_path, OPENAI_API_KEY="key", OPENAI_BASE_URL=server.base_url)
    for text in SHOWS[name]:
        assert text in out


def test_own_postgresql_on_a_server(dsn: str, forks: Forks, tmp_path: Path) -> None:
    out = run(forks, "own_postgresql.py", tmp_path, DATABASE_URL=dsn)
    assert "checked: nothing wrong" in out
    assert not os.listdir(tmp_path)
    with LightRAGIndex("cookbook-own", database=dsn) as index:
        assert index.status().documents == 0
        index.drop()
