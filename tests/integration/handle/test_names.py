"""Which indexes a database holds, and handles that make none."""

import pickle
import uuid
from pathlib import Path

import pytest

from lightrag_integrations import (
    Chunk,
    ConfigurationError,
    Document,
    IndexNotFound,
    IndexOptions,
    IngestOptions,
    LightRAGIndex,
    QueryOptions,
)
from tests.integration.handle.conftest import MakeIndex


async def test_a_handle_that_makes_none(make_index: MakeIndex, dsn: str, tmp_path: Path) -> None:
    there, typo = make_index(), f"typo-{uuid.uuid4().hex}"
    there.ingest("The Fram was launched at Larvik.")
    with LightRAGIndex(there.name, database=dsn, create=False) as found:
        assert found.status().documents == 1
    missing = pickle.loads(pickle.dumps(LightRAGIndex(typo, database=dsn, create=False)))
    try:
        for call in (missing.status, missing.open, missing.verify, lambda: missing.ingest("Fram")):
            with pytest.raises(IndexNotFound, match=f"has no index '{typo}'; it holds ") as caught:
                call()
            assert there.name in caught.value.names and typo not in caught.value.names
        assert isinstance(caught.value, ConfigurationError)
        assert there.name in missing.names() == await missing.anames()
        LightRAGIndex(typo, database=dsn).open().close()
        assert missing.status().documents == 0, "the same handle finds what was made meanwhile"
        missing.drop()
        assert typo not in missing.names()
        with pytest.raises(IndexNotFound):
            missing.status()
    finally:
        missing.close()
    with pytest.raises(IndexNotFound, match="there is none at"):
        LightRAGIndex("x", database=tmp_path / "none", create=False).status()
    assert not (tmp_path / "none").exists()


async def test_an_estimate_makes_none(make_index: MakeIndex, tmp_path: Path) -> None:
    index, given = make_index(), ["The Fram was launched at Larvik.", "Colin Archer built it."]
    for estimate in (index.documents.estimate(given), await index.documents.aestimate(given)):
        assert (estimate.documents, estimate.chunks, estimate.unchanged) == (2, 2, 0)
    assert index.name not in index.names()
    index.ingest(given[0])
    assert (index.documents.estimate(given).documents, index.documents.estimate(given).unchanged) == (1, 1)
    index.drop()
    pieces = [Document(id="d", chunks=(Chunk(id="d#0", document_id="d", text="The Fram."),))]
    adding = make_index(index.name, options=IndexOptions(ingest=IngestOptions(on_existing="upsert_chunks")))
    assert (index.documents.estimate(given).documents, adding.documents.estimate(pieces).chunks) == (2, 1)
    assert index.name not in index.names()
    assert LightRAGIndex("x", database=tmp_path / "none").documents.estimate(given).documents == 2
    assert not (tmp_path / "none").exists()
    with pytest.raises(IndexNotFound):
        make_index(index.name, create=False).documents.estimate(given)


def test_few_of_many_names_are_told() -> None:
    told = str(IndexNotFound.among("x", tuple(f"n{number:02}" for number in range(30))))
    assert "'n07' and 22 more; name one of these" in told and "n08" not in told
    assert "it holds none" in str(IndexNotFound.among("x", ()))


@pytest.mark.parametrize(
    ("options", "told"),
    [(QueryOptions(), r"got QueryOptions.*IndexOptions\(query=QueryOptions"), ({"k": 3}, "got dict"), ({}, "got dict")],
)
def test_options_of_another_kind_are_refused_at_once(options: object, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        LightRAGIndex("unmade", options=options)  # type: ignore[arg-type]
