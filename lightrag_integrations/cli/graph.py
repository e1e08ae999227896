"""What the graph knows of an entity: where it is mentioned, and its relations, heaviest first."""

from __future__ import annotations

import argparse

from lightrag_integrations import EntityView, RelationView
from lightrag_integrations.cli.connect import add_index_options, open_index, positive
from lightrag_integrations.cli.exits import DONE, INCOMPLETE
from lightrag_integrations.cli.output import fields, print_json, shorten

__all__ = ["add_arguments", "run"]

_FACTS = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("entity", metavar="ENTITY", help="its name; case and spacing do not matter")
    parser.add_argument("--limit", type=positive, default=10, metavar="N", help="most relations (default 10)")
    add_index_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    with open_index(options) as index:
        entity = index.graph.entity(options.entity)
        relations = index.graph.neighbours(options.entity, limit=options.limit) if entity else []
    if options.json:
        shown = entity.model_dump(mode="json") if entity else None
        print_json({"entity": shown, "relations": [relation.model_dump(mode="json") for relation in relations]})
    elif entity is None:
        print(f"no entity is called {options.entity!r}")
    else:
        _print(entity, relations)
    return DONE if entity else INCOMPLETE


def _print(entity: EntityView, relations: list[RelationView]) -> None:
    rows = (
        ("entity", entity.name),
        ("type", entity.type),
        ("about", shorten(entity.description, 400)),
        ("mentioned", f"in {entity.mentions} chunks of {', '.join(entity.document_ids[:8])}"),
        ("relations", f"with {entity.degree} entities"),
    )
    print("\n".join(fields(rows)))
    for relation in relations:
        print(f"\n{relation.source} — {relation.target}  weight {relation.weight:g}")
        for fact in relation.facts[:_FACTS]:
            print(f"    {shorten(fact.description, 200)}  [{fact.document_id}]")
