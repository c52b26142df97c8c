"""A managed disk per Prometheus replica, with its PersistentVolume and claim."""

from __future__ import annotations

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_azurerm.managed_disk import ManagedDisk
from cdktf_cdktf_provider_kubernetes.persistent_volume_claim_v1 import (
    PersistentVolumeClaimV1,
    PersistentVolumeClaimV1Metadata,
    PersistentVolumeClaimV1Spec,
    PersistentVolumeClaimV1SpecResources,
)
from cdktf_cdktf_provider_kubernetes.persistent_volume_v1 import (
    PersistentVolumeV1,
    PersistentVolumeV1Metadata,
    PersistentVolumeV1Spec,
    PersistentVolumeV1SpecClaimRef,
    PersistentVolumeV1SpecNodeAffinity,
    PersistentVolumeV1SpecNodeAffinityRequired,
    PersistentVolumeV1SpecNodeAffinityRequiredNodeSelectorTerm,
    PersistentVolumeV1SpecNodeAffinityRequiredNodeSelectorTermMatchExpressions,
    PersistentVolumeV1SpecPersistentVolumeSource,
    PersistentVolumeV1SpecPersistentVolumeSourceCsi,
)

from constructs import Construct
from constructs.cluster import Cluster
from constructs.group import Group
from constructs.namespaces import Namespaces
from constructs.storage_classes import ZONE_LABEL, StorageClasses
from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.components.names import disk_name
from monitoring.blueprint.components.workloads import PROMETHEUS, STATIC_STORAGE_CLASS, prometheus_claim
from monitoring.fleet.model import Region

MODES = ["ReadWriteOnce"]


class PrometheusDisks(Construct):
    """Disk, volume and claim of each replica, all Terraform's, so that a rebuilt cluster finds its samples again.

    Growing is the claim's `requests` alone: azurerm cannot resize a disk that is attached, and the volume's
    capacity follows the claim. Destroy runs claim, volume, disk; releases depend on `claims`, and go before.
    What a disk is made of counts when it is made alone: azurerm would replace one that exists, samples and all.
    `disks` are references to the disks' ids.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        region: Region,
        group: Group,
        cluster: Cluster,
        namespaces: Namespaces,
        classes: StorageClasses,
    ) -> None:
        super().__init__(scope, name)
        self.claims: list[PersistentVolumeClaimV1] = []
        self.disks: list[ManagedDisk] = []
        for replica in range(region.prometheus.replicas):
            zone = region.zones[replica % len(region.zones)] if _is_zonal(region) else None
            disk = self._disk(replica, zone, region=region, group=group)
            volume = self._volume(replica, zone, disk, region=region, after=[cluster.disk_access, classes.static])
            self.disks.append(disk)
            self.claims.append(self._claim(replica, volume, region=region, after=[namespaces.monitoring]))

    def _disk(self, replica: int, zone: str | None, *, region: Region, group: Group) -> ManagedDisk:
        snapshot = region.prometheus.restore_from.get(str(replica))
        return ManagedDisk(
            self,
            f"disk-{replica}",
            name=disk_name(region, replica),
            resource_group_name=group.name,
            location=region.location,
            zone=zone,
            storage_account_type=region.prometheus.disk_type,
            create_option="Copy" if snapshot else "Empty",
            source_resource_id=snapshot,
            disk_size_gb=region.prometheus.volume_size.gib,
            network_access_policy="DenyAll",
            public_network_access_enabled=False,
            tags=dict(region.tags),
            lifecycle=TerraformResourceLifecycle(
                prevent_destroy=True, ignore_changes=["disk_size_gb", "create_option", "source_resource_id"]
            ),
        )

    def _volume(
        self,
        replica: int,
        zone: str | None,
        disk: ManagedDisk,
        *,
        region: Region,
        after: list[ITerraformDependable],
    ) -> PersistentVolumeV1:
        claim = prometheus_claim(replica)
        return PersistentVolumeV1(
            self,
            f"volume-{replica}",
            metadata=PersistentVolumeV1Metadata(name=f"{PROMETHEUS.name}-{replica}", labels=dict(PROMETHEUS.labels)),
            spec=[
                PersistentVolumeV1Spec(
                    access_modes=MODES,
                    capacity={"storage": region.prometheus.volume_size.kubernetes},
                    storage_class_name=STATIC_STORAGE_CLASS,
                    persistent_volume_reclaim_policy="Retain",
                    claim_ref=PersistentVolumeV1SpecClaimRef(name=claim, namespace=NAMESPACE),
                    node_affinity=_affinity(region, zone) if zone else None,
                    persistent_volume_source=PersistentVolumeV1SpecPersistentVolumeSource(
                        csi=PersistentVolumeV1SpecPersistentVolumeSourceCsi(
                            driver="disk.csi.azure.com", volume_handle=disk.id, fs_type="ext4"
                        )
                    ),
                )
            ],
            depends_on=after,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True, ignore_changes=["spec[0].capacity"]),
        )

    def _claim(
        self, replica: int, volume: PersistentVolumeV1, *, region: Region, after: list[ITerraformDependable]
    ) -> PersistentVolumeClaimV1:
        return PersistentVolumeClaimV1(
            self,
            f"claim-{replica}",
            metadata=PersistentVolumeClaimV1Metadata(name=prometheus_claim(replica), namespace=NAMESPACE),
            spec=PersistentVolumeClaimV1Spec(
                access_modes=MODES,
                storage_class_name=STATIC_STORAGE_CLASS,
                volume_name=f"{PROMETHEUS.name}-{replica}",
                resources=PersistentVolumeClaimV1SpecResources(
                    requests={"storage": region.prometheus.volume_size.kubernetes}
                ),
            ),
            wait_until_bound=False,  # WaitForFirstConsumer: a claim may bind only when the pod comes
            depends_on=[volume, *after],
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )


def _is_zonal(region: Region) -> bool:
    """A locally redundant disk lives in one zone; a zone-redundant one in all."""
    return bool(region.zones) and region.prometheus.disk_type.endswith("LRS")


def _affinity(region: Region, zone: str) -> PersistentVolumeV1SpecNodeAffinity:
    return PersistentVolumeV1SpecNodeAffinity(
        required=PersistentVolumeV1SpecNodeAffinityRequired(
            node_selector_term=[
                PersistentVolumeV1SpecNodeAffinityRequiredNodeSelectorTerm(
                    match_expressions=[
                        PersistentVolumeV1SpecNodeAffinityRequiredNodeSelectorTermMatchExpressions(
                            key=ZONE_LABEL, operator="In", values=[f"{region.location}-{zone}"]
                        )
                    ]
                )
            ]
        )
    )
