"""How often Azure is asked for machines: Prometheus' own way of asking, counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Duration, Fleet, Region, load_fleet
from monitoring.fleet.azure_calls import READS_PER_HOUR, calls_note, calls_per_hour, warnings
from tests.rules.pages import alerts


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
def test_azure_calls_total_covers_all_requests_of_a_replica(
    fleet: Fleet, machines: int, scale_sets: int, refresh: int
) -> None:
    region = _with(
        fleet.regions[0],
        expected_machines=machines,
        expected_scale_sets=scale_sets,
        refresh=Duration.parse(f"{refresh}s"),
    )
    one = _counted(machines=machines, scale_sets=scale_sets, refresh=refresh)
    assert calls_per_hour(region) == region.prometheus.replicas * one


def test_slower_refresh_makes_fewer_azure_calls(zoned: Region) -> None:
    assert calls_per_hour(_with(zoned, refresh=Duration.parse("10m"))) < calls_per_hour(zoned)


def test_calls_note_lists_each_region_with_azures_limit(fleet: Fleet) -> None:
    note = calls_note(fleet.regions)
    assert str(READS_PER_HOUR) in note
    for region in fleet.regions:
        assert f"{region.name} {calls_per_hour(region)}" in note


@pytest.mark.parametrize("replicas", [2, 3])
def test_each_replica_counts_its_own_azure_calls(zoned: Region, replicas: int) -> None:
    prometheus = zoned.prometheus.model_copy(update={"replicas": replicas})
    region = zoned.model_copy(update={"prometheus": prometheus})
    assert calls_per_hour(region) == replicas * calls_per_hour(zoned) // zoned.prometheus.replicas


def test_stopped_vm_leaves_the_targets_before_its_alert_fires() -> None:
    """14 refreshes of 60 s and 5 minutes for Azure are 19 minutes."""
    assert alerts()["AzureVmDown"]["for"] == "20m"
    for region in load_fleet(ROOT / "regions").regions:
        assert region.azure_vms.refresh.seconds == 60
        assert list(warnings(region)) == []


def test_a_slower_refresh_is_a_warning(zoned: Region) -> None:
    assert list(warnings(_with(zoned, refresh=Duration.parse("64s")))) == []
    assert list(warnings(_with(zoned, refresh=Duration.parse("5m")))) == [
        (
            ("azure_vms", "refresh"),
            "should be at most 64s, got 5m: AzureVmDown fires after 20 minutes, and a stopped machine stays a target "
            "for up to 75 (docs/discovery.md)",
        )
    ]


def test_the_calls_of_all_regions_are_within_the_limit_at_that_refresh() -> None:
    calls = [calls_per_hour(region) for region in load_fleet(ROOT / "regions").regions]
    assert max(calls) == 2160  # two replicas, each 60 times 8 lists, and 100 interfaces 6 times
