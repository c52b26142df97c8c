"""A clock that goes only when it is told to, or by what is slept."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitoring.clock import Clock


@dataclass(kw_only=True)
class FakeClock:
    """`now` is in seconds since 1970; nobody waits for a sleep, but `slept` has it."""

    now: float = 0
    slept: list[float] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        """As it is handed over."""
        return Clock(now=lambda: self.now, monotonic=lambda: self.now, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


STANDING = Clock(now=lambda: 0, monotonic=lambda: 0)
"""Time stands still, so patience has no end: for waiting on real processes and threads, which end by themselves."""
