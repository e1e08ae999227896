import pytest

from lightrag_integrations.text.keys import content_hash, normalise_name


@pytest.mark.parametrize(
    "spellings",
    [
        ("The Beatles", "the beatles", "BEATLES", " The  Beatles ", "“The Beatles”", "The Beatles'", "The Beatles’s"),
        ("Spider-Man", "Spider – Man", "spider man", "Spider‑Man"),
        ("O'Brien", "O’Brien", "o‘brien"),
        ("Straße", "STRASSE"),
        ("ＡＢＣ", "abc"),
        ("naïve", "nai\u0308ve"),
        ("《红楼梦》", "红楼梦", "「红楼梦」"),
        ("New\nYork", "New\u00a0York", "new york,", "New\u200b York"),
        ("Hello Love (song)", "hello love (song)", "(Hello Love (song))"),
        ("Martin Luther King Jr.", "Martin Luther King Jr"),
    ],
)
def test_spellings_of_one_name_have_one_key(spellings: tuple[str, ...]) -> None:
    assert len({normalise_name(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("C", "C++"), ("C#", "C"), (".NET", "net"), ("A*", "A"), ("北京", "南京"), ("Who", "Whom"), ("X (film)", "X")],
)
def test_different_names_keep_different_keys(one: str, other: str) -> None:
    assert normalise_name(one) != normalise_name(other)


@pytest.mark.parametrize(
    ("name", "key"),
    [("The Who", "who"), ("The", "the"), ("A", "a"), ("An Apple", "apple"), ("Moore's Law", "moore's law"),
     ("Obama’s", "obama"), ("!!!", "!!!"), ("«Le Monde»", "le monde"), ("(I) Robot", "(i) robot"), ("b) c", "b) c"),
     ("", "")],
)  # fmt: skip
def test_keys(name: str, key: str) -> None:
    assert normalise_name(name) == key


def test_no_name_loses_its_key() -> None:
    assert all(normalise_name(name) for name in (" ", "\u200b", "...", "the 's", "()", "\ud800", "\x00"))


def test_content_hash_tells_parts_apart() -> None:
    assert content_hash("ab", "c") != content_hash("a", "bc")
    assert content_hash("ab") != content_hash("ab", "")
    assert content_hash() != content_hash("")
    assert content_hash("\ud800") != content_hash("\ud801")


def test_content_hash_is_stable() -> None:
    assert content_hash("title", "text") == "f85a38a2788b5717139d061d08c0c3a948817c5ded25c329b4daec31266e0962"
