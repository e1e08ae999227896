import pytest

from lightrag_integrations.text.terms import term_hash, term_hashes, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("—!?", []),
        ("The Quick fox's 2nd", ["the", "quick", "fox", "s", "2nd"]),
        ("Straße ＡＢＣ ﬁne", ["strasse", "abc", "fine"]),
        ("snake_case", ["snake", "case"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("東京大学", ["東", "京", "大", "学", "東京", "京大", "大学"]),
        ("GPT-4は", ["gpt", "4", "は"]),
        ("nai\u0308ve", ["naïve"]),
        ("서울은", ["서", "울", "은", "서울", "울은"]),
        ("Ελλάδα Россия", ["ελλάδα", "россия"]),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_thai_characters_keep_their_marks() -> None:
    assert terms("ที่นี่") == ["ที่", "นี่", "ที่นี่"]


@pytest.mark.parametrize("text", ["ภาษาไทย", "ພາສາລາວ", "ភាសាខ្មែរ", "မြန်မာ", "中文", "カタカナ", "ㄅㄆㄇ"])
def test_unspaced_scripts_match_within_words(text: str) -> None:
    found = terms(text)
    assert len(found) > 2
    assert set(terms(text[: len(text) // 2 + 1])) & set(found)


def test_ascii_and_unicode_paths_agree() -> None:
    text = "Paris, founded 250 BC; it's big_city."
    assert terms(text) == [term for term in terms(text + " é") if term != "é"]


def test_hashes_are_signed_and_the_same_everywhere() -> None:
    assert term_hash("paris") == -7967034919249969386
    assert term_hash("東京") == -1292157288493601808
    assert -(2**63) <= term_hash("\ud800") < 2**63


def test_hashes_carry_counts() -> None:
    assert term_hashes("Paris paris PARIS london") == {term_hash("paris"): 3, term_hash("london"): 1}
