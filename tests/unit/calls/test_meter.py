import asyncio
from collections.abc import Sequence

import pytest

from lightrag_integrations.calls.meter import Meter, estimate_tokens
from lightrag_integrations.contributions import Usage
from lightrag_integrations.errors import BudgetExceeded


class Ledger:
    def __init__(self) -> None:
        self.lines: list[Usage] = []

    async def write(self, usages: Sequence[Usage]) -> None:
        self.lines.extend(usages)


async def test_counts_by_kind() -> None:
    meter = Meter()
    await meter.record(Usage("extract", "m", 100, 20))
    await meter.record(Usage("answer", "m", 10, 2))
    await meter.record(Usage("embed", "e", 7))
    await meter.record(Usage("extract", "m", 100, 20, cached=True))
    assert (meter.model_calls, meter.embedding_calls, meter.cached) == (2, 1, 1)
    assert (meter.prompt_tokens, meter.completion_tokens, meter.embedding_tokens) == (110, 22, 7)
    assert meter.spent == 132


async def test_usages_go_to_the_ledger() -> None:
    ledger = Ledger()
    meter = Meter(sink=ledger.write)
    await meter.record(Usage("answer", "m", 1, 2))
    with meter.attributed("d1"):
        await meter.record(Usage("extract", "m", 3, 4))
    assert ledger.lines == [Usage("answer", "m", 1, 2), Usage("extract", "m", 3, 4, document_id="d1")]


async def test_collected_usages_do_not() -> None:
    ledger = Ledger()
    meter = Meter(sink=ledger.write)

    async def work(document: str, tokens: int) -> list[Usage]:
        with meter.attributed(document, collect=True) as usages:
            await asyncio.create_task(meter.record(Usage("extract", "m", tokens)))
            return list(usages)

    first, second = await asyncio.gather(work("a", 1), work("b", 2))
    assert first == [Usage("extract", "m", 1, document_id="a")]
    assert second == [Usage("extract", "m", 2, document_id="b")]
    assert ledger.lines == []
    assert meter.model_calls == 2


async def test_a_scope_is_for_its_own_meter_only() -> None:
    ledger = Ledger()
    mine, other = Meter(), Meter(sink=ledger.write)
    with mine.attributed("d", collect=True) as usages:
        await other.record(Usage("answer", "m", 1))
    assert usages == []
    assert ledger.lines == [Usage("answer", "m", 1)]


def test_budget_counts_calls_in_flight() -> None:
    meter = Meter(token_budget=100)
    with meter.admit(60):
        with pytest.raises(BudgetExceeded, match=r"60 in flight.*budget of 100"), meter.admit(41):
            pass
        with meter.admit(40):
            pass
    meter.count(Usage("extract", "m", 60, 30))
    with pytest.raises(BudgetExceeded, match="90 tokens used"), meter.admit(11):
        pass


def test_a_failed_call_gives_its_reservation_back() -> None:
    meter = Meter(token_budget=10)
    with pytest.raises(OSError), meter.admit(10):
        raise OSError
    with meter.admit(10):
        pass


def test_a_call_given_up_unanswered_keeps_its_reservation() -> None:
    meter = Meter(token_budget=10)
    with meter.admit(6):
        meter.hold(6)
    with pytest.raises(BudgetExceeded, match="6 in flight or unanswered"), meter.admit(5):
        pass
    assert meter.spent == 0


def test_a_budget_of_nothing_admits_nothing() -> None:
    with pytest.raises(BudgetExceeded), Meter(token_budget=0).admit(1):
        pass


def test_estimate_is_near_for_english_and_not_low_for_cjk() -> None:
    assert 8 <= estimate_tokens("The quick brown fox jumps over the lazy dog.") <= 14
    assert estimate_tokens("知識グラフは文書をつなぐ") >= 8
    assert estimate_tokens("") == 1
