"""A disk, a volume and a claim per replica: what must not get lost, and must not get an empty twin."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.fleet.model import Region
from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    GROUP,
    NO_ZONES,
    TAGS,
    TWO_ZONES,
    ZONES,
    Stack,
    addresses,
    by_name,
    fleet,
    reference,
    region_stack,
    synthesize,
)
from tests.laws.stack_laws import waits_for

DISK = "azurerm_managed_disk"
VOLUME = "kubernetes_persistent_volume_v1"
CLAIM = "kubernetes_persistent_volume_claim_v1"
of_each_replica = pytest.mark.parametrize("replica", [0, 1])
of_both = pytest.mark.parametrize("region", [ZONES, NO_ZONES])
LOCATION = {ZONES: "swedencentral", NO_ZONES: "ukwest"}


def disk_name(region: str, replica: int) -> str:
    return f"disk-prometheus-{replica}-{region}"


def volume_name(replica: int) -> str:
    return f"prometheus-{replica}"


def claim_name(replica: int) -> str:
    """The name that the StatefulSet of the operator looks for."""
    return f"prometheus-prometheus-db-prometheus-prometheus-{replica}"


def volume_spec(region: str, replica: int, *, zone: str | None) -> dict[str, Any]:
    """All of it: the disk outlives the volume (Retain), and a zonal volume is used in its zone alone."""
    affinity = {
        "key": "topology.disk.csi.azure.com/zone",
        "operator": "In",
        "values": [f"{LOCATION[region]}-{zone}"],
    }
    disk = reference(region_stack(region), DISK, "id", name=disk_name(region, replica))
    spec: dict[str, Any] = {
        "access_modes": ["ReadWriteOnce"],
        "capacity": {"storage": "32Gi"},
        "storage_class_name": "oversight-static",
        "persistent_volume_reclaim_policy": "Retain",
        "claim_ref": {"name": claim_name(replica), "namespace": "monitoring"},
        "persistent_volume_source": {
            "csi": {"driver": "disk.csi.azure.com", "volume_handle": disk, "fs_type": "ext4"},
        },
    }
    if zone:
        spec["node_affinity"] = {"required": {"node_selector_term": [{"match_expressions": [affinity]}]}}
    return spec


def with_prometheus(region: Region, **changes: object) -> Stack:
    return synthesize(region.model_copy(update={"prometheus": region.prometheus.model_copy(update=changes)}))


@of_both
@pytest.mark.parametrize("kind", [DISK, VOLUME, CLAIM])
def test_each_replica_has_its_own_disk(region: str, kind: str) -> None:
    wanted = {
        DISK: [disk_name(region, 0), disk_name(region, 1)],
        VOLUME: [volume_name(0), volume_name(1)],
        CLAIM: [claim_name(0), claim_name(1)],
    }
    ours = [name for name in by_name(region_stack(region), kind) if not name.startswith("data-thanos-")]
    assert ours == wanted[kind]


@of_both
@of_each_replica
def test_disk_has_the_regions_size_and_sku(region: str, replica: int) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(
        DISK,
        {
            "resource_group_name": GROUP,
            "location": LOCATION[region],
            "storage_account_type": "Premium_LRS",
            "create_option": "Empty",
            "disk_size_gb": 32,
            "tags": TAGS,
        },
        name=disk_name(region, replica),
    )


@of_both
@of_each_replica
def test_no_disk_can_be_exported_or_reached_from_outside(region: str, replica: int) -> None:
    expect(region_stack(region)).to_have_resource_with_properties(
        DISK,
        {"network_access_policy": "DenyAll", "public_network_access_enabled": False},
        name=disk_name(region, replica),
    )


@of_both
@of_each_replica
def test_disks_have_prevent_destroy_and_grow_only_by_the_claim(region: str, replica: int) -> None:
    """The azurerm provider cannot resize an attached disk, and would patch a grown volume's capacity back."""
    stack = region_stack(region)
    of_disk = {"prevent_destroy": True, "ignore_changes": ["disk_size_gb", "create_option", "source_resource_id"]}
    of_volume = {"prevent_destroy": True, "ignore_changes": ["spec[0].capacity"]}
    of_claim = {"prevent_destroy": True}
    expect(stack).to_have_resource_with_properties(DISK, {"lifecycle": of_disk}, name=disk_name(region, replica))
    expect(stack).to_have_resource_with_properties(VOLUME, {"lifecycle": of_volume}, name=volume_name(replica))
    expect(stack).to_have_resource_with_properties(CLAIM, {"lifecycle": of_claim}, name=claim_name(replica))


