"""GraphML: a node for each entity, named by it, and an undirected edge for each relation."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from lightrag_integrations.graph.records import joined
from lightrag_integrations.models import EntityView, RelationView
from lightrag_integrations.whole import WholeReader

__all__ = ["graphml"]

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
    page = _Page()
    page.begin()
    yield page.taken()
    async with aclosing(reader.whole_entities()) as entities:
        async for entity in entities:
            page.node(entity.view())
            yield page.taken()
    async with aclosing(reader.whole_relations()) as relations:
        async for relation in relations:
            page.edge(relation.view)
            yield page.taken()
    page.end()
    yield page.taken()


class _Page:
    """Writes elements into a buffer that is emptied again and again."""

    def __init__(self) -> None:
        self._buffer = io.StringIO()
        self._xml = XMLGenerator(self._buffer, "utf-8", short_empty_elements=True)

    def taken(self) -> str:
        """What was written since the last time."""
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text

    def begin(self) -> None:
        """Everything before the first node."""
        self._xml.startDocument()
        self._xml.startElement("graphml", AttributesImpl({"xmlns": _SPACE}))
        for kind, fields in (("node", _NODE), ("edge", _EDGE)):
            for name, form in fields:
                self._element("key", {"id": f"{kind}-{name}", "for": kind, "attr.name": name, "attr.type": form})
        self._xml.startElement("graph", AttributesImpl({"edgedefault": "undirected"}))
        self._xml.ignorableWhitespace("\n")

    def node(self, entity: EntityView) -> None:
        """One entity."""
        values = {**entity.model_dump(), "label": entity.name, "document_ids": joined(entity.document_ids)}
        self._holder("node", {"id": _clean(entity.name)}, [(name, values[name]) for name, _ in _NODE])

    def edge(self, relation: RelationView) -> None:
        """One relation."""
        values = {
            "weight": relation.weight,
            "description": relation.description,
            "keywords": joined(relation.keywords),
            "facts": len(relation.facts),
            "document_ids": joined(_once(fact.document_id for fact in relation.facts)),
            "chunk_ids": joined(_once(fact.chunk_id for fact in relation.facts)),
        }
        ends = {"source": _clean(relation.source), "target": _clean(relation.target)}
        self._holder("edge", ends, [(name, values[name]) for name, _ in _EDGE])

    def end(self) -> None:
        """Everything after the last edge."""
        self._xml.endElement("graph")
        self._xml.endElement("graphml")
        self._xml.endDocument()

    def _holder(self, kind: str, attributes: dict[str, str], values: list[tuple[str, Any]]) -> None:
        self._xml.startElement(kind, AttributesImpl(attributes))
        for name, value in values:
            if value != "":
                self._element("data", {"key": f"{kind}-{name}"}, str(value))
        self._xml.endElement(kind)
        self._xml.ignorableWhitespace("\n")

    def _element(self, name: str, attributes: dict[str, str], text: str = "") -> None:
        self._xml.startElement(name, AttributesImpl(attributes))
        self._xml.characters(_clean(text))
        self._xml.endElement(name)


def _clean(text: str) -> str:
    """Text without the characters that no XML can hold."""
    return _NOT_XML.sub("\ufffd", text)


def _once(values: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(values))
