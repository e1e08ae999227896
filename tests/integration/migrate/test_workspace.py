"""A workspace that LightRAG 1.5.7 wrote into PostgreSQL comes over as a directory of the same documents does."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from lightrag_integrations import InputError, LightRAGDirectory, LightRAGWorkspace
from tests.integration.handle.conftest import MakeIndex
from tests.integration.migrate.conftest import Restore
from tests.integration.migrate.making import GRAPHML, WordsEmbedder, assert_same_graph, lightrags_graph

DUMP = "lightrag_1_5_7.sql.xz"
TABLES = ("lightrag_graph_nodes", "lightrag_graph_edges")


@pytest.fixture
def dsn_of_workspace(restored: Restore) -> SecretStr:
    return restored(DUMP)


@pytest.fixture
def without_graph(dsn_of_workspace: SecretStr) -> Iterator[SecretStr]:
    """The graph is kept elsewhere, by NetworkX, Neo4j or AGE."""

    def rename(old: str, new: str) -> None:
        with psycopg.connect(dsn_of_workspace.get_secret_value(), autocommit=True) as connection:
            for table in TABLES:
                names = sql.Identifier(f"{old}{table}"), sql.Identifier(f"{new}{table}")
                connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(*names))

    rename("", "hidden_")
    yield dsn_of_workspace
    rename("hidden_", "")


def test_a_workspace_is_what_the_directory_is(
    make_index: MakeIndex, dsn_of_workspace: SecretStr, directory: Path
) -> None:
    index, other = (make_index(embed_model=WordsEmbedder()) for _ in range(2))
    source = LightRAGWorkspace(dsn=dsn_of_workspace, workspace="ships")
    report = index.import_from(source, vectors="keep")
    same = other.import_from(LightRAGDirectory(path=directory), vectors="keep")
    assert_same_graph(index, lightrags_graph(directory))
    assert index.verify() == []
    for name in ("found", "documents", "chunks", "entities", "relations", "own_words", "vectors_kept", "left_out"):
        assert getattr(report, name) == getattr(same, name), name
    assert report.changed == same.changed
    assert index.dump() == other.dump()
    again = index.import_from(source, vectors="keep")
    assert (again.documents, again.unchanged) == (0, report.documents)


def test_a_graph_beside_the_workspace(make_index: MakeIndex, without_graph: SecretStr, directory: Path) -> None:
    index = make_index()
    theirs = lightrags_graph(directory)
    source = LightRAGWorkspace(dsn=without_graph, workspace="ships", graphml=directory / GRAPHML)
    index.import_from(source)
    assert_same_graph(index, theirs)
    other = make_index()
    other.import_from(LightRAGWorkspace(dsn=without_graph, workspace="ships"))
    ours = other.graph.to_networkx()
    assert set(ours.nodes) == set(theirs.nodes)
    assert {frozenset(edge) for edge in ours.edges} == {frozenset(edge) for edge in theirs.edges}


def test_what_is_not_there(make_index: MakeIndex, dsn_of_workspace: SecretStr, restored: Restore) -> None:
    index = make_index()
    with pytest.raises(InputError, match="it has 'ships'; name one of these"):
        index.import_from(LightRAGWorkspace(dsn=dsn_of_workspace))
    with pytest.raises(InputError, match="has no table lightrag_doc_chunks"):
        index.import_from(LightRAGWorkspace(dsn=restored("llama_index_postgres_0_9_0.sql")))
    assert index.status().documents == 0
