import pytest

from lightrag_integrations.text.sentences import MAX_SENTENCE_CHARS, sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["He came.", "She left!", "Why?", "Nobody knows…", "Really."],
        ["Dr. J. R. R. Tolkien lived at 3.14 Main St. in Oxford.", "He wrote."],
        ["He lived in the U.S.", "The end."],
        ["Acme Inc. Chairman Bob spoke.", "It ended."],
        ['"Why?" he asked.', "“Go.”", "(Yes.)", "No."],
        ["See Fig. 3 and vol. 2.", "Done."],
        ["It cost approx. 5 euros, i.e. nothing.", "Good."],
        ["他说：“你好。”", "然后走了！", "真的吗？", "是。"],
        ["日本語の文。", "二つ目。"],
        ["यह हिन्दी है।", "दूसरा वाक्य।"],
        ["هل هذا سؤال؟", "نعم."],
        ["Erste z.B. hier.", "Zweite."],
    ],
)
def test_sentences_of_a_paragraph(expected: list[str]) -> None:
    joined = "".join(part if part[-1] in "。！？”" and part[0] > "\u2fff" else part + " " for part in expected)
    assert split(joined.strip()) == expected


def test_layout_ends_sentences() -> None:
    assert split("# Heading\n\nText goes\non here.\n- one\n- two\n1. three\n\n\nlast") == [
        "# Heading", "Text goes\non here.", "- one", "- two", "1. three", "last",
    ]  # fmt: skip


def test_no_sentence_is_without_end() -> None:
    found = sentences("word " * 1000)
    assert len(found) > 4
    assert all(end - start <= MAX_SENTENCE_CHARS for start, end in found)
    assert "".join(split("word " * 1000)).replace(" ", "") == "word" * 1000


@pytest.mark.parametrize("text", ["", " \n\t ", "\n\n\n"])
def test_nothing_gives_nothing(text: str) -> None:
    assert sentences(text) == []


@pytest.mark.parametrize("text", ["." * 500_000, '.")' * 200_000, "\n" * 500_000, "a" * 1_000_000, "A. " * 100_000])
def test_pathological_texts_are_linear(text: str) -> None:
    assert sum(end - start for start, end in sentences(text)) <= len(text)
