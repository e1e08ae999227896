"""The embedding model of the fixtures, and LightRAG's graph as NetworkX reads it."""

import tarfile
from collections.abc import Sequence
from pathlib import Path

import networkx as nx

from lightrag_integrations import LightRAGIndex
from lightrag_integrations.protocols import TextKind
from tests.integration.migrate.make.vectors import DIMENSION, vector

FIXTURES = Path(__file__).parent / "fixtures"
GRAPHML = "graph_chunk_entity_relation.graphml"


class WordsEmbedder:
    """What the fixtures' vectors come from; with other arguments another model."""

    def __init__(self, dimension: int = 16, salt: str = "") -> None:
        self.fingerprint = f"words-{dimension}{salt}"
        self.texts: list[str] = []
        self._dimension = dimension
        self._salt = salt

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> list[list[float]]:
        self.texts += texts
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        if not self._salt and self._dimension == DIMENSION:
            return vector(text)
        return [1.0 + (ord(self._salt[:1] or "a") * len(text)) % (place + 3) for place in range(self._dimension)]


def lay_out_directory(home: Path, version: str = "1_5_7") -> None:
    """A working directory that LightRAG wrote."""
    with tarfile.open(FIXTURES / f"lightrag_{version}.tar.xz") as archive:
        archive.extractall(home, filter="data")


def lightrags_graph(home: Path) -> nx.Graph:
    return nx.read_graphml(home / GRAPHML)


def assert_same_graph(index: LightRAGIndex, theirs: nx.Graph) -> None:
    """Names, types, edges, degrees, weights and keywords."""
    ours = index.graph.to_networkx()
    assert set(ours.nodes) == set(theirs.nodes)
    assert {frozenset(edge) for edge in ours.edges} == {frozenset(edge) for edge in theirs.edges}
    for name, data in theirs.nodes(data=True):
        entity = index.graph.entity(name)
        assert entity is not None
        assert (entity.type, entity.degree) == (data["entity_type"], theirs.degree(name)), name
    for first, second, data in theirs.edges(data=True):
        relation = index.graph.relation(first, second)
        assert relation is not None
        assert relation.weight == data["weight"], (first, second)
        assert set(relation.keywords) == set(data["keywords"].split(",")), (first, second)
        assert set(relation.description.split("\n")) == set(data["description"].split("<SEP>")), (first, second)
