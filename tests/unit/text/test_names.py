import pytest

from lightrag_integrations.text.names import names


def found(text: str) -> list[str]:
    for start, end, surface in names(text):
        assert text[start:end] == surface
    return [surface for _, _, surface in names(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ludwig van Beethoven met Wolfgang Amadeus Mozart in Vienna.",
         ["Ludwig van Beethoven", "Wolfgang Amadeus Mozart", "Vienna"]),
        ("The Lord of the Rings was written by J. R. R. Tolkien.", ["Lord of the Rings", "J. R. R. Tolkien"]),
        ("J. K. Rowling and Martin Luther King Jr. spoke.", ["J. K. Rowling", "Martin Luther King Jr"]),
        ("In Paris, he met Barack Obama's wife Michelle.", ["Paris", "Barack Obama", "Michelle"]),
        ("He was born on Monday, January 5 in May 1990.", []),
        ("World War I ended; the 2010 Summer Olympics began in Los Angeles.",
         ["World War I", "2010 Summer Olympics", "Los Angeles"]),
        ("They sang “Hello Love” and \"Take a Chance on Me\" there.", ["Hello Love", "Take a Chance on Me"]),
        ("“I love you so much,” she said.", []),
        ("AT&T and O'Brien sued iPhone makers of the US.", ["AT&T", "O'Brien", "iPhone", "US"]),
        ("Please write to Bob@Example.com or https://Example.com/Foo.", []),
        ("Барак Обама родился в Гонолулу.", ["Барак Обама", "Гонолулу"]),
        ("Die Kanzlerin Angela Merkel kam. Der Spiegel schrieb es.", ["Die Kanzlerin Angela Merkel", "Der Spiegel"]),
        ("nothing to see here, 42 times", []),
        ("", []),
    ],
)  # fmt: skip
def test_names_in_cased_scripts(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_a_lone_first_word_needs_proof() -> None:
    assert found("Music is loud. We like music.") == []
    assert found("Garbarek was born. We like music.") == ["Garbarek"]
    assert found("Released in May. Running is fun.") == []
    assert found("Mercury rises. We saw Mercury. We saw mercury.") == ["Mercury", "Mercury"]


def test_at_most_eight_words() -> None:
    assert found("we read One Two Three Four Five Six Seven Eight there") == ["One Two Three Four Five Six Seven Eight"]
    assert found("we read One Two Three Four Five Six Seven Eight Nine there") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("鲁迅的代表作包括《狂人日记》和《阿Q正传》。", ["鲁迅", "代表作", "狂人日记", "阿Q正传"]),
        ("约翰·史密斯曾在清华大学学习。", ["约翰·史密斯", "清华大学", "学习"]),
        ("《霸王别姬》由陈凯歌执导，张国荣主演。", ["霸王别姬", "陈凯歌", "张国荣"]),
        ("获得第46届戛纳国际电影节金棕榈奖。", ["戛纳国际电影节", "金棕榈奖"]),
        ("中华人民共和国位于东亚。", ["中华人民共和国", "东亚"]),
        ("夏目漱石は『坊っちゃん』を書いた。アップルはiPhoneを出した。", ["夏目漱石", "坊っちゃん", "アップル"]),
    ],
)
def test_names_in_unspaced_scripts(text: str, expected: list[str]) -> None:
    assert [name for name in found(text) if name != "iPhone"] == expected


@pytest.mark.parametrize(
    "text",
    ["A" * 300_000, "Aa's " * 50_000, "Aa of the " * 30_000, "中" * 200_000, "中·" * 100_000, '"A' * 100_000,
     "x@" * 100_000, "a." * 100_000 + " B", "https://a " * 10_000 + "Bb " * 10_000],
)  # fmt: skip
def test_pathological_texts_are_linear(text: str) -> None:
    assert len(names(text)) <= len(text)
