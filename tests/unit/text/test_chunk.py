import itertools

import pytest

from lightrag_integrations.models import Chunk, Document
from lightrag_integrations.text.chunk import split_document
from lightrag_integrations.text.tokens import default_tokenizer

TOKENIZER = default_tokenizer()
GUIDE = """Before all.

# Paris

Paris is a city. It is big.

## History

It was founded by the Parisii. Then Rome came.

## Food

Bread! Cheese? Wine.
"""


def split(text: str, *, tokens: int = 64, overlap: int = 0, title: str = "", id: str = "d") -> list[Chunk]:
    document = Document(id=id, text=text, title=title, metadata={"lang": "en"})
    chunks = split_document(document, TOKENIZER, chunk_tokens=tokens, overlap_tokens=overlap)
    for chunk in chunks:
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.token_count == TOKENIZER.count(chunk.text) <= tokens
    return chunks


def test_a_short_text_is_one_chunk() -> None:
    (chunk,) = split("  Paris is big. \n", title="Paris")
    assert (chunk.id, chunk.document_id, chunk.position) == ("d#0", "d", 0)
    assert (chunk.text, chunk.start, chunk.end, chunk.title) == ("Paris is big.", 2, 15, "Paris")
    assert chunk.metadata == {"lang": "en"}


@pytest.mark.parametrize("text", ["", " \n\t ", "\u3000"])
def test_nothing_gives_no_chunks(text: str) -> None:
    assert split(text) == []


def test_headings_begin_chunks_and_title_them() -> None:
    chunks = split(GUIDE, tokens=16)
    assert [chunk.title for chunk in chunks] == ["Paris", "Paris", "Paris > History", "Paris > Food"]
    assert [chunk.text.split("\n")[0] for chunk in chunks] == ["Before all.", "# Paris", "## History", "## Food"]


def test_a_document_title_goes_before_the_headings() -> None:
    titles = [chunk.title for chunk in split(GUIDE, tokens=16, title="Guide")]
    assert titles == ["Guide", "Guide > Paris", "Guide > Paris > History", "Guide > Paris > Food"]
    assert [chunk.title for chunk in split(GUIDE, tokens=16, title="Paris")][2] == "Paris > History"


def test_a_heading_is_not_left_alone() -> None:
    chunks = split("# One\n\n## Two\n\n### Three\n\nText at last. " + "More of it. " * 40, tokens=64)
    assert chunks[0].text.startswith("# One") and "Text at last." in chunks[0].text
    assert chunks[0].title == "One > Two > Three"


def test_sentences_stay_whole_where_they_fit() -> None:
    sentences = [f"Sentence number {n} stands here." for n in range(40)]
    chunks = split(" ".join(sentences), tokens=30)
    assert len(chunks) > 5
    assert all(chunk.text.startswith("Sentence") and chunk.text.endswith("here.") for chunk in chunks)


def test_overlap_repeats_the_last_sentences() -> None:
    sentences = [f"Sentence number {n} stands here." for n in range(40)]
    chunks = split(" ".join(sentences), tokens=30, overlap=10)
    for before, after in itertools.pairwise(chunks):
        assert before.start < after.start < before.end < after.end
        assert TOKENIZER.count(before.text[after.start - before.start :]) <= 10


def test_an_overlap_larger_than_the_chunk_still_ends() -> None:
    assert len(split("One two three. " * 50, tokens=16, overlap=1000)) < 100


@pytest.mark.parametrize(
    "text",
    [
        "word " * 500,
        "x" * 2000,
        "中文没有句号" * 200,
        "中文有句号。" * 200,
        "a\n\n" * 500,
        "🤦🏽‍♂️" * 100,
        "\ud800" * 200,
    ],
)
def test_hard_texts_are_covered_in_order(text: str) -> None:
    chunks = split(text, tokens=32)
    assert "".join("".join(chunk.text.split()) for chunk in chunks) == "".join(text.split())
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))


def test_words_are_not_cut_where_there_is_space() -> None:
    words = {word for chunk in split("lorem ipsum dolor " * 200, tokens=32) for word in chunk.text.split()}
    assert words == {"lorem", "ipsum", "dolor"}


def test_splitting_is_deterministic_and_ids_are_apart() -> None:
    text = "A sentence here. " * 100
    assert split(text, tokens=32) == split(text, tokens=32)
    ids = [chunk.id for id in ("a", "a#1", "b") for chunk in split(text, tokens=32, id=id)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("unit", ["lorem ipsum dolor. ", "x\n\n", "a", "中文字。", "# h\n\nb\n\n", "lorem ", " \n"])
def test_large_texts_are_linear(unit: str) -> None:
    text = unit * (600_000 // len(unit))
    assert sum(chunk.end - chunk.start for chunk in split(text, tokens=512, overlap=64)) <= 2 * len(text)
