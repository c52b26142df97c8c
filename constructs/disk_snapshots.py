"""Daily snapshots of the Prometheus disks, where a region asks for them."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_azurerm.data_protection_backup_instance_disk import DataProtectionBackupInstanceDisk
from cdktf_cdktf_provider_azurerm.data_protection_backup_policy_disk import DataProtectionBackupPolicyDisk
from cdktf_cdktf_provider_azurerm.data_protection_backup_vault import (
    DataProtectionBackupVault,
    DataProtectionBackupVaultIdentity,
)
from cdktf_cdktf_provider_azurerm.role_assignment import RoleAssignment

from constructs import Construct
from constructs.group import Group
from constructs.prometheus_disks import PrometheusDisks
from monitoring.blueprint.components.names import azure_name
from monitoring.fleet.model import DiskSnapshots as Wanted
from monitoring.fleet.model import Region

DAILY = "R/2026-01-01T02:00:00+00:00/P1D"
"""Every day at 02:00 UTC, as an ISO 8601 repeating interval."""


class DiskSnapshots(Construct):
    """A backup vault that snapshots every Prometheus disk. Snapshots stay in the region."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        region: Region,
        wanted: Wanted,
        group: Group,
        disks: PrometheusDisks,
    ) -> None:
        super().__init__(scope, name)
        vault = DataProtectionBackupVault(
            self,
            "vault",
            name=azure_name("backup vault", "monitoring", region.name),
            resource_group_name=group.name,
            location=region.location,
            datastore_type="OperationalStore",
            redundancy="LocallyRedundant",
            identity=DataProtectionBackupVaultIdentity(type="SystemAssigned"),
            tags=dict(region.tags),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )
        policy = DataProtectionBackupPolicyDisk(
            self,
            "policy",
            name=azure_name("backup policy", "prometheus-disks"),
            vault_id=vault.id,
            backup_repeating_time_intervals=[DAILY],
            default_retention_duration=f"P{wanted.retention.days}D",
        )
        principal = vault.identity.principal_id
        snapshots = RoleAssignment(
            self,
            "write-snapshots",
            scope=group.id,
            role_definition_name="Disk Snapshot Contributor",
            principal_id=principal,
            principal_type="ServicePrincipal",
        )
        for replica, disk in enumerate(disks.disks):
            reader = RoleAssignment(
                self,
                f"read-disk-{replica}",
                scope=disk.id,
                role_definition_name="Disk Backup Reader",
                principal_id=principal,
                principal_type="ServicePrincipal",
            )
            DataProtectionBackupInstanceDisk(
                self,
                f"disk-{replica}",
                name=f"prometheus-{replica}",
                vault_id=vault.id,
                location=region.location,
                disk_id=disk.id,
                snapshot_resource_group_name=group.name,
                backup_policy_id=policy.id,
                depends_on=[reader, snapshots],
            )
