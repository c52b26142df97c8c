"""A safe value that goes: derived from the table that the laws hold every stack to."""

from __future__ import annotations

from monitoring.effective.safe_values import SAFE_VALUES, Stake
from monitoring.review.changes import Action, Change
from monitoring.review.risks.matching import Check, Label, Rule


def _unsafe(stake: Stake) -> Check:
    about = [safe for safe in SAFE_VALUES if safe.stake is stake]

    def applies(change: Change) -> bool:
        """Whatever it was before: what is not safe now is told, a part of what goes as a whole is not."""
        found = [safe for safe in about if safe.about(change.key)]
        if change.action is Action.REMOVED:
            return any(not safe.absent for safe in found)
        return any(not safe.keeps(change.after) for safe in found)

    return applies


def becomes_safe(change: Change) -> bool:
    """A value of the table that is safe now."""
    found = [safe for safe in SAFE_VALUES if safe.about(change.key)]
    return bool(found) and not any(_unsafe(stake)(change) for stake in Stake)


RULES = tuple(
    Rule(
        name=f"safe value gone: {stake}",
        label=Label(stake),
        reason="a law holds every stack to this value",
        source="monitoring/effective/safe_values.py",
        advice="Keep it; the table says why.",
        applies=_unsafe(stake),
    )
    for stake in Stake
)
