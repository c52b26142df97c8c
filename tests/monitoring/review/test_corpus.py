"""Every leaf of a region's JSON and of its values is changed, and taken away, one at a time: no change is silent.

The default run takes every `STRIDE`-th leaf; `OVERSIGHT_WHOLE_CORPUS=1` takes all. What is harmless has its reason on
the list; the test prints how many of each.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from monitoring.effective.defaults import defaults
from monitoring.effective.facts import Collision
from monitoring.effective.stacks import Part
from monitoring.review.risks.harmless import HARMLESS
from monitoring.review.risks.matching import Label
from tests.monitoring.review.edited import (
    GONE,
    REGION,
    Place,
    at_path,
    facts_of,
    leaves,
    other,
    region_parts,
    review_of,
    with_edit,
)

STRIDE = 1 if os.environ.get("OVERSIGHT_WHOLE_CORPUS") else 11

NOT_COMPARED = ("//",)
"""Keys of a body that say nothing of what runs: cdktf's own notes."""


def test_no_change_of_a_leaf_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    silent = []
    before = {(one.section, one.name, one.subject): facts_of(one) for one in region_parts()}
    for number, (one, path) in enumerate(_leaves()):
        if number % STRIDE:
            continue
        for value in (other(at_path(one.body, path)), GONE):
            try:
                review = review_of(
                    {REGION: before[one.section, one.name, one.subject]},
                    {REGION: facts_of(with_edit(one, path, value))},
                )
            except Collision:
                verdicts["refused: two of one name"] += 1
                continue
            labels = {risk.rule.label for risk in review.risks}
            verdicts["look" if labels == {Label.LOOK} else "risk" if labels else "harmless"] += bool(review.changes)
            reasons.update(set(review.harmless.values()))
            if not review.changes:
                silent.append((one.section, one.subject, one.name, path, value is GONE))
    with capsys.disabled():
        print(f"\n{sum(verdicts.values())} edits: {dict(verdicts)}; harmless because:")  # noqa: T201
        print(*(f"  {count:4} {reason}" for reason, count in reasons.most_common()), sep="\n")  # noqa: T201
    assert silent == []
    assert set(reasons) <= {one.reason for one in HARMLESS} | {"Terraform will not make it: lifecycle.ignore_changes"}


def _leaves() -> Iterator[tuple[Part, Place]]:
    """What a stack says itself, not what its charts say for it."""
    for one in region_parts():
        chart = one.subject if one.subject != "thanos-global" else "thanos"
        untold = defaults(chart).get(one.name) if one.section == "values" else None
        for path in leaves(one.body):
            if not path or path[0] in NOT_COMPARED or (one.section == "release" and path[0] == "values"):
                continue  # a release's values are parts of their own
            if not _is_default(untold, one.body, path):
                yield one, path


def _is_default(untold: object, body: object, path: Place) -> bool:
    try:
        return untold is not None and bool(at_path(untold, path) == at_path(body, path))
    except (KeyError, IndexError, TypeError):
        return False
