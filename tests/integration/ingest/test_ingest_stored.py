"""What arrives in the database, and what a second run costs."""

import pytest

from lightrag_integrations.models import Document
from tests.integration.ingest.conftest import Bench


async def test_documents_are_stored_with_graph_and_vectors(bench: Bench, articles: list[Document]) -> None:
    report = await bench.ingest(articles)
    assert (report.documents, report.failed, report.chunks) == (6, 0, 6)
    assert report.model_calls == bench.server.answered["extract"] == 6
    assert report.prompt_tokens > 0
    assert report.embedding_tokens == bench.server.embedding_tokens > 0
    assert set((await bench.states()).values()) == {"processed"}
    async with bench.store.snapshot() as reader:
        named = await reader.named(["ada lovelace", "royal society", "london"])
        assert named["royal society"][1] == 6
        facts = await reader.facts_of_entities([named["ada lovelace"][0]], 10)
        assert any("met Emmy Noether" in fact.view.description for fact in facts)
        (row,) = await reader.find_chunks(["a00#0"])
        assert (row.title, row.metadata, row.source) == ("Ada Lovelace", {"year": 1830}, "/articles/0")
        assert len(await reader.similarities([1.0] * 64, [row.id])) == 1
    assert bench.total("stored") == 6


async def test_ledger_and_report_agree(bench: Bench, articles: list[Document]) -> None:
    report = await bench.ingest(articles)
    lines = {(line.kind, line.cached): line for line in await bench.store.ledger()}
    extract, embed = lines["extract", False], lines["embed", False]
    assert (extract.prompt_tokens, extract.completion_tokens) == (report.prompt_tokens, report.completion_tokens)
    assert (bench.server.prompt_tokens, bench.server.completion_tokens) == (
        report.prompt_tokens,
        report.completion_tokens,
    )
    assert embed.prompt_tokens == report.embedding_tokens


async def test_unchanged_documents_cost_no_call_and_no_write(bench: Bench, articles: list[Document]) -> None:
    await bench.ingest(articles)
    before, calls = await bench.rows(), dict(bench.server.calls)
    report = await bench.ingest(articles)
    assert (report.documents, report.unchanged, report.model_calls) == (0, 6, 0)
    assert await bench.rows() == before
    assert dict(bench.server.calls) == calls


async def test_other_metadata_costs_no_call(bench: Bench, articles: list[Document]) -> None:
    await bench.ingest(articles)
    calls = dict(bench.server.calls)
    moved = [article.model_copy(update={"metadata": {"year": 1, "new": [True]}, "source": "s"}) for article in articles]
    report = await bench.ingest(moved)
    assert (report.documents, report.unchanged) == (0, 6)
    assert dict(bench.server.calls) == calls
    async with bench.store.snapshot() as reader:
        (row,) = await reader.find_chunks(["a03#0"])
        assert (row.metadata, row.source) == ({"year": 1, "new": [True]}, "s")


async def test_a_changed_document_pays_only_for_what_changed(bench: Bench) -> None:
    parts = [f"# Part {number}\n\nAda Lovelace wrote chapter {number}. " + "It is long. " * 10 for number in range(6)]
    await bench.ingest([Document(id="d", title="Book", text="\n\n".join(parts))], chunk_tokens=100)
    chunks = bench.server.calls["extract"]
    parts[3] = parts[3].replace("Ada Lovelace", "Mary Somerville")
    report = await bench.ingest([Document(id="d", title="Book", text="\n\n".join(parts))], chunk_tokens=100)
    assert chunks == 6
    assert (report.documents, report.model_calls, report.cached) == (1, 1, 5)
    embedded = [request.said for request in bench.server.requests if request.kind == "embed"][1:]
    assert all("chapter 1" not in said for said in embedded)


async def test_the_lexical_tier_calls_no_model(bench: Bench, articles: list[Document]) -> None:
    bench.lexical = True
    report = await bench.ingest(articles)
    assert (report.documents, report.model_calls, report.embedding_tokens) == (6, 0, 0)
    assert report.entities > 6
    assert report.relations > 6
    assert not bench.server.calls
    assert await bench.store.ledger() == []


async def test_a_model_upgrades_the_lexical_tier(bench: Bench, articles: list[Document]) -> None:
    bench.lexical = True
    await bench.ingest(articles, extract=False)
    report = await bench.ingest(articles)
    assert report.documents == 6


async def test_any_script_and_odd_ids(bench: Bench) -> None:
    documents = [
        Document(id="日本 / 東京?#%", text="東京は日本の首都である。夏目漱石は東京で生まれた。"),
        Document(id="'; DROP TABLE pending; --", text='Ada\u200b Lovelace 🚀 met O\'Brien \\ in "London".'),
        Document(id="x" * 1024, text="العربية لغة جميلة. हिन्दी भाषा।"),
    ]
    report = await bench.ingest(documents)
    assert (report.documents, report.errors) == (3, {})
    assert set(await bench.states()) == {document.id for document in documents}
    for document in documents:
        assert await bench.store.document_text(document.id) == document.text


@pytest.mark.parametrize("lexical", [True, False])
async def test_titles_whose_keys_are_much_longer_are_cut(bench: Bench, lexical: bool) -> None:
    bench.lexical = lexical
    title = "\ufdfa" * 150  # each stands for a phrase of 18 letters
    report = await bench.ingest([Document(id="d", title=title, text="Ada Lovelace met Mary Somerville.")])
    assert (report.documents, report.errors) == (1, {})
    async with bench.store.snapshot() as reader:
        (row,) = await reader.find_chunks(["d#0"])
        assert row.title == title
        assert [is_title for _, _, is_title in await reader.mentions_of_chunks([row.id])].count(True) == 1
