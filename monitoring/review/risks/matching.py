"""What a rule of risk is, and the ways to say which changes it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitoring.effective.facts import Kind
from monitoring.effective.same import amounts
from monitoring.review.changes import Action, Change

Check = Callable[[Change], bool]


class Label(StrEnum):
    """What is at stake; `look` where no rule knows."""

    DATA_LOSS = "data loss"
    DOWNTIME = "downtime"
    EXPOSURE = "exposure"
    BLINDNESS = "blindness"
    CAPACITY = "capacity"
    COST = "cost"
    LOOK = "look"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A kind of change that is risky. `source` is where that is known from; `advice` what to do before or after.

    `held_back`: it is about changes, too, that Terraform does not make (`lifecycle.ignore_changes`).
    """

    name: str
    label: Label
    reason: str
    source: str
    advice: str
    applies: Check
    held_back: bool = False


@dataclass(frozen=True, kw_only=True)
class Risk:
    """A rule that a change has met."""

    rule: Rule
    change: Change


def what(change: Change) -> str:
    """The narrower kind of what changes: Terraform's type, the Kubernetes kind, `receiver`; else the kind itself."""
    kind, subject = change.key.kind, change.key.subject
    if kind is Kind.RESOURCE:
        return subject.rpartition(" ")[0]
    if kind in {Kind.OBJECT, Kind.RENDERED, Kind.POLICY}:
        return subject.partition("/")[0]
    if kind in {Kind.ROUTE, Kind.SETTING}:
        return subject.partition(" ")[0]
    return str(kind)


def resource(pattern: str, path: str = "", *, actions: Sequence[Action] = tuple(Action)) -> Check:
    """Changes of resources whose type and whose attribute's path (whole, where it is "") match."""
    return lambda change: (
        change.key.kind is Kind.RESOURCE
        and re.fullmatch(pattern, what(change)) is not None
        and re.fullmatch(path, change.key.path) is not None
        and change.action in actions
    )


def at(kind: Kind, path: str, *, subject: str = ".*", actions: Sequence[Action] = tuple(Action)) -> Check:
    """Changes of a kind at paths, and of subjects, that match."""
    return lambda change: (
        change.key.kind is kind
        and change.action in actions
        and re.fullmatch(path, change.key.path, re.DOTALL) is not None
        and re.fullmatch(subject, change.key.subject, re.DOTALL) is not None
    )


def smaller(applies: Check) -> Check:
    """Those whose amount goes down."""

    def both(change: Change) -> bool:
        pair = amounts(change.key.path, change.before, change.after) if applies(change) else None
        return pair is not None and pair[1] < pair[0]

    return both


def larger(applies: Check) -> Check:
    """Those whose amount goes up."""
    return lambda change: smaller(applies)(change.inverted())


def gone(applies: Check) -> Check:
    """Those that are not there any more."""
    return lambda change: change.action is Action.REMOVED and applies(change)


def beyond(applies: Check, bound: str) -> Check:
    """Those whose amount is now above the bound."""

    def both(change: Change) -> bool:
        pair = amounts(change.key.path, bound, change.after) if applies(change) else None
        return pair is not None and pair[1] > pair[0]

    return both


def turned_off(applies: Check) -> Check:
    """Switches that were on."""
    return lambda change: change.before is True and applies(change)


def either(*checks: Check) -> Check:
    """Those that any of the checks is about."""
    return lambda change: any(check(change) for check in checks)


def whole(kind: Kind, *actions: Action, subject: str = ".*") -> Check:
    """Things of a kind that come or go as a whole."""
    return at(kind, "", subject=subject, actions=actions or (Action.ADDED, Action.REMOVED))
