"""The bill counts what Terraform is given: disks, pools, redundancy, endpoints, balancers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from monitoring.blueprint.capacity.needs import load
from monitoring.blueprint.releases import releases
from monitoring.blueprint.values.charts import ROOT
from monitoring.cost import meters
from monitoring.cost.bill import lines
from monitoring.cost.machines import DYNAMIC_DISK
from monitoring.fleet import load_fleet
from tests.laws.stack_laws import Stack

REGIONS = ("prod-eastus", "prod-northeurope", "prod-westus")


def of_kind(stack: Stack, kind: str) -> list[dict[str, Any]]:
    return list(stack["resource"][kind].values())


@pytest.mark.parametrize("name", REGIONS)
def test_what_is_billed_is_what_terraform_makes(name: str, stacks: Mapping[str, Stack]) -> None:
    fleet, stack = load_fleet(ROOT / "regions"), stacks[name]
    region = fleet.region(name)
    peers = fleet.peers_of(region)
    found = {line.part: line for line in lines(region, load(region), releases=releases(region, peers), peers=peers)}
    meter_of = {part: line.meter for part, line in found.items()}

    pools = of_kind(stack, "azurerm_kubernetes_cluster_node_pool")
    assert {pool["os_disk_type"] for pool in pools} == {"Ephemeral"}, "a system disk of its own would be billed"
    assert found["nodes"].quantity == 730 * sum(pool["min_count"] for pool in pools)
    assert {meters.virtual_machine(pool["vm_size"], region.location) for pool in pools} == {meter_of["nodes"]}

    disks = of_kind(stack, "azurerm_managed_disk")
    assert found["disks: Prometheus"].quantity == len(disks)
    assert {meters.disk(disk["storage_account_type"], disk["disk_size_gb"], disk["location"]) for disk in disks} == {
        meter_of["disks: Prometheus"]
    }
    classes = [one["parameters"] for one in of_kind(stack, "kubernetes_storage_class_v1") if "parameters" in one]
    assert {one["skuName"] for one in classes} == {DYNAMIC_DISK}

    (account,) = of_kind(stack, "azurerm_storage_account")
    stored = meters.blob(account["account_replication_type"], meters.STORED, account["location"])
    assert meter_of["Blob: raw samples"] == meter_of["Blob: soft-deleted"] == stored
    assert found["private endpoint"].quantity == 730 * len(of_kind(stack, "azurerm_private_endpoint"))
    rules = sum(
        len(service["spec"]["port"])
        for service in of_kind(stack, "kubernetes_service_v1")
        if service["spec"]["type"] == "LoadBalancer"
    )
    assert found["load balancer"].detail == f"1, with {rules} rules"
