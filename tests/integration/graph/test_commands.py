"""`lightrag export` and `lightrag import-graph`."""

import json
from pathlib import Path

import pytest

from lightrag_integrations.cli import main
from tests.integration.cli.conftest import cli as cli
from tests.integration.cli.conftest import name as name
from tests.integration.cli.running import Cli


def test_a_graph_goes_out_and_in(cli: Cli, tmp_path: Path) -> None:
    kg = {"entities": [{"entity_name": "Ada"}], "relationships": [{"src_id": "Ada", "tgt_id": "Bab", "weight": 2}]}
    (tmp_path / "kg.json").write_text(json.dumps(kg))
    loaded = cli("import-graph", "kg.json", "--json")
    assert (loaded.code, loaded.json["report"]["documents"], loaded.json["errors"]) == (0, 1, {})
    printed = cli("export")
    assert printed.code == 0
    assert [row["name"] for row in printed.json["entities"]] == ["Ada", "Bab"]
    (tmp_path / "graph.json").write_text(printed.out)
    assert "1 stored, 0 unchanged, 0 failed" in cli("import-graph", "graph.json").out
    tables = cli("export", "tables", "--format", "csv", "--filter", '{"no": "such"}')
    assert tables.out == "wrote tables/entities.csv\nwrote tables/relations.csv\n"
    assert len((tmp_path / "tables" / "entities.csv").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "--format", "csv"), "csv is two files"),
        (("export", "--json"), "name one"),
        (("import-graph", "none.json"), "can't read none.json"),
    ],
)
def test_wrong_usage_is_told(
    dsn: str,
    arguments: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LIGHTRAG_DATABASE", dsn)
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert message in told.out + told.err
