"""What a trace tells is what another way of computing it gives: seeds by hand, losses by walking again."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lightrag_integrations.retrieve.neighbourhood import Node, propagate
from lightrag_integrations.retrieve.reached import SIGNALS, Reached
from lightrag_integrations.retrieve.trace import Trace

DAMPING, STEPS = 0.85, 15


@st.composite
def walks(draw: st.DrawFn) -> Reached:
    """A small connected graph of entities and chunks, weighted edges, a few seeds."""
    size = draw(st.integers(3, 9))
    kinds = [draw(st.sampled_from(["chunk", "entity"])) for _ in range(size - 1)]
    nodes: list[Node] = [(kind, 100 + row) for row, kind in enumerate(["chunk", *kinds])]
    weights = np.zeros((size, size))
    tree = [(draw(st.integers(0, row - 1)), row) for row in range(1, size)]
    more = draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=8))
    for a, b in [*tree, *(pair for pair in more if pair[0] != pair[1])]:
        weights[a, b] = weights[b, a] = draw(st.sampled_from([0.2, 1.0, 3.0]))
    start = np.zeros((size, len(SIGNALS)))
    for row in draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=3)):
        start[row, draw(st.integers(0, len(SIGNALS) - 1))] += draw(st.sampled_from([0.1, 0.5, 1.0]))
    start /= start.sum()
    return reached(nodes, weights, start)


def reached(nodes: list[Node], weights: np.ndarray, start: np.ndarray) -> Reached:
    out = weights.sum(axis=0)
    transition = csr_array(np.divide(weights, out, out=np.zeros_like(weights), where=out > 0))
    return Reached(
        np.array([node for _, node in nodes]),
        np.array([kind == "chunk" for kind, _ in nodes]),
        transition,
        propagate(transition, start, damping=DAMPING, steps=STEPS),
        start,
    )


def trace(walk: Reached, gains: dict[int, tuple[float, int]] | None = None) -> Trace:
    return Trace(walk, gains or {}, damping=DAMPING, steps=STEPS)


@settings(deadline=None, max_examples=60)
@given(walk=walks())
def test_seeds_add_up_to_the_parts_by_signal(walk: Reached) -> None:
    chunks = list(walk.scores)
    for chunk, seeds in trace(walk).seeds(chunks, 99).items():
        mass = walk.mass[walk.nodes.index(("chunk", chunk))]
        for place, signal in enumerate(SIGNALS):
            part = sum(seed.part for seed in seeds if seed.signal == signal)
            assert part == pytest.approx(mass[place] / mass.sum(), abs=1e-7)
        assert [seed.part for seed in seeds] == sorted((seed.part for seed in seeds), reverse=True)
        assert trace(walk).seeds([chunk], 1)[chunk] == seeds[:1]


@settings(deadline=None, max_examples=60)
@given(walk=walks())
def test_losses_are_those_of_a_walk_without_the_edge(walk: Reached) -> None:
    told = trace(walk)
    for chunk, score in walk.scores.items():
        path = told.path(chunk)
        assert path is not None
        rows = [walk.nodes.index(node) for node in path.nodes]
        assert walk.start[rows[0], SIGNALS.index(path.signal)] > 0
        assert path.nodes[-1] == ("chunk", chunk)
        for (a, b), loss in zip(itertools.pairwise(rows), path.losses, strict=True):
            assert walk.transition.toarray()[b, a] > 0
            cut = walk.transition.toarray()
            cut[a, b] = cut[b, a] = 0.0
            without = reached(walk.nodes, cut, walk.start)
            assert loss == pytest.approx(1 - without.scores.get(chunk, 0.0) / score, abs=1e-7)


@settings(deadline=None, max_examples=60)
@given(walk=walks(), gain=st.sampled_from([0.01, 0.5, 3.0]), data=st.data())
def test_the_bridge_counts(walk: Reached, gain: float, data: st.DataObject) -> None:
    scores = walk.scores
    origin, chunk = data.draw(st.sampled_from(list(scores))), 999
    told = trace(walk, {chunk: (gain, origin)})
    own = trace(walk).path(origin)
    path = told.path(chunk)
    assert own is not None and path is not None
    assert path.nodes[-2:] == (("chunk", origin), ("chunk", chunk))
    assert path.losses[-1] is None
    assert told.seeds([chunk], 99)[chunk] == told.seeds([origin], 99)[origin]


def test_an_edge_that_only_takes_mass_away_is_not_cited() -> None:
    """The seed reaches the chunk at once and by a detour of higher chance, part of which returns."""
    weights = np.zeros((3, 3))
    weights[0, 1] = weights[1, 0] = 1.0  # chunk - seed
    weights[1, 2] = weights[2, 1] = 50.0  # seed - an entity that leads nowhere else
    start = np.zeros((3, len(SIGNALS)))
    start[1, 2] = 1.0
    path = trace(reached([("chunk", 1), ("entity", 2), ("entity", 3)], weights, start)).path(1)
    assert path is not None
    assert path.nodes == (("entity", 2), ("chunk", 1))
    assert path.losses[0] == 1.0
