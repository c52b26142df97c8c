"""Each row of the table of safe values, on a real region: another value is found, and so is one that is left out."""

from __future__ import annotations

from functools import cache

import pytest

from monitoring.effective.facts import Facts
from monitoring.effective.safe_values import SAFE_VALUES, Safe, violations
from monitoring.effective.stacks import stack_facts
from tests.constructs.synthesized import fleet
from tests.monitoring.review.edited import written

ABSENT = {safe for safe in SAFE_VALUES if safe.absent}
"""What is safe where nothing is said: the program says none of it."""


@cache
def regions() -> tuple[Facts, ...]:
    """The facts of the fixture regions; tests only read them."""
    return tuple(stack_facts(written(region.name)) for region in fleet().regions)


@pytest.mark.parametrize("safe", SAFE_VALUES, ids=lambda safe: f"{safe.subject} {safe.path}")
def test_another_value_is_found_and_so_is_one_that_is_left_out(safe: Safe) -> None:
    found = [(facts, key) for facts in regions() for key in facts if safe.about(key)]
    assert found or safe in ABSENT
    for facts, key in found[:1]:
        here = {place: value for place, value in facts.items() if place.subject == key.subject}
        assert list(violations(here)) == []
        if safe.values:
            (said,) = violations({**here, key: "another"})
            assert said.startswith(f"{key.subject} {key.path} must be ")
            assert said.endswith(f", got 'another': else {safe.why}")
        without = list(violations({place: value for place, value in here.items() if place != key}))
        assert len(without) == safe.required, without


def test_one_is_not_true() -> None:
    (facts, *_) = regions()
    key = next(key for key in facts if key.path == "lifecycle.prevent_destroy")
    here = {place: value for place, value in facts.items() if place.subject == key.subject}
    assert [said.partition(": else")[0] for said in violations({**here, key: 1})] == [
        f"{key.subject} lifecycle.prevent_destroy must be True, got 1"
    ]
