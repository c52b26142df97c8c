"""That the counters bite: samples as Query would answer them, of which it is known what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.faults import counts
from tests.faults.counts import REPLICA, Found, Sight, View
from tests.faults.outcome import Outcome, counted
from tests.faults.source import SLOT

FIRST, SECOND = "first", "second"
STEP = 0.5
"""Seconds from scrape to scrape; a slot has ten of each replica."""

START = 1_700_000_000.0
"""Where a slot begins."""

OFFSETS = {FIRST: 0.0, SECOND: 0.2}
NUMBERS = range(1, 201)
ANSWERED = {replica: [START + offset + STEP * (n - 1) for n in NUMBERS] for replica, offset in OFFSETS.items()}
WRITTEN = {replica: [*NUMBERS] for replica in OFFSETS}

Sample = tuple[str, float, int]


def sample(replica: str, number: int) -> Sample:
    return replica, ANSWERED[replica][number - 1], number


def everything(*replicas: str) -> set[Sample]:
    return {sample(replica, number) for replica in replicas or OFFSETS for number in NUMBERS}


def between(replica: str, begin: float, end: float) -> set[Sample]:
    """A replica's samples from a second of the run to another one, which has none itself."""
    return {one for one in everything(replica) if begin <= one[1] - START < end}


def answer(samples: Iterable[Sample], copies: int = 3) -> dict[str, Any]:
    """What Query says with dedup=false: each replica's series as each ingestor has it."""
    return {
        "result": [
            {
                "metric": {REPLICA: replica, "receive_replica": str(copy)},
                "values": [[at, str(number)] for of, at, number in sorted(samples) if of == replica],
            }
            for replica in OFFSETS
            for copy in range(copies)
        ]
    }


def one_series(samples: Iterable[Sample]) -> dict[str, Any]:
    """What Query says with dedup=true."""
    return {"result": [{"metric": {}, "values": sorted([at, str(number)] for _, at, number in samples)}]}


def row(
    copies: Iterable[Sample], *, view: Iterable[Sample] | None = None, written: counts.Numbers | None = None
) -> Outcome:
    """The row of what is found; seen are the first replica's samples, where nothing else is said."""
    copies = {*copies}
    return counted(
        "a fault",
        written=written or WRITTEN,
        answered=ANSWERED,
        copies=Found.of(answer(copies)),
        view=View.of(one_series(view or (one for one in copies if one[0] == FIRST))),
        sights=[Sight(numbers=Found.of(answer(copies)).numbers, at=START + 110)],
        ended=START + 50,
        alerts=frozenset(),
    )


def of(made: Outcome) -> tuple[int, int, int, int, int]:
    """Lost, twice, gaps, view twice, view gaps."""
    return made.losses, made.duplicates, made.gaps, made.view_twice, made.view_gaps


def test_no_loss_counts_no_gap() -> None:
    made = row(everything())
    assert of(made) == (0, 0, 0, 0, 0)
    assert made.total == 2 * len(NUMBERS)
    assert made.lost == {FIRST: [], SECOND: []}
    assert made.whole


def test_one_sample_that_one_replica_lost_is_counted_and_is_no_gap() -> None:
    made = row(everything() - {sample(SECOND, 42)})
    assert of(made) == (1, 0, 0, 0, 0)
    assert made.lost == {FIRST: [], SECOND: [42]}
    assert made.without_a_gap
    assert not made.whole


def test_all_that_one_replica_lost_is_counted_and_is_no_gap() -> None:
    made = row(everything(FIRST))
    assert of(made) == (len(NUMBERS), 0, 0, 0, 0)


def test_samples_lost_by_both_replicas_are_a_gap() -> None:
    made = row({one for one in everything() if not 11 <= one[2] <= 20})
    assert of(made) == (20, 0, 1, 0, 0)
    assert not made.without_a_gap


@pytest.mark.parametrize("number", [11, 20])
@pytest.mark.parametrize("replica", OFFSETS)
def test_a_slot_of_which_one_sample_is_left_is_no_gap(replica: str, number: int) -> None:
    made = row({one for one in everything() if not 11 <= one[2] <= 20} | {sample(replica, number)})
    assert (made.losses, made.gaps) == (19, 0)


def test_duplicate_sample_counts_twice_and_hides_no_loss() -> None:
    again = (SECOND, ANSWERED[SECOND][41] + 0.001, 42)
    assert of(row(everything() | {again})) == (0, 1, 0, 0, 0)
    assert of(row((everything() | {again}) - {sample(SECOND, 43)})) == (1, 1, 0, 0, 0)
    assert not row(everything() | {again}).without_a_gap


def test_replicas_that_say_the_same_number_at_the_same_time_are_two() -> None:
    same = {(SECOND, at, number) for _, at, number in everything(FIRST)}
    assert of(row(everything(FIRST) | same)) == (0, 0, 0, 0, 0)
    again = {(replica, START + 0.1, 1) for replica in OFFSETS}
    assert row(everything(FIRST) | same | again).duplicates == 2


def test_a_number_that_comes_twice_in_the_view_is_counted() -> None:
    again = (FIRST, ANSWERED[FIRST][41] + 0.1, 42)
    assert of(row(everything() | {again})) == (0, 1, 0, 1, 0)
    both = {sample(FIRST, 42), sample(SECOND, 42)}
    assert row(everything(), view=everything(FIRST) | both).view_twice == 0, "scrapes of two replicas are two"


def test_a_sample_of_the_view_that_no_replica_has_is_an_error() -> None:
    with pytest.raises(KeyError):
        row(everything(), view=everything(FIRST) | {(FIRST, START + 0.1, 1)})


