"""Nodes for monitoring alone."""

from __future__ import annotations

import re

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    NETWORKS,
    NO_ZONES,
    TAGS,
    TWO_ZONES,
    ZONES,
    addresses,
    by_name,
    data_reference,
    region_stack,
)

KIND = "azurerm_kubernetes_cluster_node_pool"
POOLS = [
    (ZONES, "monitorz1"),
    (ZONES, "monitorz2"),
    (ZONES, "monitorz3"),
    (NO_ZONES, "monitor"),
    (TWO_ZONES, "monitorz1"),
    (TWO_ZONES, "monitorz2"),
]
of_every_pool = pytest.mark.parametrize(("region", "pool"), POOLS)


@pytest.mark.parametrize("region", [ZONES, NO_ZONES, TWO_ZONES])
def test_every_zone_has_a_pool_of_its_own_and_a_region_without_zones_has_one(region: str) -> None:
    assert list(by_name(region_stack(region), KIND)) == [pool for of, pool in POOLS if of == region]


@pytest.mark.parametrize(("region", "pool"), [row for row in POOLS if row[0] != NO_ZONES])
def test_a_pool_is_in_its_zone_alone(region: str, pool: str) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(KIND, {"zones": [pool[-1]]}, name=pool)


def test_a_region_without_zones_has_one_pool_of_three_nodes_that_names_none() -> None:
    stack = region_stack(NO_ZONES)
    expect(stack).to_have_resource_with_properties(
        KIND, {"auto_scaling_enabled": True, "min_count": 3, "max_count": 6}, name="monitor"
    )
    assert "zones" not in by_name(stack, KIND)["monitor"]


@of_every_pool
def test_node_pool_names_are_valid_for_aks(region: str, pool: str) -> None:
    """Twelve small letters and digits at most, also while a pool is cycled."""
    assert re.fullmatch(r"[a-z][a-z0-9]{0,11}", f"{pool}tmp")
    expect(region_stack(region)).to_have_resource_with_properties(
        KIND, {"temporary_name_for_rotation": f"{pool}tmp"}, name=pool
    )


def test_each_node_pool_depends_on_the_previous_one() -> None:
    stack = region_stack(ZONES)
    address = addresses(stack, KIND)
    for before, pool in (("monitorz1", "monitorz2"), ("monitorz2", "monitorz3")):
        expect(stack).to_have_resource_with_properties(KIND, {"depends_on": [address[before]]}, name=pool)
    assert "depends_on" not in by_name(stack, KIND)["monitorz1"]


@of_every_pool
def test_node_pools_are_tainted_for_monitoring(region: str, pool: str) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(
        KIND,
        {
            "mode": "User",
            "node_labels": {"workload": "monitoring"},
            "node_taints": ["workload=monitoring:NoSchedule"],
        },
        name=pool,
    )


@pytest.mark.parametrize(("region", "pool"), [row for row in POOLS if row[0] != NO_ZONES])
def test_autoscaler_keeps_one_node_per_zone(region: str, pool: str) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(
        KIND, {"auto_scaling_enabled": True, "min_count": 1, "max_count": 2}, name=pool
    )


@of_every_pool
def test_node_count_and_version_changes_are_ignored(region: str, pool: str) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(
        KIND, {"lifecycle": {"ignore_changes": ["node_count", "orchestrator_version"]}}, name=pool
    )


@of_every_pool
def test_node_pool_upgrade_cordons_undrainable_nodes(region: str, pool: str) -> None:
    upgrade = {
        "max_surge": "1",
        "drain_timeout_in_minutes": 20,
        "node_soak_duration_in_minutes": 2,
        "undrainable_node_behavior": "Cordon",
    }
    expect(region_stack(region)).to_have_resource_with_properties(KIND, {"upgrade_settings": upgrade}, name=pool)


@of_every_pool
def test_nodes_are_of_the_regions_size_with_the_operating_system_on_the_local_disk(region: str, pool: str) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(
        KIND,
        {"vm_size": "Standard_D4ds_v5", "max_pods": 50, "os_disk_type": "Ephemeral", "os_disk_size_gb": 64},
        name=pool,
    )


@of_every_pool
def test_the_host_encrypts_local_disks_and_caches(region: str, pool: str) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(KIND, {"host_encryption_enabled": True}, name=pool)


@pytest.mark.parametrize("pool", ["monitorz1", "monitorz2", "monitorz3"])
def test_nodes_are_the_clusters_in_the_subnet_of_nodes_and_have_no_public_address(pool: str) -> None:
    stack = region_stack(ZONES)
    expect(stack).to_have_resource_with_properties(
        KIND,
        {
            "kubernetes_cluster_id": data_reference(stack, "azurerm_kubernetes_cluster", "id"),
            "vnet_subnet_id": f"{NETWORKS}/virtualNetworks/vnet-alpha/subnets/nodes",
            "node_public_ip_enabled": False,
            "tags": TAGS,
        },
        name=pool,
    )
