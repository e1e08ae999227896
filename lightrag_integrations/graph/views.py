"""The graph as objects of other libraries, each imported only here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lightrag_integrations.errors import MissingDependency
from lightrag_integrations.models import EntityView, FactView, RelationView

if TYPE_CHECKING:
    import networkx
    import pandas

__all__ = ["networkx_graph", "pandas_frames"]


def networkx_graph(entities: Iterable[EntityView], relations: Iterable[RelationView]) -> networkx.Graph[str]:
    """An undirected graph; `weight` is where NetworkX looks for it, `facts` are dictionaries.

    Args:
        entities: The nodes.
        relations: The edges.

    Raises:
        MissingDependency: NetworkX is not installed.
    """
    try:
        import networkx
    except ImportError as error:
        raise MissingDependency(_missing("networkx")) from error
    graph: networkx.Graph[str] = networkx.Graph()
    for entity in entities:
        graph.add_node(entity.name, **entity.model_dump(exclude={"name"}))
    for relation in relations:
        graph.add_edge(relation.source, relation.target, **relation.model_dump(exclude={"source", "target"}))
    return graph


def pandas_frames(
    entities: Iterable[EntityView], relations: Iterable[RelationView]
) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """A table of entities and one of facts, with named columns even when they are empty.

    Args:
        entities: Rows of the first.
        relations: Their facts are the rows of the second.

    Raises:
        MissingDependency: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise MissingDependency(_missing("pandas")) from error
    told = [fact.model_dump() for relation in relations for fact in relation.facts]
    return (
        pandas.DataFrame([entity.model_dump() for entity in entities], columns=list(EntityView.model_fields)),
        pandas.DataFrame(told, columns=list(FactView.model_fields)),
    )


def _missing(name: str) -> str:
    return f"{name} is not installed; pip install {name}"
