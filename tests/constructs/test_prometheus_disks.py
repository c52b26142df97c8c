"""A disk, a volume and a claim per replica: what must not get lost, and must not get an empty twin."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.blueprint.components.workloads import STATIC_STORAGE_CLASS, prometheus_claim
from monitoring.fleet.model import Region
from tests.constructs.synthesized import (
    NO_ZONES,
    TWO_ZONES,
    ZONES,
    Resource,
    Stack,
    addresses,
    by_name,
    fleet,
    region_stack,
    synthesize,
    waits_for,
)

DISK = "azurerm_managed_disk"
VOLUME = "kubernetes_persistent_volume_v1"
CLAIM = "kubernetes_persistent_volume_claim_v1"
REPLICAS = 2


def spec(volume: Resource) -> dict[str, Any]:
    (found,) = volume["spec"]
    result: dict[str, Any] = found
    return result


def with_prometheus(region: Region, **changes: object) -> Stack:
    return synthesize(region.model_copy(update={"prometheus": region.prometheus.model_copy(update=changes)}))


@pytest.fixture(params=[ZONES, NO_ZONES])
def stack(request: pytest.FixtureRequest) -> Stack:
    return region_stack(request.param)


@pytest.mark.parametrize("kind", [DISK, VOLUME, CLAIM])
def test_every_replica_has_its_own_and_terraform_will_not_destroy_it(stack: Stack, kind: str) -> None:
    found = by_name(stack, kind)
    assert len(found) == REPLICAS
    assert all(body["lifecycle"]["prevent_destroy"] is True for body in found.values())


def test_the_claim_has_the_name_that_the_statefulset_looks_for(stack: Stack) -> None:
    assert list(by_name(stack, CLAIM)) == [prometheus_claim(replica) for replica in range(REPLICAS)]


def test_disk_volume_and_claim_name_one_another(stack: Stack) -> None:
    disks = list(addresses(stack, DISK).values())
    for replica, (name, volume) in enumerate(by_name(stack, VOLUME).items()):
        assert spec(volume)["persistent_volume_source"]["csi"] == {
            "driver": "disk.csi.azure.com",
            "volume_handle": f"${{{disks[replica]}.id}}",
            "fs_type": "ext4",
        }
        claim = prometheus_claim(replica)
        assert spec(volume)["claim_ref"] == {"name": claim, "namespace": "monitoring"}
        assert by_name(stack, CLAIM)[claim]["spec"]["volume_name"] == name


def test_a_claim_that_misses_its_volume_stays_pending(stack: Stack) -> None:
    classes = {spec(volume)["storage_class_name"] for volume in by_name(stack, VOLUME).values()}
    classes |= {claim["spec"]["storage_class_name"] for claim in by_name(stack, CLAIM).values()}
    assert classes == {STATIC_STORAGE_CLASS}


def test_the_disk_outlives_the_volume(stack: Stack) -> None:
    for volume in by_name(stack, VOLUME).values():
        assert spec(volume)["persistent_volume_reclaim_policy"] == "Retain"


def test_replicas_spread_over_the_zones() -> None:
    assert [disk["zone"] for disk in by_name(region_stack(ZONES), DISK).values()] == ["1", "2"]


def test_more_replicas_than_zones_go_round() -> None:
    stack = with_prometheus(fleet().region(TWO_ZONES), replicas=3)
    assert [disk["zone"] for disk in by_name(stack, DISK).values()] == ["1", "2", "1"]


def test_a_zonal_volume_is_used_in_its_zone_alone() -> None:
    affinities = [
        spec(volume)["node_affinity"]["required"]["node_selector_term"]
        for volume in by_name(region_stack(ZONES), VOLUME).values()
    ]
    assert affinities == [
        [
            {
                "match_expressions": [
                    {
                        "key": "topology.disk.csi.azure.com/zone",
                        "operator": "In",
                        "values": [f"swedencentral-{zone}"],
                    }
                ]
            }
        ]
        for zone in ("1", "2")
    ]


def test_a_zone_redundant_disk_is_bound_to_no_zone() -> None:
    stack = with_prometheus(fleet().region(ZONES), disk_type="Premium_ZRS")
    assert all("zone" not in disk for disk in by_name(stack, DISK).values())
    assert all("node_affinity" not in spec(volume) for volume in by_name(stack, VOLUME).values())


def test_a_region_without_zones_binds_disks_to_none() -> None:
    stack = region_stack(NO_ZONES)
    assert all("zone" not in disk for disk in by_name(stack, DISK).values())
    assert all("node_affinity" not in spec(volume) for volume in by_name(stack, VOLUME).values())


def test_growing_is_the_claims_request_alone() -> None:
    """The azurerm provider cannot resize an attached disk, and would patch a grown volume's capacity back."""
    stack = region_stack(ZONES)
    assert all(disk["lifecycle"]["ignore_changes"] == ["disk_size_gb"] for disk in by_name(stack, DISK).values())
    assert all(
        volume["lifecycle"]["ignore_changes"] == ["spec[0].capacity"] for volume in by_name(stack, VOLUME).values()
    )
    for claim in by_name(stack, CLAIM).values():
        assert "ignore_changes" not in claim["lifecycle"]
        assert claim["spec"]["resources"]["requests"] == {"storage": "32Gi"}


def test_no_disk_can_be_exported_or_reached_from_outside() -> None:
    for disk in by_name(region_stack(ZONES), DISK).values():
        assert disk["network_access_policy"] == "DenyAll"
        assert disk["public_network_access_enabled"] is False


def test_destroy_runs_release_claim_volume_disk() -> None:
    """Terraform destroys what depends first; a claim left behind would hold its volume for ever."""
    stack = region_stack(ZONES)
    claims, volumes = addresses(stack, CLAIM), addresses(stack, VOLUME)
    for release in by_name(stack, "helm_release").values():
        assert set(claims.values()) <= waits_for(stack, release)
    for claim in by_name(stack, CLAIM).values():
        assert volumes[claim["spec"]["volume_name"]] in claim["depends_on"]


def test_the_claim_waits_for_its_namespace_and_the_volume_for_its_class() -> None:
    stack = region_stack(ZONES)
    namespace = addresses(stack, "kubernetes_namespace_v1")["monitoring"]
    storage_class = addresses(stack, "kubernetes_storage_class_v1")[STATIC_STORAGE_CLASS]
    assert all(namespace in claim["depends_on"] for claim in by_name(stack, CLAIM).values())
    assert all(storage_class in volume["depends_on"] for volume in by_name(stack, VOLUME).values())


def test_apply_does_not_wait_for_a_claim_that_waits_for_its_pod() -> None:
    assert all(claim["wait_until_bound"] is False for claim in by_name(region_stack(ZONES), CLAIM).values())
