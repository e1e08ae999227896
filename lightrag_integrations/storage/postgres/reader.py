"""A reader: one read-only snapshot of an index through one filter, composed of its parts."""

from __future__ import annotations

from lightrag_integrations.storage.postgres.ahead import AheadReads
from lightrag_integrations.storage.postgres.chunks import ChunkReads
from lightrag_integrations.storage.postgres.export import WholeReads
from lightrag_integrations.storage.postgres.graph import GraphReads
from lightrag_integrations.storage.postgres.mirror import MirrorReads
from lightrag_integrations.storage.postgres.notes import NoteReads
from lightrag_integrations.storage.postgres.pairs import PairReads
from lightrag_integrations.storage.postgres.similar import SimilarReads

__all__ = ["PostgresReader"]


class PostgresReader(
    AheadReads, GraphReads, ChunkReads, NoteReads, PairReads, WholeReads, SimilarReads, MirrorReads
):  # fmt: skip
    """`reader.Reader` on a connection inside a REPEATABLE READ transaction."""
