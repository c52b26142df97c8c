"""A row of what is due, and how answers become rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from monitoring.prerequisites.step import at


class State(StrEnum):
    """What could not be asked is unknown, never fine."""

    FINE = "fine"
    SOON = "soon"
    DUE = "due"
    UNKNOWN = "unknown"


NOTICE = timedelta(days=30)
"""How long before its end something is told."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One subject: what was found, what is expected, and where it is not fine what to do and where that is written."""

    subject: str
    state: State
    found: str
    expected: str
    action: str = ""
    page: str = ""


def unknown(subject: str, why: str, *, expected: str = "") -> Row:
    """A row of which nothing can be said."""
    return Row(subject=subject, state=State.UNKNOWN, found=why, expected=expected)


def ending(ends: datetime, now: datetime, *, notice: timedelta = NOTICE) -> State:
    """Due once it has ended, soon within `notice` of that."""
    if ends <= now:
        return State.DUE
    return State.SOON if ends - now < notice else State.FINE


def time_of(text: object) -> datetime | None:
    """A time as Kubernetes, Azure and GitHub write it; None of anything else."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def items(value: Any) -> list[Any]:
    """The elements of a list, or of a list of Kubernetes."""
    found = at(value, "items") if isinstance(value, dict) else value
    return found if isinstance(found, list) else []
