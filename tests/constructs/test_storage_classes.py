"""The two ways to a volume."""

from __future__ import annotations

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import NO_ZONES, ZONES, by_name, region_stack

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


@pytest.mark.parametrize("zone", ["1", "2", "3"])
def test_disk_of_a_zone_is_made_in_that_zone_alone(zone: str) -> None:
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        KIND,
        {
            "storage_provisioner": "disk.csi.azure.com",
            "parameters": {"skuName": "Premium_LRS", "networkAccessPolicy": "DenyAll"},
            "volume_binding_mode": "WaitForFirstConsumer",
            "allowed_topologies": {
                "match_label_expressions": [
                    {"key": "topology.disk.csi.azure.com/zone", "values": [f"swedencentral-{zone}"]}
                ]
            },
            **OUTLIVES_AND_GROWS,
        },
        name=f"oversight-retain-zone-{zone}",
    )


def test_region_has_a_class_per_zone_besides_two() -> None:
    everywhere = {"oversight-static", "oversight-retain"}
    zones = {f"oversight-retain-zone-{zone}" for zone in ("1", "2", "3")}
    assert by_name(region_stack(ZONES), KIND).keys() == everywhere | zones
    assert by_name(region_stack(NO_ZONES), KIND).keys() == everywhere
