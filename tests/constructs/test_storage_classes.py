"""The two ways to a volume."""

from __future__ import annotations

from tests.constructs.expectations import expect
from tests.constructs.synthesized import ZONES, by_name, region_stack

KIND = "kubernetes_storage_class_v1"
OUTLIVES_AND_GROWS = {"reclaim_policy": "Retain", "allow_volume_expansion": True}


def test_a_claim_that_misses_its_disk_gets_no_empty_one() -> None:
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        KIND,
        {
            "storage_provisioner": "kubernetes.io/no-provisioner",
            "volume_binding_mode": "WaitForFirstConsumer",
            **OUTLIVES_AND_GROWS,
        },
        name="oversight-static",
    )


def test_a_dynamic_disk_is_made_where_its_pod_goes_and_cannot_be_exported() -> None:
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


def test_there_is_no_third_way() -> None:
    assert by_name(region_stack(ZONES), KIND).keys() == {"oversight-static", "oversight-retain"}
