"""What `--settings ablations` compares with `mix`: names and the query options that differ. One line each."""

from typing import Any

from lightrag_integrations import QueryOptions, Setting

ABLATIONS: dict[str, dict[str, Any]] = {
    "mix": {},
    "graph": {"mode": "graph"},
    "chunk_restart 0": {"walk": {"chunk_restart": 0.0}},
    "chunk_restart .3": {"walk": {"chunk_restart": 0.3}},
    "chunk_restart 1": {"walk": {"chunk_restart": 1.0}},
    "fact_share 0": {"walk": {"fact_share": 0.0}},
    "fact_share .5": {"walk": {"fact_share": 0.5}},
    "fact_share 1": {"walk": {"fact_share": 1.0}},
    "damping .5": {"walk": {"damping": 0.5}},
    "damping .7": {"walk": {"damping": 0.7}},
    "damping .85": {"walk": {"damping": 0.85}},
    "damping .95": {"walk": {"damping": 0.95}},
    "no bridge": {"walk": {"bridge": 0.0}},
    "no guard": {"walk": {"guard": 0}},
    "guard 2": {"walk": {"guard": 2}},
    "seeds 10": {"walk": {"seeds": 10}},
    "seeds 100": {"walk": {"seeds": 100}},
    "rounds 1": {"walk": {"rounds": 1}},
    "rounds 2": {"walk": {"rounds": 2}},
    "rounds 4": {"walk": {"rounds": 4}},
    "edges 10": {"walk": {"edges_per_node": 10}},
    "edges 100": {"walk": {"edges_per_node": 100}},
    "nodes 30": {"walk": {"nodes_per_round": 30}},
    "nodes 300": {"walk": {"nodes_per_round": 300}},
}


def ablations() -> list[Setting]:
    return [Setting(name=name, options=QueryOptions.model_validate(given)) for name, given in ABLATIONS.items()]
