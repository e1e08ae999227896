"""PostgreSQL as the only truth: `open_store` gives the store of one index."""

from lightrag_integrations.storage.postgres.parts import Tuning
from lightrag_integrations.storage.postgres.schema import schema_name
from lightrag_integrations.storage.postgres.store import open_store

__all__ = ["Tuning", "open_store", "schema_name"]
