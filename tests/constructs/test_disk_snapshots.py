"""Snapshots by a backup vault, where a region asks for them."""

from __future__ import annotations

import pytest

from monitoring.fleet.model import DiskSnapshots
from monitoring.fleet.quantities import Duration
from tests.constructs.synthesized import ZONES, Stack, addresses, fleet, only, region_stack, synthesize

INSTANCE = "azurerm_data_protection_backup_instance_disk"
POLICY = "azurerm_data_protection_backup_policy_disk"
VAULT = "azurerm_data_protection_backup_vault"


@pytest.fixture(scope="module")
def stack() -> Stack:
    wanted = DiskSnapshots(retention=Duration.parse("7d"))
    return synthesize(fleet().region(ZONES).model_copy(update={"disk_snapshots": wanted}))


def test_a_region_that_does_not_ask_has_no_vault() -> None:
    assert not [kind for kind in region_stack(ZONES)["resource"] if "data_protection" in kind]


def test_every_prometheus_disk_is_snapshotted(stack: Stack) -> None:
    disks = [f"${{{address}.id}}" for address in addresses(stack, "azurerm_managed_disk").values()]
    assert [instance["disk_id"] for instance in stack["resource"][INSTANCE].values()] == disks


def test_snapshots_are_kept_as_long_as_the_region_says(stack: Stack) -> None:
    assert only(stack, POLICY)["default_retention_duration"] == "P7D"
    assert only(stack, POLICY)["backup_repeating_time_intervals"][0].endswith("/P1D")


def test_the_vault_cannot_be_destroyed(stack: Stack) -> None:
    assert only(stack, VAULT)["lifecycle"] == {"prevent_destroy": True}


def test_a_backup_waits_for_both_rights_of_the_vault(stack: Stack) -> None:
    roles = {
        f"azurerm_role_assignment.{label}": body["role_definition_name"]
        for label, body in stack["resource"]["azurerm_role_assignment"].items()
        if body["principal_id"].startswith(f"${{{VAULT}.")
    }
    for instance in stack["resource"][INSTANCE].values():
        assert [roles[address] for address in instance["depends_on"]] == [
            "Disk Backup Reader",
            "Disk Snapshot Contributor",
        ]


def test_the_disks_keep_their_addresses_when_snapshots_come(stack: Stack) -> None:
    before = addresses(region_stack(ZONES), "azurerm_managed_disk")
    assert addresses(stack, "azurerm_managed_disk") == before
