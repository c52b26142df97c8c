"""Snapshots by a backup vault, where a region asks for them."""

from __future__ import annotations

import pytest

from monitoring.fleet.model import DiskSnapshots
from monitoring.fleet.quantities import Duration
from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    GROUP,
    GROUP_ID,
    TAGS,
    ZONES,
    Stack,
    addresses,
    by_name,
    fleet,
    reference,
    region_stack,
    synthesize,
)

INSTANCE = "azurerm_data_protection_backup_instance_disk"
POLICY = "azurerm_data_protection_backup_policy_disk"
VAULT = "azurerm_data_protection_backup_vault"
DISK = "azurerm_managed_disk"
ASSIGNMENT = "azurerm_role_assignment"


@pytest.fixture(scope="module")
def stack() -> Stack:
    wanted = DiskSnapshots(retention=Duration.parse("7d"))
    return synthesize(fleet().region(ZONES).model_copy(update={"disk_snapshots": wanted}))


def test_region_without_disk_snapshots_has_no_backup_vault() -> None:
    assert not [kind for kind in region_stack(ZONES)["resource"] if "data_protection" in kind]


@pytest.mark.parametrize("replica", [0, 1])
def test_every_prometheus_disk_is_snapshotted_into_the_regions_group(stack: Stack, replica: int) -> None:
    expect(stack).to_have_resource_with_properties(
        INSTANCE,
        {
            "vault_id": reference(stack, VAULT, "id"),
            "backup_policy_id": reference(stack, POLICY, "id"),
            "location": "swedencentral",
            "disk_id": reference(stack, DISK, "id", name=f"disk-prometheus-{replica}-trial-alpha"),
            "snapshot_resource_group_name": GROUP,
        },
        name=f"prometheus-{replica}",
    )
    assert len(by_name(stack, INSTANCE)) == len(by_name(stack, DISK)) == 2


def test_snapshots_are_daily_and_kept_as_long_as_the_region_says(stack: Stack) -> None:
    expect(stack).to_have_resource_with_properties(
        POLICY,
        {
            "name": "bkpol-prometheus-disks",
            "vault_id": reference(stack, VAULT, "id"),
            "default_retention_duration": "P7D",
            "backup_repeating_time_intervals": ["R/2026-01-01T02:00:00+00:00/P1D"],
        },
    )


def test_snapshots_stay_in_the_region_and_their_vault_cannot_be_destroyed(stack: Stack) -> None:
    expect(stack).to_have_resource_with_properties(
        VAULT,
        {
            "name": "bvault-monitoring-trial-alpha",
            "resource_group_name": GROUP,
            "location": "swedencentral",
            "datastore_type": "OperationalStore",
            "redundancy": "LocallyRedundant",
            "identity": {"type": "SystemAssigned"},
            "tags": TAGS,
            "lifecycle": {"prevent_destroy": True},
        },
    )


@pytest.mark.parametrize("replica", [0, 1])
def test_backup_instance_depends_on_both_role_assignments(stack: Stack, replica: int) -> None:
    assignments = addresses(stack, ASSIGNMENT)
    rights = [f"disk-snapshots_read-disk-{replica}", "disk-snapshots_write-snapshots"]
    expect(stack).to_have_resource_with_properties(
        INSTANCE, {"depends_on": [assignments[right] for right in rights]}, name=f"prometheus-{replica}"
    )


def test_the_vault_reads_these_disks_and_writes_snapshots_into_the_group_and_nothing_else(stack: Stack) -> None:
    principal = reference(stack, VAULT, "identity[0].principal_id")
    disks = [reference(stack, DISK, "id", name=f"disk-prometheus-{replica}-trial-alpha") for replica in (0, 1)]
    wanted = {
        "disk-snapshots_read-disk-0": (disks[0], "Disk Backup Reader"),
        "disk-snapshots_read-disk-1": (disks[1], "Disk Backup Reader"),
        "disk-snapshots_write-snapshots": (GROUP_ID, "Disk Snapshot Contributor"),
    }
    for name, (scope, role) in wanted.items():
        expect(stack).to_have_resource_with_properties(
            ASSIGNMENT,
            {
                "scope": scope,
                "role_definition_name": role,
                "principal_id": principal,
                "principal_type": "ServicePrincipal",
            },
            name=name,
        )
    assert {name for name, body in by_name(stack, ASSIGNMENT).items() if body["principal_id"] == principal} == set(
        wanted
    )


def test_enabling_snapshots_keeps_the_disks_terraform_addresses(stack: Stack) -> None:
    assert addresses(stack, DISK) == addresses(region_stack(ZONES), DISK)
