"""To wait until something holds: as often as the patience says, and at least once."""

from __future__ import annotations

from monitoring.clock import ask_until_true
from tests.fake_clock import FakeClock


def test_the_first_answer_that_is_true_ends_the_waiting() -> None:
    fake, answers = FakeClock(), iter(["", "", "here", "too late"])
    assert ask_until_true(lambda: next(answers), patience=60, pause=2, clock=fake.clock) == "here"
    assert fake.slept == [2, 2]


def test_what_never_comes_is_given_up_with_the_last_answer_when_the_patience_ends() -> None:
    fake = FakeClock()
    asked: list[float] = []
    assert ask_until_true(lambda: asked.append(fake.now), patience=5, pause=2, clock=fake.clock) is None
    assert asked == [0, 2, 4, 6]


def test_without_patience_it_is_asked_once() -> None:
    asked: list[int] = []
    ask_until_true(lambda: asked.append(1), patience=0, clock=FakeClock().clock)
    assert asked == [1]


def test_an_answer_that_comes_during_a_question_longer_than_the_patience_is_seen() -> None:
    fake = FakeClock()

    def slow() -> bool:
        came = fake.now >= 30
        fake.sleep(100)
        return came

    assert ask_until_true(slow, patience=30, clock=fake.clock)


def test_a_clock_that_jumps_past_the_end_at_once_still_lets_it_ask() -> None:
    fake = FakeClock()

    def jumping() -> float:
        fake.now += 3600
        return fake.now

    clock = type(fake.clock)(now=jumping, monotonic=jumping, sleep=fake.sleep)
    assert ask_until_true(lambda: "here", patience=60, clock=clock) == "here"
