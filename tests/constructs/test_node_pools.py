"""Nodes for monitoring alone."""

from __future__ import annotations

import re

import pytest

from tests.constructs.synthesized import NO_ZONES, TWO_ZONES, ZONES, Resource, addresses, by_name, region_stack

KIND = "azurerm_kubernetes_cluster_node_pool"


@pytest.fixture(params=[ZONES, NO_ZONES, TWO_ZONES])
def pools(request: pytest.FixtureRequest) -> dict[str, Resource]:
    return by_name(region_stack(request.param), KIND)


@pytest.mark.parametrize(("name", "zones"), [(ZONES, ["1", "2", "3"]), (TWO_ZONES, ["1", "2"])])
def test_every_zone_has_a_pool_of_its_own(name: str, zones: list[str]) -> None:
    assert [pool["zones"] for pool in by_name(region_stack(name), KIND).values()] == [[zone] for zone in zones]


def test_a_region_without_zones_has_one_pool_that_names_none() -> None:
    (pool,) = by_name(region_stack(NO_ZONES), KIND).values()
    assert "zones" not in pool
    assert pool["min_count"] == 3


def test_names_are_what_aks_takes(pools: dict[str, Resource]) -> None:
    names = [*pools, *(pool["temporary_name_for_rotation"] for pool in pools.values())]
    assert all(re.fullmatch(r"[a-z][a-z0-9]{0,11}", name) for name in names)
    assert len(set(names)) == 2 * len(pools)


def test_pools_change_one_after_another() -> None:
    stack = region_stack(ZONES)
    first, second, third = by_name(stack, KIND).values()
    address = addresses(stack, KIND)
    assert not first.get("depends_on")
    assert second["depends_on"] == [address["monitorz1"]]
    assert third["depends_on"] == [address["monitorz2"]]


def test_only_monitoring_runs_there(pools: dict[str, Resource]) -> None:
    for pool in pools.values():
        assert pool["mode"] == "User"
        assert pool["node_labels"] == {"workload": "monitoring"}
        assert pool["node_taints"] == ["workload=monitoring:NoSchedule"]


def test_every_zone_keeps_a_node(pools: dict[str, Resource]) -> None:
    for pool in pools.values():
        assert pool["auto_scaling_enabled"] is True
        assert 1 <= pool["min_count"] <= pool["max_count"]


def test_what_the_autoscaler_and_the_clusters_upgrade_change_is_theirs(pools: dict[str, Resource]) -> None:
    for pool in pools.values():
        assert pool["lifecycle"]["ignore_changes"] == ["node_count", "orchestrator_version"]


def test_an_upgrade_drains_one_node_and_leaves_what_will_not_drain(pools: dict[str, Resource]) -> None:
    for pool in pools.values():
        assert pool["upgrade_settings"] == {
            "max_surge": "1",
            "drain_timeout_in_minutes": 20,
            "node_soak_duration_in_minutes": 2,
            "undrainable_node_behavior": "Cordon",
        }


def test_the_operating_system_lives_on_the_local_disk(pools: dict[str, Resource]) -> None:
    for pool in pools.values():
        assert (pool["os_disk_type"], pool["os_disk_size_gb"]) == ("Ephemeral", 64)


def test_no_node_has_a_public_address(pools: dict[str, Resource]) -> None:
    assert all(pool["node_public_ip_enabled"] is False for pool in pools.values())
