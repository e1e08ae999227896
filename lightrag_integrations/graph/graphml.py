"""GraphML: a node for each entity, named by it, and an undirected edge for each relation."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from xml.sax.saxutils import escape, quoteattr

from lightrag_integrations.graph.records import joined
from lightrag_integrations.models import EntityView, RelationView
from lightrag_integrations.whole import WholeReader

__all__ = ["graphml"]

Fields = tuple[tuple[str, str], ...]
_SPACE = "http://graphml.graphdrawing.org/xmlns"
_NODE = (
    ("label", "string"), ("type", "string"), ("description", "string"), ("degree", "int"), ("mentions", "int"),
    ("document_ids", "string"),
)  # fmt: skip
_EDGE = (
    ("weight", "double"), ("description", "string"), ("keywords", "string"), ("facts", "int"),
    ("document_ids", "string"), ("chunk_ids", "string"),
)  # fmt: skip
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


async def graphml(reader: WholeReader) -> AsyncGenerator[str]:
    """The pieces of the file.

    Args:
        reader: What is visible.

    Yields:
        Text; all together is one document.
    """
    yield f'<?xml version="1.0" encoding="utf-8"?>\n<graphml xmlns={quoteattr(_SPACE)}>'
    for kind, fields in (("node", _NODE), ("edge", _EDGE)):
        for name, form in fields:
            yield f'<key id="{kind}-{name}" for="{kind}" attr.name="{name}" attr.type="{form}"/>'
    yield '<graph edgedefault="undirected">\n'
    async with aclosing(reader.whole_entities()) as entities:
        async for entity in entities:
            yield _node(entity.view())
    async with aclosing(reader.whole_relations()) as relations:
        async for relation in relations:
            yield _edge(relation.view)
    yield "</graph></graphml>"


def _node(entity: EntityView) -> str:
    values = (
        entity.name, entity.type, entity.description, entity.degree, entity.mentions, joined(entity.document_ids),
    )  # fmt: skip
    return f"<node id={_quoted(entity.name)}>{_data('node', _NODE, values)}</node>\n"


def _edge(relation: RelationView) -> str:
    documents = joined(list(dict.fromkeys(fact.document_id for fact in relation.facts)))
    chunks = joined(list(dict.fromkeys(fact.chunk_id for fact in relation.facts)))
    values = (
        relation.weight, relation.description, joined(relation.keywords), len(relation.facts), documents, chunks,
    )  # fmt: skip
    ends = f"source={_quoted(relation.source)} target={_quoted(relation.target)}"
    return f"<edge {ends}>{_data('edge', _EDGE, values)}</edge>\n"


def _data(kind: str, fields: Fields, values: Sequence[object]) -> str:
    told = zip(fields, values, strict=True)
    return "".join(f'<data key="{kind}-{name}">{_text(value)}</data>' for (name, _), value in told if value != "")


def _text(value: object) -> str:
    # As a reference: a reader makes a line feed of a carriage return as it stands.
    return escape(_clean(str(value)), {"\r": "&#13;"})


def _quoted(name: str) -> str:
    return quoteattr(_clean(name))


def _clean(text: str) -> str:
    """Text without the characters that no XML can hold."""
    return _NOT_XML.sub("\ufffd", text)
