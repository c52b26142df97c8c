"""The table of risks: what a change may cost, why, where that is known from, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from monitoring.review.changes import MISSING, Change
from monitoring.review.facts import FactKey, Kind
from monitoring.review.plan import Plan
from monitoring.review.risks import blindness, data_loss, downtime, exposure, sizes
from monitoring.review.risks.matching import Label, Risk, Rule

RULES: tuple[Rule, ...] = (
    *data_loss.RULES,
    *downtime.RULES,
    *exposure.RULES,
    *blindness.RULES,
    *sizes.RULES,
)

__all__ = ["RULES", "Label", "Risk", "Rule", "risks"]


def risks(changes: Iterable[Change], *, plans: Sequence[Plan] = ()) -> list[Risk]:
    """Every risk of every change, and of what plans say that Terraform will do, in the order of the table."""
    found = [*changes, *_planned(plans)]
    each = [Risk(rule=rule, change=change) for rule in RULES for change in found if rule.applies(change)]
    return [*each, *downtime.several_pools(each)]


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
