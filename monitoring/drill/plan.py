"""What a drill is asked, as plain data: synthesis makes it, and loads nothing else of the drill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VARIABLE = "DRILL_JOB"
"""The job's environment variable that says what is asked, as JSON."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Of each resolution, by its name: how old its newest sample may be, and how long it is kept (seconds)."""

    recovery_point: Mapping[str, float]
    retention: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked: `series` are known to have a sample of 1 every `interval` seconds, in each Prometheus replica.

    `since` is when the region began (seconds since 1970); None where only the blocks can tell.
    """

    series: str
    interval: int
    promise: Promise
    since: float | None = None
