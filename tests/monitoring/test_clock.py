"""To wait until something holds: as often as the patience says, and at least once."""

from __future__ import annotations

from monitoring.clock import ask_until_true
from tests.fake_clock import FakeClock


def test_polling_stops_at_the_first_true_answer() -> None:
    fake, answers = FakeClock(), iter(["", "", "here", "too late"])
    assert ask_until_true(lambda: next(answers), patience=60, pause=2, clock=fake.clock) == "here"
    assert fake.slept == [2, 2]


def test_polling_returns_the_last_answer_at_timeout() -> None:
    fake = FakeClock()
    asked: list[float] = []
    assert ask_until_true(lambda: asked.append(fake.now), patience=5, pause=2, clock=fake.clock) is None
    assert asked == [0, 2, 4, 6]


def test_polling_without_timeout_asks_once() -> None:
    asked: list[int] = []
    ask_until_true(lambda: asked.append(1), patience=0, clock=FakeClock().clock)
    assert asked == [1]


def test_answer_of_a_call_longer_than_the_timeout_is_used() -> None:
    fake = FakeClock()

    def slow() -> bool:
        came = fake.now >= 30
        fake.sleep(100)
        return came

    assert ask_until_true(slow, patience=30, clock=fake.clock)


def test_clock_jump_beyond_the_timeout_still_asks_once() -> None:
    fake = FakeClock()

    def jumping() -> float:
        fake.now += 3600
        return fake.now

    clock = type(fake.clock)(now=jumping, monotonic=jumping, sleep=fake.sleep)
    assert ask_until_true(lambda: "here", patience=60, clock=clock) == "here"
