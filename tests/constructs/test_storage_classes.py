"""The two ways to a volume."""

from __future__ import annotations

from tests.constructs.expectations import expect
from tests.constructs.synthesized import ZONES, by_name, region_stack

KIND = "kubernetes_storage_class_v1"
OUTLIVES_AND_GROWS = {"reclaim_policy": "Retain", "allow_volume_expansion": True}


def test_static_storage_class_provisions_no_empty_disk() -> None:
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        KIND,
        {
            "storage_provisioner": "kubernetes.io/no-provisioner",
            "volume_binding_mode": "WaitForFirstConsumer",
            **OUTLIVES_AND_GROWS,
        },
        name="oversight-static",
    )


def test_dynamic_disk_waits_for_first_consumer_and_denies_export() -> None:
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        KIND,
        {
            "storage_provisioner": "disk.csi.azure.com",
            "parameters": {"skuName": "Premium_LRS", "networkAccessPolicy": "DenyAll"},
            "volume_binding_mode": "WaitForFirstConsumer",
            **OUTLIVES_AND_GROWS,
        },
        name="oversight-retain",
    )


def test_region_has_exactly_two_storage_classes() -> None:
    assert by_name(region_stack(ZONES), KIND).keys() == {"oversight-static", "oversight-retain"}
