"""Storing, reading back, replacing and deleting, as the rest of the package sees it."""

from lightrag_integrations.protocols import Store
from tests.integration.storage.making import chunk, document, put, term


async def test_a_stored_document_is_found_by_its_words(store: Store) -> None:
    await put(store, document("d", chunk("c1", "red apple red"), chunk("c2", "green apple", position=1)))
    async with store.snapshot() as reader:
        assert await reader.corpus() == (2, 5)
        red, apple = await reader.postings([term("red"), term("nothing"), term("apple")])
        assert (red.term, red.tfs.tolist(), red.lengths.tolist()) == (term("red"), [2], [3])
        rows = await reader.chunks(apple.chunks.tolist())
    assert sorted(row.chunk_id for row in rows.values()) == ["c1", "c2"]
