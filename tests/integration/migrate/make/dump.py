"""Starts a PostgreSQL, lets a command fill it, and dumps it: `python -m tests.integration.migrate.make.dump OUT CMD…`.

Run in this project's environment, from its root; the command finds the server in DSN and POSTGRES_*.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from lightrag_integrations.storage.embedded.account import server_account
from lightrag_integrations.storage.embedded.binaries import find_binaries
from tests.servers import PostgresServer

server = PostgresServer()
try:
    own = {
        "DSN": server.dsn, "POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(server.port), "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": server.password, "POSTGRES_DATABASE": "postgres", "PYTHONPATH": "",
    }  # fmt: skip
    subprocess.run(sys.argv[2:], env={**os.environ, **own}, check=True)
    program = find_binaries(server_account()).home / "bin" / "pg_dump"
    options = ("--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=50", "--dbname", server.dsn)
    dumped = subprocess.run([program, *options], capture_output=True, text=True, check=True).stdout
finally:
    server.stop()
# Without what differs from run to run, psql's own commands, and comments; prompts have lines like these, too.
kept = re.sub(r"^(?:\\(?:un)?restrict .*|-- .*|--)\n+", "", dumped, flags=re.MULTILINE)
Path(sys.argv[1]).write_text(kept, "utf-8")
