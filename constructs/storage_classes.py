"""The storage classes: static disks for Prometheus, dynamic disks for all others, of one zone for ingestors."""

from __future__ import annotations

from cdktf_cdktf_provider_kubernetes.storage_class_v1 import (
    StorageClassV1,
    StorageClassV1AllowedTopologies,
    StorageClassV1AllowedTopologiesMatchLabelExpressions,
    StorageClassV1Metadata,
)

from constructs import Construct
from monitoring.blueprint.components.workloads import DYNAMIC_STORAGE_CLASS, STATIC_STORAGE_CLASS, zone_storage_class
from monitoring.fleet.model import Region

ZONE_LABEL = "topology.disk.csi.azure.com/zone"
"""By which the Azure disk driver knows a zone, as `eastus-1`."""


class StorageClasses(Construct):
    """Static for disks that Terraform made, dynamic for others. All keep a disk whose claim goes; all can grow."""

    def __init__(self, scope: Construct, name: str, *, region: Region) -> None:
        super().__init__(scope, name)
        # No provisioner: a claim that misses its disk stays Pending, instead of getting an empty one in silence.
        # The operator refuses a Prometheus whose class does not exist, and without a class no claim can grow.
        self.static = StorageClassV1(
            self,
            "static",
            metadata=StorageClassV1Metadata(name=STATIC_STORAGE_CLASS),
            storage_provisioner="kubernetes.io/no-provisioner",
            reclaim_policy="Retain",
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
        )
        # Locally redundant: what uses it has its copies in other pods, or builds itself anew from Blob.
        # WaitForFirstConsumer: the disk is made in the zone that the scheduler chose for the pod.
        self.dynamic = self._dynamic("dynamic", class_name=DYNAMIC_STORAGE_CLASS)
        self.of_zones = [
            self._dynamic(f"zone-{zone}", class_name=zone_storage_class(zone), zone=f"{region.location}-{zone}")
            for zone in region.zones
        ]

    def _dynamic(self, construct: str, *, class_name: str, zone: str | None = None) -> StorageClassV1:
        """A class of which the driver makes disks: in `zone` alone, or where the pod is."""
        return StorageClassV1(
            self,
            construct,
            metadata=StorageClassV1Metadata(name=class_name),
            storage_provisioner="disk.csi.azure.com",
            parameters={"skuName": "Premium_LRS", "networkAccessPolicy": "DenyAll"},
            reclaim_policy="Retain",
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            allowed_topologies=_only(zone) if zone else None,
        )


def _only(zone: str) -> StorageClassV1AllowedTopologies:
    expression = StorageClassV1AllowedTopologiesMatchLabelExpressions(key=ZONE_LABEL, values=[zone])
    return StorageClassV1AllowedTopologies(match_label_expressions=[expression])
