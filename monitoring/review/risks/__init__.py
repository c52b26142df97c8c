"""The verdict on each change: risks by the table, harmless by a list, and else "not judged: look"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from monitoring.effective.facts import FactKey, Kind
from monitoring.review.changes import MISSING, Change
from monitoring.review.plan import Plan
from monitoring.review.risks import blindness, data_loss, downtime, exposure, repository, ring, safety, sizes
from monitoring.review.risks.harmless import why_harmless
from monitoring.review.risks.matching import Label, Risk, Rule

RULES: tuple[Rule, ...] = (
    *data_loss.RULES,
    *downtime.RULES,
    *ring.RULES,
    *exposure.RULES,
    *safety.RULES,
    *repository.RULES,
    *blindness.RULES,
    *sizes.RULES,
)

LOOK = Rule(
    name="not judged: look",
    label=Label.LOOK,
    reason="no rule knows this change, and nobody has said that it is harmless",
    source="docs/review.md",
    advice="Read what it does before you approve.",
    applies=lambda change: True,  # noqa: ARG005  (whatever is left)
)

__all__ = ["LOOK", "RULES", "Judged", "Label", "Risk", "Rule", "judged"]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Every change once: its risks, which may be several, or why it is harmless."""

    risks: tuple[Risk, ...] = ()
    harmless: Mapping[Change, str] = field(default_factory=dict)


def judged(changes: Iterable[Change], *, plans: Sequence[Plan] = ()) -> Judged:
    """The verdict on each change, and on what plans say that Terraform will do; risks in the order of the table."""
    risks: list[Risk] = []
    looks: list[Risk] = []
    harmless: dict[Change, str] = {}
    for change in (*changes, *_planned(plans)):
        asked = [rule for rule in RULES if rule.held_back or not change.held_back]
        if met := [Risk(rule=rule, change=change) for rule in asked if rule.applies(change)]:
            risks += met
        elif change.held_back:
            harmless[change] = "Terraform will not make it: lifecycle.ignore_changes"
        elif why := why_harmless(change):
            harmless[change] = why
        else:
            looks.append(Risk(rule=LOOK, change=change))
    order = {rule.name: number for number, rule in enumerate(RULES)}
    risks.sort(key=lambda risk: order[risk.rule.name])
    return Judged(risks=(*risks, *downtime.several_pools(risks), *looks), harmless=harmless)


def _planned(plans: Sequence[Plan]) -> Iterator[Change]:
    """What Terraform does to each resource, as a change of its action."""
    for plan in plans:
        for planned in plan.planned:
            yield Change(
                key=FactKey(kind=Kind.PLAN, subject=planned.address, path="action"),
                before=MISSING,
                after=planned.does.value,
                stacks=(plan.stack,),
            )
