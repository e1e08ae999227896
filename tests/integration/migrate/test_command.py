"""`lightrag import`: one command for all sources, secrets kept off the command line."""

from contextlib import closing
from pathlib import Path

from lightrag_integrations import LightRAGIndex
from tests.integration.cli.conftest import cli as cli
from tests.integration.cli.conftest import name as name
from tests.integration.cli.running import Cli
from tests.integration.migrate.conftest import Restore


def indexes(dsn: str) -> list[str]:
    with closing(LightRAGIndex("any", database=dsn)) as index:
        return index.names()


def test_a_directory(cli: Cli, directory: Path, name: str, dsn: str) -> None:
    looked = cli("import", str(directory), "--dry-run", "--json")
    assert (looked.code, looked.json["documents"], looked.json["dry_run"]) == (0, 10, True)
    assert name not in indexes(dsn)
    done = cli("import", "rag_storage")
    assert done.code == 0, done.err
    assert "10 documents, 14 chunks, 20 entities, 18 relations, 24 cached answers" in done.out
    assert "10 stored, 0 unchanged, 0 failed (8 documents and 2 statements made by hand); 15 chunks" in done.out
    assert "left out: 2 documents that are not finished" in done.out
    assert "the model would not read it" in done.out
    assert "Otto Sverdrup commanded the Fram" in cli("graph", "Otto Sverdrup").out
    assert "0 stored, 10 unchanged" in cli("import", str(directory)).out


def test_databases(cli: Cli, restored: Restore) -> None:
    for dump, options in (
        ("lightrag_1_5_7.sql.xz", ("--workspace", "ships")),
        ("langchain_postgres_0_0_19.sql", ("--langchain-table", "ships_table")),
        ("langchain_postgres_0_0_19.sql", ("--langchain-collection", "ships")),
        ("llama_index_postgres_0_9_0.sql", ("--llama-index-table", "ships")),
    ):
        done = cli("import", *options, "--json", LIGHTRAG_SOURCE=restored(dump).get_secret_value())
        assert (done.code, done.json["failed"]) == (0, 0), done.err
    assert cli("status", "--json").json["status"]["documents"] == 10 + 7 + 7 + 7


def test_refusals(cli: Cli, directory: Path, name: str, dsn: str) -> None:
    outcomes = {
        "got no source": cli("import"),
        "with a password in it": cli("import", "postgresql://me:secret@127.0.0.1/x"),
        "--llama-index-table is for databases": cli("import", str(directory), "--llama-index-table", "x"),
        "are LightRAG's": cli("import", "postgresql://127.0.0.1/x", "--langchain-table", "x", "--workspace", "y"),
    }
    for told, outcome in outcomes.items():
        assert outcome.code in (2, 3) and told in outcome.err, outcome
        assert "secret" not in outcome.err
    (directory / "kv_store_text_chunks.json").write_text('{"chunk-1": {"content": "cut sh')
    broken = cli("import", str(directory), "--json")
    assert (broken.code, broken.json["error"]) == (2, "InputError")
    assert "nothing was written" in broken.json["message"]
    assert name not in indexes(dsn)
    for address in ("postgresql://nobody:hidden-word@127.0.0.1:1/none", "host=127.0.0.1 port=1 password=hidden-word"):
        gone = cli("import", LIGHTRAG_SOURCE=address)
        assert gone.code == 4 and "hidden-word" not in gone.err + gone.out, address
