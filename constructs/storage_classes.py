"""The two storage classes: static disks for Prometheus, dynamic disks for all others."""

from __future__ import annotations

from cdktf_cdktf_provider_kubernetes.storage_class_v1 import StorageClassV1, StorageClassV1Metadata

from constructs import Construct
from monitoring.blueprint.components.workloads import DYNAMIC_STORAGE_CLASS, STATIC_STORAGE_CLASS


class StorageClasses(Construct):
    """Static for disks that Terraform made, dynamic for others. Both keep a disk whose claim goes; both can grow."""

    def __init__(self, scope: Construct, name: str) -> None:
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
        self.dynamic = StorageClassV1(
            self,
            "dynamic",
            metadata=StorageClassV1Metadata(name=DYNAMIC_STORAGE_CLASS),
            storage_provisioner="disk.csi.azure.com",
            parameters={"skuName": "Premium_LRS", "networkAccessPolicy": "DenyAll"},
            reclaim_policy="Retain",
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
        )
