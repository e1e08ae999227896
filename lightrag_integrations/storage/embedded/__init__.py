"""The PostgreSQL that pip installs, started and stopped by us."""

from lightrag_integrations.storage.embedded.describe import ServerInfo, describe_server
from lightrag_integrations.storage.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer", "ServerInfo", "describe_server"]
