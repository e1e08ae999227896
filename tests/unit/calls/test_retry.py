import random
from collections.abc import Callable

import pytest

from lightrag_integrations.calls.retry import RetryPolicy
from lightrag_integrations.errors import FormatUnsupported, ModelError


class Flaky:
    """Fails with the errors given, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def passing(retry_after_s: float | None = None) -> ModelError:
    return ModelError("busy", retryable=True, retry_after_s=retry_after_s)


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def policy(waits: list[float]) -> Callable[..., RetryPolicy]:
    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    return lambda attempts=4, **settings: RetryPolicy(attempts, sleep=sleep, **settings)


async def test_success_after_passing_errors(policy, waits) -> None:
    call = Flaky(passing(), passing())
    assert await policy(jitter=False, base_s=0.5).run(call) == "answer"
    assert waits == [0.5, 1.0]


async def test_gives_up_after_the_last_attempt(policy, waits) -> None:
    call = Flaky(*[passing() for _ in range(9)])
    with pytest.raises(ModelError, match="busy"):
        await policy(3).run(call)
    assert call.calls == 3
    assert len(waits) == 2


@pytest.mark.parametrize("error", [ModelError("no key"), FormatUnsupported("no schema"), ValueError("bug")])
async def test_lasting_errors_are_not_retried(policy, waits, error) -> None:
    call = Flaky(error)
    with pytest.raises(type(error)):
        await policy().run(call)
    assert call.calls == 1
    assert waits == []


async def test_retry_after_is_the_least_wait(policy, waits) -> None:
    await policy(base_s=0.5).run(Flaky(passing(7.0)))
    assert 7.0 <= waits[0] <= 7.5


async def test_an_endless_retry_after_is_not_waited_for(policy, waits) -> None:
    with pytest.raises(ModelError):
        await policy(max_retry_after_s=60).run(Flaky(passing(3600.0)))
    assert waits == []


def test_waits_grow_to_their_limit_and_stay_there() -> None:
    policy = RetryPolicy(jitter=False, base_s=1.0, max_wait_s=10.0)
    assert [policy.wait_s(attempt) for attempt in (1, 2, 3, 4, 5, 5000)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_jitter_is_full_and_repeatable_with_a_seed() -> None:
    def waits(seed: int) -> list[float]:
        policy = RetryPolicy(rng=random.Random(seed), base_s=1.0)
        return [policy.wait_s(3) for _ in range(200)]

    assert waits(1) == waits(1)
    assert waits(1) != waits(2)
    assert all(0 <= wait <= 4.0 for wait in waits(1))
    assert min(waits(1)) < 0.5
    assert max(waits(1)) > 3.5


async def test_every_retry_is_told(policy) -> None:
    told: list[tuple[str, int, float]] = []
    await policy(jitter=False, base_s=1.0).run(
        Flaky(passing(), passing()), on_retry=lambda error, attempt, wait: told.append((str(error), attempt, wait))
    )
    assert told == [("busy", 1, 1.0), ("busy", 2, 2.0)]
