"""What is only looked at, or refused, leaves nothing behind: no index, no database, no line in the ledger."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

from lightrag_integrations import InputError, LightRAGDirectory, LightRAGIndex, LightRAGWorkspace
from lightrag_integrations.contributions import Usage
from lightrag_integrations.errors import EmbeddingMismatch, IndexNotFound
from tests.integration.handle.conftest import MakeIndex
from tests.integration.migrate.conftest import Restore
from tests.integration.migrate.making import WordsEmbedder


def ledger(index: LightRAGIndex) -> Sequence[Usage]:
    async def read() -> Sequence[Usage]:
        return await (await index._live.store()).ledger()

    return index._live.run(read)


def test_no_index_is_made(directory: Path, make_index: MakeIndex, restored: Restore) -> None:
    index, other = make_index(embed_model=WordsEmbedder()), make_index(embed_model=WordsEmbedder(32))
    source = LightRAGDirectory(path=directory)
    looked = index.import_from(source, vectors="keep", dry_run=True)
    assert (looked.documents, looked.unchanged, looked.vectors_kept) == (10, 0, 13)
    with pytest.raises(InputError, match="--vectors embed"):
        other.import_from(source, vectors="keep")
    with pytest.raises(InputError, match="it has 'ships'"):
        index.import_from(LightRAGWorkspace(dsn=restored("lightrag_1_5_7.sql.xz")))
    assert not {index.name, other.name} & set(index.names())
    with pytest.raises(IndexNotFound):
        LightRAGIndex(index.name, database=index._settings.database, create=False).import_from(source, dry_run=True)
    stored = index.import_from(source, vectors="keep")
    assert index.name in index.names()
    assert (stored.documents, stored.vectors_kept) == (10, 13)


def test_an_index_that_is_there(directory: Path, make_index: MakeIndex) -> None:
    index = make_index(embed_model=WordsEmbedder())
    source = LightRAGDirectory(path=directory)
    index.import_from(source, vectors="keep")
    before, spent = index.dump(), ledger(index)
    assert "embed" in {usage.kind for usage in spent}
    looked = index.import_from(source, vectors="keep", dry_run=True)
    assert (looked.documents, looked.unchanged, looked.embedding_tokens) == (0, 10, 0)
    assert (index.dump(), ledger(index)) == (before, spent)
    with pytest.raises(EmbeddingMismatch):
        make_index(index.name, embed_model=WordsEmbedder(32)).import_from(source, dry_run=True)


async def test_no_database_is_made(directory: Path, tmp_path: Path) -> None:
    source = LightRAGDirectory(path=directory)
    (tmp_path / "empty").mkdir()
    for home in (tmp_path / "none", tmp_path / "empty"):
        index = LightRAGIndex(uuid.uuid4().hex, database=home)
        looked = await index.aimport_from(source, dry_run=True)
        assert looked.documents == 10
        with pytest.raises(InputError):
            await index.aimport_from(LightRAGDirectory(path=tmp_path))
        await index.aclose()
    assert not (tmp_path / "none").exists()
    assert not list((tmp_path / "empty").iterdir())