@of_each_replica
def test_replicas_spread_over_the_zones_and_a_volume_is_used_in_its_zone_alone(replica: int) -> None:
    stack, zone = region_stack(ZONES), str(replica + 1)
    expect(stack).to_have_resource_with_properties(DISK, {"zone": zone}, name=disk_name(ZONES, replica))
    expect(stack).to_have_resource_with_properties(
        VOLUME,
        {
            "metadata": {
                "name": volume_name(replica),
                "labels": {"app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": "prometheus"},
            },
            "spec": [volume_spec(ZONES, replica, zone=zone)],
        },
        name=volume_name(replica),
    )


@of_each_replica
def test_a_region_without_zones_binds_disks_to_none(replica: int) -> None:
    stack = region_stack(NO_ZONES)
    assert "zone" not in by_name(stack, DISK)[disk_name(NO_ZONES, replica)]
    expect(stack).to_have_resource_with_properties(
        VOLUME, {"spec": [volume_spec(NO_ZONES, replica, zone=None)]}, name=volume_name(replica)
    )


def test_replicas_beyond_the_zones_reuse_zones_in_order() -> None:
    stack = with_prometheus(fleet().region(TWO_ZONES), replicas=3)
    for replica, zone in enumerate(["1", "2", "1"]):
        expect(stack).to_have_resource_with_properties(DISK, {"zone": zone}, name=disk_name(TWO_ZONES, replica))


def test_a_disk_is_made_of_the_snapshot_that_the_region_names_and_the_others_stay_empty() -> None:
    snapshot = f"/subscriptions/{36 * '0'}/resourceGroups/rg-trial/providers/Microsoft.Compute/snapshots/night"
    stack = with_prometheus(fleet().region(ZONES), restore_from={"1": snapshot})
    expect(stack).to_have_resource_with_properties(
        DISK, {"create_option": "Copy", "source_resource_id": snapshot, "zone": "2"}, name=disk_name(ZONES, 1)
    )
    expect(stack).to_have_resource_with_properties(DISK, {"create_option": "Empty"}, name=disk_name(ZONES, 0))
    assert "source_resource_id" not in by_name(stack, DISK)[disk_name(ZONES, 0)]


def test_a_disk_keeps_its_address_and_its_volume_whatever_it_is_made_of() -> None:
    """The volume names the disk by an id that follows from its name: claim and volume of a lost disk stay."""
    snapshot = f"/subscriptions/{36 * '0'}/resourceGroups/rg-trial/providers/Microsoft.Compute/snapshots/night"
    stack = with_prometheus(fleet().region(ZONES), restore_from={"0": snapshot})
    for kind in (VOLUME, CLAIM):
        assert by_name(stack, kind) == by_name(region_stack(ZONES), kind)
    assert addresses(stack, DISK) == addresses(region_stack(ZONES), DISK)


def test_a_zone_redundant_disk_is_bound_to_no_zone() -> None:
    stack = with_prometheus(fleet().region(ZONES), disk_type="Premium_ZRS")
    for replica in (0, 1):
        expect(stack).to_have_resource_with_properties(
            DISK, {"storage_account_type": "Premium_ZRS"}, name=disk_name(ZONES, replica)
        )
    assert all("zone" not in disk for disk in by_name(stack, DISK).values())
    assert all("node_affinity" not in volume["spec"][0] for volume in by_name(stack, VOLUME).values())


@of_each_replica
def test_a_claim_takes_its_volume_and_stays_pending_without_it(replica: int) -> None:
    """It binds only when the pod comes (WaitForFirstConsumer), so apply does not wait for it."""
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        CLAIM,
        {
            "metadata": {"name": claim_name(replica), "namespace": "monitoring"},
            "spec": {
                "access_modes": ["ReadWriteOnce"],
                "storage_class_name": "oversight-static",
                "volume_name": volume_name(replica),
                "resources": {"requests": {"storage": "32Gi"}},
            },
            "wait_until_bound": False,
        },
        name=claim_name(replica),
    )


@of_each_replica
def test_a_claim_comes_after_its_volume_and_namespace_and_the_volume_after_its_class_and_the_right_to_attach(
    replica: int,
) -> None:
    """Destroy runs the other way round: claim, volume, disk. A claim left behind would hold its volume for ever."""
    stack = region_stack(ZONES)
    volume = addresses(stack, VOLUME)[volume_name(replica)]
    namespace = addresses(stack, "kubernetes_namespace_v1")["monitoring"]
    right = addresses(stack, "azurerm_role_assignment")["cluster_attach-disks"]
    storage_class = addresses(stack, "kubernetes_storage_class_v1")["oversight-static"]
    expect(stack).to_have_resource_with_properties(CLAIM, {"depends_on": [volume, namespace]}, name=claim_name(replica))
    expect(stack).to_have_resource_with_properties(
        VOLUME, {"depends_on": [right, storage_class]}, name=volume_name(replica)
    )


def test_releases_come_after_every_claim() -> None:
    stack = region_stack(ZONES)
    claims = addresses(stack, CLAIM).values()
    for release in by_name(stack, "helm_release").values():
        assert set(claims) <= waits_for(stack, release)
