import pytest

from lightrag_integrations.errors import ConfigurationError
from lightrag_integrations.protocols import Tokenizer
from lightrag_integrations.text.tokens import BPETokenizer, default_tokenizer, tiktoken_tokenizer

TOKENIZER = default_tokenizer()


def test_it_is_a_tokenizer_with_a_fingerprint() -> None:
    assert isinstance(TOKENIZER, Tokenizer)
    assert TOKENIZER.fingerprint == default_tokenizer().fingerprint == "bpe-openai/o200k_base"


def test_counts_are_those_of_o200k() -> None:
    assert TOKENIZER.count("") == 0
    assert TOKENIZER.count("hello world") == 2
    assert TOKENIZER.count("Ludwig van Beethoven was born in Bonn.") == 10


def test_special_tokens_are_plain_text() -> None:
    assert TOKENIZER.count("<|endoftext|>") > 1


def test_lone_surrogates_are_counted_and_cut() -> None:
    text = "a\ud800b c"
    assert TOKENIZER.count(text) == TOKENIZER.count("a\ufffdb c")
    assert text.startswith(TOKENIZER.cut(text, 2))
    assert TOKENIZER.cut(text, 50) == text


def test_cut_gives_prefixes_within_the_limit() -> None:
    text = "naïve 🤦🏽‍♂️ 日本語 हिन्दी quick brown fox, 12345"
    for limit in range(TOKENIZER.count(text) + 2):
        head = TOKENIZER.cut(text, limit)
        assert text.startswith(head)
        assert TOKENIZER.count(head) <= limit
    assert TOKENIZER.cut(text, TOKENIZER.count(text)) == text


def test_cut_never_stops_within_a_character() -> None:
    assert TOKENIZER.cut("🜁🜂", 1) == ""
    assert TOKENIZER.cut("🜁🜂", TOKENIZER.count("🜁")) == "🜁"


@pytest.mark.parametrize("text", ["a" * 1_000_000, " " * 1_000_000, "中" * 300_000, "x.y" * 300_000])
def test_pathological_texts_are_read(text: str) -> None:
    assert TOKENIZER.count(text) > 1000
    assert len(TOKENIZER.cut(text, 10)) < 3000


def test_a_codec_that_counts_more_for_the_prefix_is_cut_further() -> None:
    # Three tokens whose joint prefix "ab" counts as three by itself.
    tokenizer = BPETokenizer(
        "toy",
        count=lambda text: 3 if text == "ab" else len(text),
        encode=lambda text: [ord(char) for char in text],
        decode=lambda ids: "".join(map(chr, ids)),
    )
    assert tokenizer.cut("abc", 2) == "a"


def test_tiktoken_refuses_an_unknown_encoding() -> None:
    with pytest.raises(ConfigurationError, match="o200k_base"):
        tiktoken_tokenizer("no-such-table")
