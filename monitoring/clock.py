"""A replaceable clock for tests, and polling until a condition holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Clock:
    """`now` is in seconds since 1970; `monotonic` is in seconds since whenever, and never goes back."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


SYSTEM = Clock()


def ask_until_true(ask: Callable[[], T], *, patience: float, pause: float = 0.25, clock: Clock = SYSTEM) -> T:
    """The first answer that is true, or the last one: it is asked once more after `patience` seconds.

    So it is asked at least once, and a slow question or a busy machine hides no answer that came in time.
    """
    end = clock.monotonic() + patience
    while True:
        last = clock.monotonic() >= end
        if (answer := ask()) or last:
            return answer
        clock.sleep(pause)
