"""What a rule of risk is, and the ways to say which changes it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitoring.fleet.quantities import Cpu, Duration, Size
from monitoring.review.changes import MISSING, Action, Change
from monitoring.review.facts import Kind

Check = Callable[[Change], bool]


class Label(StrEnum):
    """What is at stake."""

    DATA_LOSS = "data loss"
    DOWNTIME = "downtime"
    EXPOSURE = "exposure"
    BLINDNESS = "blindness"
    CAPACITY = "capacity"
    COST = "cost"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A kind of change that is risky. `source` is where that is known from; `advice` what to do before or after."""

    name: str
    label: Label
    reason: str
    source: str
    advice: str
    applies: Check


@dataclass(frozen=True, kw_only=True)
class Risk:
    """A rule that a change has met."""

    rule: Rule
    change: Change


def resource_type(change: Change) -> str:
    """Terraform's type of the changed resource; "" for anything else."""
    return change.key.subject.partition(" ")[0] if change.key.kind is Kind.RESOURCE else ""


def resource(pattern: str, path: str = "", *, actions: Sequence[Action] = tuple(Action)) -> Check:
    """Changes of resources whose type and whose attribute's path (whole, where it is "") match."""

    def applies(change: Change) -> bool:
        return (
            bool(re.fullmatch(pattern, resource_type(change)))
            and bool(re.fullmatch(path, change.key.path))
            and change.action in actions
        )

    return applies


def at(kind: Kind, path: str, *, subject: str = ".*", actions: Sequence[Action] = tuple(Action)) -> Check:
    """Changes of a kind at paths, and of subjects, that match."""

    def applies(change: Change) -> bool:
        return (
            change.key.kind is kind
            and bool(re.fullmatch(subject, change.key.subject, re.DOTALL))
            and bool(re.fullmatch(path, change.key.path, re.DOTALL))
            and change.action in actions
        )

    return applies


def amount(value: object) -> float | None:
    """A size, duration, CPU or number, in its base unit; None for anything else."""
    if isinstance(value, bool) or value is MISSING or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    text = str(value)
    for kind in (Size, Duration, Cpu):
        try:
            return float(kind.parse(text).amount)
        except ValueError:
            continue
    return None


def smaller(applies: Check) -> Check:
    """Those whose amount goes down."""

    def both(change: Change) -> bool:
        old, new = amount(change.before), amount(change.after)
        return applies(change) and old is not None and new is not None and new < old

    return both


def larger(applies: Check) -> Check:
    """Those whose amount goes up."""
    return lambda change: smaller(applies)(change.inverted())


def either(*checks: Check) -> Check:
    """Those that any of the checks is about."""
    return lambda change: any(check(change) for check in checks)


def lost(kind: Kind) -> Check:
    """Things of a kind that go as a whole."""
    return lambda change: change.key.kind is kind and not change.key.path and change.action is Action.REMOVED
