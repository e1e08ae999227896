"""`index.graph`: the knowledge graph of an index, to read, export, import, add to and correct by hand."""

from __future__ import annotations

from lightrag_integrations.graph.contributing import Contributing
from lightrag_integrations.graph.export import Exporting
from lightrag_integrations.graph.hiding import Hiding
from lightrag_integrations.graph.loading import Loading
from lightrag_integrations.graph.merging import Merging
from lightrag_integrations.graph.noted import Noted
from lightrag_integrations.graph.summarising import Summarising

__all__ = ["Graph"]


class Graph(Exporting, Loading, Merging, Hiding, Summarising, Noted, Contributing):
    """The knowledge graph of an index. Get it as `index.graph`. Names are matched as ingestion normalises them.

    Every method that reads takes a metadata `filter`: what is said only by documents that do not pass is not there. Not
    so those that show the whole as a property graph (`nodes`, `near`, `triples`, `around`, `schema`).
    """
