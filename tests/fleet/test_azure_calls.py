"""How often Azure is asked for machines: Prometheus' own way of asking, counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.fleet import Duration, Fleet, Region
from monitoring.fleet.azure_calls import READS_PER_HOUR, calls_note, calls_per_hour


def _with(region: Region, **azure_vms: Any) -> Region:
    return region.model_copy(update={"azure_vms": region.azure_vms.model_copy(update=azure_vms)})


def _counted(*, machines: int, scale_sets: int, refresh: int) -> int:
    """One replica's first hour, refresh by refresh: lists each time, an interface when it is not kept."""
    calls, known_until = 0, -1
    for now in range(0, 3600, refresh):
        calls += max(1, -(-machines // 50)) + 1 + scale_sets
        if now > known_until:
            calls += machines
            known_until = now + 10 * refresh - 1
    return calls


@given(
    machines=st.integers(0, 500),
    scale_sets=st.integers(0, 20),
    refresh=st.integers(10, 3600),
)
def test_the_sum_is_what_a_replica_asks_and_no_less(fleet: Fleet, machines: int, scale_sets: int, refresh: int) -> None:
    region = _with(
        fleet.regions[0],
        expected_machines=machines,
        expected_scale_sets=scale_sets,
        refresh=Duration.parse(f"{refresh}s"),
    )
    one = _counted(machines=machines, scale_sets=scale_sets, refresh=refresh)
    assert calls_per_hour(region) == region.prometheus.replicas * one


def test_machines_that_are_asked_for_less_often_cost_less(zoned: Region) -> None:
    assert calls_per_hour(_with(zoned, refresh=Duration.parse("10m"))) < calls_per_hour(zoned)


def test_the_note_says_each_region_beside_azures_limit(fleet: Fleet) -> None:
    note = calls_note(fleet.regions)
    assert str(READS_PER_HOUR) in note
    for region in fleet.regions:
        assert f"{region.name} {calls_per_hour(region)}" in note


@pytest.mark.parametrize("replicas", [2, 3])
def test_every_replica_asks_for_itself(zoned: Region, replicas: int) -> None:
    prometheus = zoned.prometheus.model_copy(update={"replicas": replicas})
    region = zoned.model_copy(update={"prometheus": prometheus})
    assert calls_per_hour(region) == replicas * calls_per_hour(zoned) // zoned.prometheus.replicas
