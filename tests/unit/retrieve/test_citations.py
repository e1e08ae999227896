"""Which passages an answer cites."""

import pytest

from lightrag_integrations.models import Citation, Context, RetrievalResult
from lightrag_integrations.retrieve.answer import _cited

RESULT = RetrievalResult(
    query="q",
    mode="mix",
    context=Context(
        text="", citations=tuple(Citation(number=n, chunk_id=f"c{n}", document_id="d") for n in range(1, 13))
    ),
)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Larvik [2].", [2]),
        ("Larvik [2][1], Bergen [2, 12].", [2, 1, 12]),
        ("Nothing cited.", []),
        ("Made up [13], [0] and [99999999999999999999].", []),
        ("Too many digits [" + "9" * 5000 + "] and [3].", [3]),
        ("No numbers [a], [1a], [-1], (1), [].", []),
        ("Other digits [１].", [1]),
    ],
)
def test_numbers_in_brackets(text: str, numbers: list[int]) -> None:
    assert [citation.number for citation in _cited(text, RESULT)] == numbers


def test_without_a_context_nothing_is_cited() -> None:
    assert _cited("Larvik [1].", RetrievalResult(query="q", mode="bypass")) == ()
