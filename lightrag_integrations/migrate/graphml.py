"""GraphML as NetworkX writes it, one node and one edge at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple
from xml.etree import ElementTree

from lightrag_integrations.errors import InputError
from lightrag_integrations.migrate.jsonfile import unreadable

__all__ = ["Element", "elements"]


class Element(NamedTuple):
    """A node, or an edge with both ends."""

    kind: Literal["node", "edge"]
    ends: tuple[str, ...]
    data: dict[str, str]


def elements(path: Path) -> Iterator[Element]:
    """Nodes and edges in the order of the file.

    Args:
        path: The file.

    Raises:
        InputError: The file can't be read, or holds no GraphML.
    """
    names: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            parsed = ElementTree.iterparse(file, events=("start", "end"))
            _, root = next(parsed)
            if _name(root) != "graphml":
                raise InputError(f"{path} begins with <{_name(root)}>; expected GraphML")
            graph: Any = None
            for event, element in parsed:
                name = _name(element)
                if event == "start":
                    graph = element if name == "graph" and graph is None else graph
                elif name == "key":
                    names[element.get("id", "")] = element.get("attr.name", "")
                elif name in ("node", "edge") and graph is not None:
                    yield _element(element, names)
                    graph.clear()
    except (OSError, StopIteration) as error:
        raise unreadable(path, error) from error
    except (ElementTree.ParseError, LookupError) as error:  # what is looked up is an encoding
        raise InputError(f"{path} holds no GraphML that can be read: {error}; nothing was written") from error


def _element(element: Any, names: dict[str, str]) -> Element:
    data = {names.get(one.get("key"), ""): one.text or "" for one in element if _name(one) == "data"}
    if _name(element) == "node":
        return Element("node", (element.get("id", ""),), data)
    return Element("edge", (element.get("source", ""), element.get("target", "")), data)


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
