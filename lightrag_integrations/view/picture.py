"""The part of the graph that brought the hits, as nodes and edges with places: question, seeds, facts, chunks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from lightrag_integrations.models import FactView, Hit, PathStep, RetrievalResult
from lightrag_integrations.view.words import less_without, shortened

__all__ = ["Picture", "picture_of"]

_LABEL = 44
_TIP = 420
_QUESTION = ("question", "")
_Key = tuple[str, str]


@dataclass(slots=True)
class _Node:
    id: str
    kind: str
    label: str
    tip: list[str]
    layer: int
    rank: int = 0
    hits: list[int] = field(default_factory=list)
    row: float = 0.0


@dataclass(slots=True)
class _Edge:
    id: str
    source: str
    target: str
    kind: str
    tip: list[str]


@dataclass(slots=True)
class Picture:
    """Nodes and edges by what they are, and the route to each hit."""

    nodes: dict[_Key, _Node] = field(default_factory=dict)
    edges: dict[tuple[_Key, _Key], _Edge] = field(default_factory=dict)
    routes: dict[int, list[str]] = field(default_factory=dict)
    """Rank of a hit to the ids of nodes and edges that lead to it."""

    def payload(self) -> dict[str, Any]:
        """Plain values for the page's script."""
        return {
            "nodes": [
                {name: getattr(node, name) for name in ("id", "kind", "label", "tip", "layer", "row", "rank")}
                for node in self.nodes.values()
            ],
            "edges": [
                {name: getattr(edge, name) for name in ("id", "source", "target", "kind", "tip")}
                for edge in self.edges.values()
            ],
            "routes": self.routes,
        }

    def node(self, key: _Key, *, label: str, layer: int, tip: Iterable[str] = ()) -> _Node:
        """The node of this key; of several layers the first is kept."""
        if key not in self.nodes:
            lines = [shortened(line, _TIP) for line in tip if line]
            self.nodes[key] = _Node(f"n{len(self.nodes)}", key[0], shortened(label, _LABEL), lines, layer)
        node = self.nodes[key]
        node.layer = min(node.layer, layer)
        return node

    def edge(self, source: _Key, target: _Key, kind: str, tip: Iterable[str] = ()) -> _Edge:
        """The edge between two nodes that are there."""
        if (source, target) not in self.edges:
            lines = [shortened(line, _TIP) for line in tip if line]
            ends = (self.nodes[source].id, self.nodes[target].id)
            self.edges[source, target] = _Edge(f"e{len(self.edges)}", *ends, kind, lines)
        return self.edges[source, target]


def picture_of(result: RetrievalResult) -> Picture | None:
    """The picture of a result; None where no hit was reached through the graph."""
    if not any(len(hit.evidence.steps) > 1 for hit in result.hits):
        return None
    picture = Picture()
    picture.node(_QUESTION, label=result.query or "the question", layer=0, tip=[result.query])
    for rank, hit in enumerate(result.hits, start=1):
        if hit.evidence.steps:
            _route(picture, rank, hit)
    for hit in result.hits:
        _also(picture, hit)
    _place(picture)
    return picture


def _route(picture: Picture, rank: int, hit: Hit) -> None:
    """Nodes and edges of one hit's path. Layers: 0 the question, even ones entities and chunks, odd ones facts."""
    before, keys = _QUESTION, [_QUESTION]
    edges: list[_Edge] = []
    for number, step in enumerate(hit.evidence.steps, start=1):
        key: _Key = (step.target_kind, step.target)
        if step.facts:
            fact = _fact(picture, step.facts[0], step, layer=2 * number - 1)
            keys.append(fact)
            edges.append(picture.edge(before, fact, "fact"))
            before = fact
        picture.node(key, label=step.target, layer=2 * number, tip=[step.target])
        keys.append(key)
        kind = "fact" if step.facts else step.kind
        edges.append(picture.edge(before, key, kind, _edge_tip(step)))
        before = key
    last = picture.nodes[before]
    last.rank, last.label = rank, shortened(f"{rank}. {hit.title or hit.document_id}", _LABEL)
    last.tip = [line for line in (hit.title, shortened(hit.text, _TIP), hit.chunk_id) if line]
    for key in keys:
        picture.nodes[key].hits.append(rank)
    picture.routes[rank] = [*(picture.nodes[key].id for key in keys), *(edge.id for edge in edges)]


def _fact(picture: Picture, fact: FactView, step: PathStep, *, layer: int) -> _Key:
    key = ("fact", f"{fact.chunk_id} {fact.source} {fact.target} {fact.start} {fact.words}")
    told = [fact.words] if step.quote in ("", fact.words) else [fact.words, f"“{step.quote}”"]
    near = ["near the question"] if step.kind == "seed" else []
    ends = f"{fact.source} – {fact.target}"
    picture.node(key, label=fact.words, layer=layer, tip=[ends, *told, fact.place, *near, less_without(step.loss)])
    return key


def _edge_tip(step: PathStep) -> list[str]:
    joined = f"{step.source} {step.words} {step.target}" if step.source else f"{step.target} {step.words}"
    if step.kind == "fact":
        joined = f"{step.source} – {step.target}"
    return [joined, step.quote, step.place, less_without(step.loss)]


def _also(picture: Picture, hit: Hit) -> None:
    """Faint edges from the other entities of the picture through which a hit was reached."""
    chunk = ("chunk", hit.chunk_id)
    for name in hit.evidence.entities:
        entity = ("entity", name)
        if {chunk, entity} <= picture.nodes.keys() and not {(chunk, entity), (entity, chunk)} & picture.edges.keys():
            picture.edge(entity, chunk, "also", [f"{name} also brings {hit.title or hit.chunk_id}"])


def _place(picture: Picture) -> None:
    """Hits in the last layer in their order; before them each node beside the best of the hits that it leads to."""
    hits = [node for node in picture.nodes.values() if node.rank]
    last = max((node.layer for node in picture.nodes.values()), default=0)
    layers: dict[int, list[_Node]] = defaultdict(list)
    places = {node.rank: place for place, node in enumerate(sorted(hits, key=lambda node: node.rank))}
    for node in picture.nodes.values():
        node.layer = last if node.rank else min(node.layer, last - 1)
        node.row = places[node.rank] if node.rank else _middle([(places[rank], 1 / rank) for rank in node.hits])
        layers[node.layer].append(node)
    for layer, nodes in layers.items():
        if layer != last:
            _apart(sorted(nodes, key=lambda node: node.row))


def _middle(weighted: Sequence[tuple[float, float]]) -> float:
    return sum(value * weight for value, weight in weighted) / sum(weight for _, weight in weighted)


def _apart(nodes: Sequence[_Node]) -> None:
    """At least one row between neighbours, with the middle where it was."""
    middle = sum(node.row for node in nodes) / len(nodes)
    for before, node in pairwise(nodes):
        node.row = max(node.row, before.row + 1)
    shift = middle - sum(node.row for node in nodes) / len(nodes)
    for node in nodes:
        node.row = round(node.row + shift, 3)