@pytest.mark.parametrize("series", [[], [{"metric": {}, "values": []}] * 2])
def test_a_view_that_is_not_one_series_is_an_error(series: Sequence[Any]) -> None:
    with pytest.raises(AssertionError, match=f"one series of all copies, got {len(series)}"):
        View.of({"result": series})


@pytest.mark.parametrize(("until", "gaps"), [(24.5, 0), (25.5, 1), (60.0, 1)])
def test_a_stretch_that_is_missing_in_the_view_though_a_replica_has_it_is_a_gap(until: float, gaps: int) -> None:
    """Seen until 19.5 s; a query looks back five."""
    copies = everything() - between(FIRST, 20, until)
    view = everything(FIRST) - between(FIRST, 20, until)
    assert row(copies, view=view).view_gaps == gaps
    assert row(everything(), view=view).view_gaps == gaps


def test_each_stretch_that_is_missing_in_the_view_is_a_gap_at_the_edges_too() -> None:
    middle = between(FIRST, 10, 20) | between(FIRST, 40, 41) | between(FIRST, 60, 90)
    assert row(everything(), view=middle).view_gaps == 4


SILENCE = (20.0, 30.0)
"""Seconds of the run. The first replica's samples before and after are at 19.5 and 30, so Query sees a step of 10.5."""

EXCUSED = 30 + 2 * 10.5
"""Until then Query skips the second replica."""


def after_a_silence(*, first_until: float, seen_again: float) -> Outcome:
    """The first replica, which Query stays with, fails a while after the silence; then the second one is seen."""
    copies = everything() - between(FIRST, *SILENCE) - between(SECOND, *SILENCE) - between(FIRST, first_until, 100)
    view = {one for one in copies if one[0] == FIRST} | between(SECOND, seen_again, 100)
    return row(copies, view=view)


def test_scrape_pause_of_all_replicas_is_no_gap_of_the_view() -> None:
    """Not even where the last sample before it is the other replica's, which Query skips as ever."""
    assert after_a_silence(first_until=100, seen_again=100).view_gaps == 0


@pytest.mark.parametrize("first_until", [31.0, 40.0, 45.0])
def test_deduplication_penalty_after_a_pause_of_all_is_no_gap(first_until: float) -> None:
    assert after_a_silence(first_until=first_until, seen_again=EXCUSED).view_gaps == 0


@pytest.mark.parametrize("first_until", [31.0, 40.0, 45.0])
def test_unseen_sample_beyond_the_penalty_after_a_pause_is_a_gap(first_until: float) -> None:
    assert after_a_silence(first_until=first_until, seen_again=EXCUSED + STEP).view_gaps == 1
    assert after_a_silence(first_until=first_until, seen_again=100).view_gaps == 1


@pytest.mark.parametrize("until", [SLOT, 30.0])
def test_gap_after_the_deduplication_penalty_is_counted(until: float) -> None:
    assert after_a_silence(first_until=EXCUSED + STEP, seen_again=EXCUSED + STEP + until).view_gaps == 1


@pytest.mark.parametrize(("seen_again", "gaps"), [(83.0, 0), (83.5, 1)])
def test_empty_interval_within_the_penalty_counts_as_a_step(seen_again: float, gaps: int) -> None:
    """From 35.5 to 51.2 s; then it is the first replica that Query skips, to 82.6 s, and the second one fails."""
    first = between(FIRST, 0, 20) | between(FIRST, 30, 36) | between(FIRST, 52, 100)
    second = between(SECOND, 0, 20) | between(SECOND, 30, 54)
    view = first - between(FIRST, 52, seen_again) | between(SECOND, EXCUSED, 54)
    assert row(first | second, view=view).view_gaps == gaps


def test_penalty_of_one_gap_does_not_excuse_another_gap() -> None:
    view = everything(FIRST) - between(FIRST, 20, 40) - between(FIRST, 45, 55)
    assert row(everything(), view=view).view_gaps == 2


def test_scrape_pause_of_one_replica_excuses_no_gap() -> None:
    view = everything(FIRST) - between(FIRST, 32, 42)
    assert row(everything() - between(SECOND, 20, 30), view=view).view_gaps == 1
    both = between(FIRST, 20, 30) | between(SECOND, 20, 30)
    assert row(everything() - both, view=view - both).view_gaps == 0, "one of all does"


def test_it_is_healed_when_what_was_held_up_and_something_newer_of_each_are_seen() -> None:
    half = {replica: {*NUMBERS[:100]} for replica in OFFSETS}
    newer = half | {FIRST: {*NUMBERS[:101]}}
    whole = newer | {SECOND: {*NUMBERS[:101]}}
    with_a_hole = {replica: numbers - {7} for replica, numbers in whole.items()}
    found = (half, newer, with_a_hole, whole)
    sights = [Sight(numbers=numbers, at=START + 51 + second) for second, numbers in enumerate(found)]
    assert counts.healed(WRITTEN, ANSWERED, sights, START + 49.9) == pytest.approx(4.1)
    kept = {replica: [number for number in NUMBERS if number != 7] for replica in OFFSETS}
    assert counts.healed(kept, ANSWERED, sights, START + 49.9) == pytest.approx(3.1), "7 is never found"


@pytest.mark.parametrize(
    ("lost", "until", "holds"),
    [
        ([], None, True),
        ([], 9, True),
        ([4, 5, 6], None, True),
        ([4, 6], None, False),
        ([8, 9], 9, True),
        ([7, 8], 9, False),
        ([9, 10], 9, False),
    ],
)
def test_what_is_lost_in_one_piece_is_known_from_what_is_not(lost: list[int], until: int | None, holds: bool) -> None:
    made = row(everything() - {sample(FIRST, number) for number in lost})
    assert made.lost_in_one_piece(FIRST, until=until) is holds
