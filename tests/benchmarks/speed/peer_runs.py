"""Runs scripts of peers one at a time, each in its own environment and a database of its own."""

import json
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from lightrag_integrations.storage.embedded import describe_server
from tests.benchmarks.speed.peer_environments import ROOT, named

K = 5
"""Chunks that every peer is asked for."""


class Runs:
    """On one server, whose address each script is told."""

    def __init__(self, scratch: Path, pythons: dict[str, Path], *, dsn: str, server: Path) -> None:
        self.scratch = scratch
        self._pythons = pythons
        self._dsn = dsn
        told = conninfo_to_dict(dsn)
        self._address = {name: str(told[name]) for name in ("host", "port", "user", "password")}
        self._pid = describe_server(server).pid

    def run(self, peer: str, folder: Path, **settings: Any) -> dict[str, Any]:
        """What the script says; its database is gone afterwards."""
        whole = {"database": "peer", "folder": str(folder), "server": self._pid, "k": K, "settings": settings}
        self._change("CREATE DATABASE {} TEMPLATE template0")
        try:
            done = subprocess.run(
                [self._pythons[peer], "-m", f"tests.benchmarks.speed.peer_{peer}"],
                input=json.dumps(self._address | whole),
                cwd=self.scratch,
                env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(self.scratch)},
                capture_output=True,
                text=True,
                timeout=1800,
            )
        finally:
            self._change("DROP DATABASE {} WITH (FORCE)")
        if done.returncode:
            raise RuntimeError(f"{named(peer)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr[-4000:]}")
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    def _change(self, statement: str) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier("peer")))
