"""Counting, of plain data: what the source wrote beside what Query answers, number by number."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.faults.source import SLOT

REPLICA = "prometheus_replica"

SKIPS = 2
"""Steps for which Query skips one replica once it has taken a sample of the other (Thanos' pkg/dedup/iter.go)."""

Numbers = Mapping[str, Sequence[int]]
"""Numbers of scrapes, in order, by replica."""

Times = Mapping[str, Sequence[float]]
"""When a replica's scrapes were answered, the first one first (seconds since 1970)."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Every raw sample once, in however many copies it is: whose it is, its time, the number that it says."""

    samples: frozenset[tuple[str, float, int]]

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Found:
        """Of what Query answers where it is to leave all copies as they are."""
        return cls(samples=frozenset(_samples(answer)))

    @property
    def numbers(self) -> dict[str, set[int]]:
        """Numbers of scrapes by replica."""
        numbers: dict[str, set[int]] = {}
        for replica, _, number in self.samples:
            numbers.setdefault(replica, set()).add(number)
        return numbers

    @property
    def twice(self) -> int:
        """How many samples say a number again at another time."""
        return len(self.samples) - sum(len(numbers) for numbers in self.numbers.values())


@dataclass(frozen=True, kw_only=True)
class View:
    """What people see, who ask Query without a word on replicas: time and number of each sample, in order."""

    samples: Sequence[tuple[float, int]]

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> View:
        """Of what Query answers where it is to make one series of all copies; AssertionError where it did not."""
        if len(answer["result"]) != 1:
            raise AssertionError(f"Query must make one series of all copies, got {len(answer['result'])}")
        return cls(samples=sorted((at, number) for _, at, number in _samples(answer)))

    def twice(self, copies: Found) -> int:
        """How many samples say a replica's number again; KeyError where one is of no replica."""
        whose = {(at, number): replica for replica, at, number in sorted(copies.samples)}
        said = [(whose[one], one[1]) for one in self.samples]
        return len(said) - len({*said})

    def gaps(self, copies: Found) -> int:
        """How many times nothing is seen for longer than a query looks back, though a replica has a sample there.

        What Query skips by its rule is not counted: after a silence of all, for twice as long (docs/faults.md). After a
        gap that is counted, nothing is excused.
        """
        there = sorted(at for _, at, _ in copies.samples)
        seen = [there[0], *(at for at, _ in self.samples), there[-1]]
        gaps, skipped_until = 0, there[0]
        for left, right in pairwise(seen):
            hidden = there[bisect_right(there, left) : bisect_left(there, right)]
            if right - left > SLOT and any(at > skipped_until for at in hidden):
                gaps += 1
            else:
                skipped_until = max(skipped_until, round(right + SKIPS * (right - left), 3))  # of milliseconds
        return gaps


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Numbers of scrapes that Query had found, by replica, at a moment (seconds since 1970)."""

    numbers: Mapping[str, set[int]]
    at: float


def lost(written: Numbers, copies: Found) -> dict[str, list[int]]:
    """Which numbers a replica wrote that are in no copy."""
    found = copies.numbers
    return {replica: sorted({*numbers} - found.get(replica, set())) for replica, numbers in written.items()}


def without(written: Numbers, missing: Numbers) -> dict[str, list[int]]:
    """The numbers that are not missing."""
    return {replica: sorted({*numbers} - {*missing[replica]}) for replica, numbers in written.items()}


def gaps(written: Numbers, kept: Numbers, answered: Times) -> int:
    """Of how many slots of time that something was written in nothing is kept, of any replica."""
    return len(_slots(written, answered) - _slots(kept, answered))


def healed(kept: Numbers, answered: Times, sights: Sequence[Sight], ended: float) -> float:
    """Seconds from the end of a fault to the first sight of what it held up, and of a newer sample of each replica."""
    by_then = {replica: sum(at <= ended for at in answered[replica]) for replica in kept}

    def whole(sight: Sight) -> bool:
        return all(
            {number for number in numbers if number <= by_then[replica]} <= sight.numbers.get(replica, set())
            and max(sight.numbers.get(replica, ()), default=0) > by_then[replica]
            for replica, numbers in kept.items()
        )

    return next((sight.at for sight in sights if whole(sight)), sights[-1].at) - ended


def _slots(numbers: Numbers, answered: Times) -> set[int]:
    return {int(answered[replica][number - 1] / SLOT) for replica, some in numbers.items() for number in some}


def _samples(answer: Mapping[str, Any]) -> Iterator[tuple[str, float, int]]:
    for series in answer["result"]:
        for at, value in series["values"]:
            yield series["metric"].get(REPLICA, ""), at, int(float(value))
