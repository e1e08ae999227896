"""`lightrag repair` and the lines of `lightrag status`."""

from pathlib import Path

import psycopg

from tests.integration.cli.running import Cli


def test_status_verify_and_repair(cli: Cli, notes: Path, dsn: str) -> None:
    cli("ingest", "notes")
    status = cli("status", "--json").json["status"]
    assert cli("repair").out == "nothing to mend\n"
    with psycopg.connect(dsn) as connection:
        connection.execute(f"DELETE FROM {status['schema_name']}.postings")
    told = cli("status", "--verify")
    assert told.code == 1
    assert "3 stored, 0 waiting, 0 failed" in told.out and "1 segment of the keyword index" in told.out
    assert "MB (text " in told.out
    assert "chunks whose words are not those of the keyword index: 3 (" in told.out
    assert cli("query", "Who designed the Fram?", "--mode", "keyword").code == 1
    mended = cli("repair", "--json")
    assert (mended.code, mended.json) == (0, {"mended": ["the keyword index, made anew from 3 chunks"], "left": []})
    assert cli("query", "Who designed the Fram?", "--mode", "keyword").code == 0
    with psycopg.connect(dsn) as connection:
        connection.execute(f"UPDATE {status['schema_name']}.fact SET weight = 'NaN' WHERE id = (SELECT min(id) "
                           f"FROM {status['schema_name']}.fact)")  # fmt: skip
    left = cli("repair")
    assert left.code == 1
    assert left.out.startswith("mended: documents to be stored anew, marked; ingest them again: 1 (")
    assert "left: documents with facts whose weight is not a finite number: 1 (" in left.out
    assert "1 stored, 2 unchanged, 0 failed" in cli("ingest", "notes").out
    assert cli("status", "--verify").code == 0
