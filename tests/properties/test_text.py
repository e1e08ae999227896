"""Properties of splitting, keys, terms, sentences and names."""

import itertools
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from lightrag_integrations.models import Document
from lightrag_integrations.text.chunk import split_document
from lightrag_integrations.text.headings import sections
from lightrag_integrations.text.keys import content_hash, normalise_name
from lightrag_integrations.text.names import names, question_keys
from lightrag_integrations.text.sentences import sentences
from lightrag_integrations.text.terms import term_hashes, terms
from lightrag_integrations.text.tokens import default_tokenizer

TOKENIZER = default_tokenizer()
PIECES = st.sampled_from(
    ("Paris", "the", "of", "J.", "Dr.", "U.S.", "Smith", "and", "42", "1990", "\n", "\n\n", "# ", "## Part\n", "---\n",
     "```\n", "《红楼梦》", "北京大学", "的", "。", "·", "約翰", "カタカナ", "ภาษา", "हिन्दी", "“", "”", '"', "'s", "’s",
     ".", "!", "?", ",", " ", "  ", "-", "–", "&", "iPhone", "É", "ß", "İ", "\u0301", "\u200d", "🤦🏽‍♂️",
     "\ud800", "\x00", "word " * 30, "x" * 90)
)  # fmt: skip
ANY = st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join), st.lists(PIECES, max_size=40).map(" ".join))


@given(text=ANY, title=st.sampled_from(("", "A title")), limit=st.integers(4, 60), overlap=st.integers(0, 60))
@settings(deadline=None)
def test_chunks_hold_all_text_in_order_within_the_limit(text: str, title: str, limit: int, overlap: int) -> None:
    document = Document(id="d", text=text, title=title)
    chunks = split_document(document, TOKENIZER, chunk_tokens=limit, overlap_tokens=overlap)
    covered = bytearray(len(text))
    for position, chunk in enumerate(chunks):
        assert chunk.text.strip() == chunk.text == text[chunk.start : chunk.end] != ""
        assert (chunk.position, chunk.id) == (position, f"d#{position}")
        assert chunk.token_count == TOKENIZER.count(chunk.text) <= max(limit, _widest(chunk.text))
        covered[chunk.start : chunk.end] = b"\x01" * len(chunk.text)
    assert all(done or char.isspace() for done, char in zip(covered, text, strict=True))
    assert [chunk.start for chunk in chunks] == sorted({chunk.start for chunk in chunks})
    assert [chunk.end for chunk in chunks] == sorted({chunk.end for chunk in chunks})
    if not overlap:
        assert all(before.end <= after.start for before, after in itertools.pairwise(chunks))


def _widest(text: str) -> int:
    """A single character may be more tokens than a tiny limit; only a chunk of one character may exceed it."""
    return TOKENIZER.count(text) if len(text) == 1 else 0


@given(ANY)
def test_sections_are_the_text(text: str) -> None:
    assert "".join(text[part.start : part.end] for part in sections(text)) == text
    assert all(part.start <= part.body <= part.end or part.body == 0 for part in sections(text))


@given(ANY)
def test_sentences_hold_all_text_in_order(text: str) -> None:
    spans = sentences(text)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


@given(ANY)
def test_a_key_is_its_own_key_and_never_lost(name: str) -> None:
    key = normalise_name(name)
    assert normalise_name(key) == key
    assert bool(key) == bool(name)


@given(ANY)
def test_keys_ignore_case_space_and_composition(name: str) -> None:
    key = normalise_name(name)
    assert normalise_name(f" {name}\t") == key or not any(map(str.isalnum, name))
    if name.isascii():
        assert normalise_name(name.upper()) == key
    if unicodedata.normalize("NFD", name) != name:
        assert normalise_name(unicodedata.normalize("NFD", name)) == normalise_name(unicodedata.normalize("NFC", name))


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_hashes_are_equal_for_equal_parts_only(one: list[str], other: list[str]) -> None:
    assert (content_hash(*one) == content_hash(*other)) == (one == other)


@given(ANY)
def test_terms_are_stable_under_folding_and_counted(text: str) -> None:
    found = terms(text)
    assert all(found)
    assert not any(any(char.isspace() for char in term) for term in found)
    assert sum(term_hashes(text).values()) == len(found)
    assert terms(" ".join(term for term in found if len(term) > 1 and term.isascii())) == [
        term for term in found if len(term) > 1 and term.isascii()
    ]


@given(ANY, ANY)
def test_terms_of_a_joined_text_are_both_lists(one: str, other: str) -> None:
    assert terms(f"{one}\n{other}") == terms(one) + terms(other)


@given(ANY)
def test_names_are_spans_in_order_that_do_not_overlap(text: str) -> None:
    found = names(text)
    assert all(text[start:end] == surface and surface.strip() for start, end, surface in found)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(found))
    assert names(text) == found


LATIN = PIECES | st.sampled_from(("Ökonom", "naïve", "ÿ", "x²", "Ñandú", "…", "‘", "„", "«", "»"))


@given(st.lists(LATIN.filter(lambda piece: max(piece) < "\u0100" or piece in "“”’–…‘„"), max_size=40))
def test_names_are_the_same_beside_a_character_that_is_not_latin(pieces: list[str]) -> None:
    text = "".join(["·", *pieces])
    assert names(f"{text}\n\nя") == names(text)


WORDS = st.sampled_from(("Paris", "Smith", "van Gogh", "U.S", "Coca-Cola", "O'Brien", "É", "Ivan", "北京大学"))
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


@given(st.lists(NAMES, max_size=3))
def test_a_name_in_a_question_is_among_its_keys(given_names: list[str]) -> None:
    question = "who knew " + ", or ".join(given_names) + "?"
    assert {normalise_name(surface) for _, _, surface in names(question)} <= set(question_keys(question))
