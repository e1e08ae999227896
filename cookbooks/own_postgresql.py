"""Your own PostgreSQL: a connection string from the environment, pool settings, a password that rotates.

Needs PostgreSQL 15 or later with the extension pgvector 0.7 or later. Set DATABASE_URL to
postgresql://user@host/database; without it this script uses an embedded server, so that it runs anywhere.
"""

import os
from tempfile import TemporaryDirectory

from lightrag_integrations import ConnectOptions, Document, LightRAGIndex


def token() -> str:
    """Called for each new connection: fetch a fresh token here (a cloud database, a vault)."""
    return os.environ.get("DATABASE_PASSWORD", "")


def database(directory: str) -> ConnectOptions | str:
    address = os.environ.get("DATABASE_URL")
    if address is None:
        return directory
    password = token if "DATABASE_PASSWORD" in os.environ else None
    return ConnectOptions(dsn=address, password=password, pool_max_size=4, statement_timeout_s=30)


def main() -> None:
    with TemporaryDirectory() as directory, LightRAGIndex("cookbook-own", database=database(directory)) as index:
        index.ingest([Document(id="a", text="Larvikite is quarried near Larvik.", metadata={"kind": "stone"})])
        status = index.status()
        print(f"PostgreSQL {status.server_version}, pgvector {status.pgvector_version}")
        print(f"schema {status.schema_name}: {status.documents} document, {status.entities} entities")
        print(f"checked: {index.verify() or 'nothing wrong'}")
        index.drop()


if __name__ == "__main__":
    main()
