"""A review as data, and how it is told: summary first, then risks, then every change by its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from monitoring.cost.prices import PRICES
from monitoring.effective.facts import ORDER, Kind
from monitoring.review.changes import MISSING, Action, Change, jump
from monitoring.review.money import Difference, Money
from monitoring.review.plan import Does, Plan, Planned
from monitoring.review.risks import Label, Risk

LONGEST_VALUE = 160
"""Characters of a value that are shown."""


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """A risk that somebody takes: which label, who, why."""

    label: Label
    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Review:
    """All that is said of a change; `notes` are what could not be read or compared, and why.

    `harmless` says of which changes nobody needs to look at, and why.
    """

    stacks: tuple[str, ...]
    changes: tuple[Change, ...]
    risks: tuple[Risk, ...]
    harmless: Mapping[Change, str] = field(default_factory=dict)
    plans: tuple[Plan, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    notes: tuple[str, ...] = ()
    money: Difference = field(default_factory=Difference)

    def failing(self, labels: Iterable[Label]) -> list[Risk]:
        """Risks of these labels that nobody has accepted."""
        taken = {acceptance.label for acceptance in self.accepted}
        return [risk for risk in self.risks if risk.rule.label in set(labels) - taken]

    def acceptance(self, label: Label) -> Acceptance | None:
        """Who takes the risks of a label."""
        return next((one for one in self.accepted if one.label is label), None)

    @property
    def regions(self) -> tuple[str, ...]:
        """Stacks of regions: all but the one of what exists once."""
        return tuple(stack for stack in self.stacks if "-" in stack)


def where(stacks: Sequence[str], review: Review) -> str:
    """`in all 3 regions`, or the stacks by name."""
    if set(stacks) == set(review.regions) and len(stacks) > 1:
        return f"in all {len(stacks)} regions"
    return "in " + ", ".join(stacks)


def sentence(change: Change) -> str:
    """What changes, from what, to what; without where."""
    place = change.key
    what = f"{place.kind} {place.subject}" if place.kind not in _SPEAKS_FOR_ITSELF else place.subject
    if change.whole:
        return f"{what} {change.action}"
    if place.kind in {Kind.STACK, Kind.NAMESPACE}:
        return f"{what} becomes {change.after}: destroyed, and made anew"
    return f"{what}: {_detail(change)}"


def _detail(change: Change) -> str:
    place = change.key
    path = place.path.removesuffix(ORDER)
    if path != place.path:
        return f"order of {path} changed"
    if not path:
        return f"address in the state {shown(change.before)} → {shown(change.after)}"
    if change.action is Action.ADDED:
        return f"{path} added{_said(path, change.after)}"
    if change.action is Action.REMOVED:
        return f"{path} removed{_said(path, change.before)}"
    kind = jump(change)
    return f"{path} {shown(change.before)} → {shown(change.after)}" + (f" ({kind})" if kind else "")


_SPEAKS_FOR_ITSELF = {Kind.RESOURCE, Kind.SETTING, Kind.ROUTE, Kind.STATE, Kind.MAKEFILE}


def told(change: Change, review: Review) -> str:
    """A change with where it is, and why nobody needs to look at it."""
    why = review.harmless.get(change)
    return where(change.stacks, review) + (f" ({why})" if why else "")


def shown(value: object) -> str:
    """A value in one line, cut where it is long."""
    text = "nothing" if value is MISSING else str(value).replace("\n", " ").strip()
    text = {"True": "true", "False": "false", "None": "null", "": '""'}.get(text, text)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}… ({len(text)} characters)"


def _said(path: str, value: object) -> str:
    """An element that is its own name has no more to say."""
    return "" if value is True and path.endswith("]") else f": {shown(value)}"


def by_kind(changes: Iterable[Change]) -> Mapping[Kind, list[Change]]:
    """Changes under their kind, kinds in the reader's order."""
    found: dict[Kind, list[Change]] = {kind: [] for kind in Kind}
    for change in changes:
        found[change.key.kind].append(change)
    return {kind: group for kind, group in found.items() if group}


def headline(review: Review) -> str:
    """One line: how much changes, and what is at stake."""
    if not review.changes and not any(plan.planned for plan in review.plans):
        return "Nothing changes." if not review.notes else "Nothing that could be compared changes."
    stacks = sorted({stack for change in review.changes for stack in change.stacks})
    counts: dict[str, int] = {label: sum(risk.rule.label is label for risk in review.risks) for label in Label}
    looks = counts.pop(Label.LOOK)
    said = {**counts, "not judged: look": looks}
    at_stake = ", ".join(f"{label} ({count})" for label, count in said.items() if count) or "no known risk"
    number = len(review.changes)
    return f"{number} change{'s' * (number != 1)} in {', '.join(stacks) or 'no stack'}; {at_stake}."


def planned_sentence(planned: Planned) -> str:
    """What Terraform does to a resource, and what forces it."""
    forced = f", forced by {', '.join(planned.forced_by)}" if planned.forced_by else ""
    verb = "has drifted" if planned.does is Does.DRIFTED else f"{planned.does}"
    return f"{verb}: {planned.address}{forced}"


def money_line(review: Review) -> str | None:
    """What the disks and nodes of the change cost more or less; None where none of them changes."""
    total = review.money.total
    return None if total is None else f"Disks and nodes, by {PRICES}: {total}."


def risk_lines(review: Review) -> Iterator[tuple[Risk, str]]:
    """Each risk with where it is, and what it costs where that is known, or asked for in vain."""
    for risk in review.risks:
        money = review.money.of.get(risk.change)
        yield risk, where(risk.change.stacks, review) + (f" ({money})" if money and risk.rule.label in OF_SIZES else "")


OF_SIZES = frozenset({Label.COST, Label.CAPACITY})
"""Labels whose risks are about sizes, beside which money is said."""


def as_data(review: Review) -> dict[str, object]:
    """The review for machines."""
    return {
        "headline": headline(review),
        "money": _amounts(review.money.total),
        "changes": [
            {
                "kind": change.key.kind,
                "subject": change.key.subject,
                "path": change.key.path,
                "action": change.action,
                "before": change.before,
                "after": change.after,
                "stacks": change.stacks,
                "harmless": review.harmless.get(change),
            }
            for change in review.changes
        ],
        "risks": [
            {
                "label": risk.rule.label,
                "name": risk.rule.name,
                "sentence": sentence(risk.change),
                "stacks": risk.change.stacks,
                "reason": risk.rule.reason,
                "source": risk.rule.source,
                "advice": risk.rule.advice,
                "accepted": review.acceptance(risk.rule.label) is not None,
                "money": _amounts(review.money.of.get(risk.change)),
            }
            for risk in review.risks
        ],
        "plans": [asdict(plan) for plan in review.plans],
        "notes": review.notes,
    }


def _amounts(money: Money | None) -> dict[str, object] | None:
    """More or less a month by stack; null where a price is unknown."""
    return None if money is None else {"what": money.what, "currency": money.currency, "by_stack": dict(money.by_stack)}
