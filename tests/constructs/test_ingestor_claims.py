"""The claims that hold each ingestor in the zone that the ring says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import (
    NO_ZONES,
    TWO_ZONES,
    ZONES,
    Stack,
    addresses,
    by_name,
    fleet,
    region_stack,
    synthesize,
)
from tests.laws.stack_laws import waits_for

CLAIM = "kubernetes_persistent_volume_claim_v1"
CLASS = "kubernetes_storage_class_v1"


def claims(stack: Stack) -> dict[str, Any]:
    """Of ingestors, by name."""
    return {name: body for name, body in by_name(stack, CLAIM).items() if name.startswith("data-thanos-")}


def classes(stack: Stack) -> list[str]:
    return [body["spec"]["storage_class_name"] for body in claims(stack).values()]


def with_ingestors(count: int) -> Stack:
    region = fleet().region(ZONES)
    receive = region.thanos.receive.model_copy(update={"replicas": count})
    return synthesize(region.model_copy(update={"thanos": region.thanos.model_copy(update={"receive": receive})}))


@pytest.mark.parametrize(("ordinal", "zone"), [(0, "1"), (1, "2"), (2, "3")])
def test_an_ingestors_claim_has_the_statefulsets_name_and_the_class_of_its_zone(ordinal: int, zone: str) -> None:
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        CLAIM,
        {
            "metadata": {
                "name": f"data-thanos-receive-ingestor-{ordinal}",
                "namespace": "monitoring",
                "labels": {
                    "app.kubernetes.io/name": "thanos",
                    "app.kubernetes.io/instance": "thanos",
                    "app.kubernetes.io/component": "receive-ingestor",
                },
            },
            "spec": {
                "access_modes": ["ReadWriteOnce"],
                "storage_class_name": f"oversight-retain-zone-{zone}",
                "resources": {"requests": {"storage": "20Gi"}},
            },
            "wait_until_bound": False,
            "lifecycle": {
                "prevent_destroy": True,
                "ignore_changes": ["spec[0].volume_name", "spec[0].storage_class_name"],
            },
        },
        name=f"data-thanos-receive-ingestor-{ordinal}",
    )


def test_the_map_stays_whatever_the_number() -> None:
    six = [f"oversight-retain-zone-{zone}" for zone in ("1", "2", "3", "1", "2", "3")]
    assert classes(with_ingestors(6)) == six
    assert classes(with_ingestors(3)) == six[:3]


def test_two_zones_take_turns() -> None:
    assert classes(region_stack(TWO_ZONES)) == [f"oversight-retain-zone-{zone}" for zone in ("1", "2", "1")]


def test_a_region_without_zones_leaves_claims_to_the_statefulset() -> None:
    assert claims(region_stack(NO_ZONES)) == {}


def test_claims_wait_for_their_classes_and_releases_for_the_claims() -> None:
    """A claim that comes after its pod would find another of its name, somewhere."""
    stack = region_stack(ZONES)
    name = "data-thanos-receive-ingestor-2"
    assert addresses(stack, CLASS)["oversight-retain-zone-3"] in waits_for(stack, claims(stack)[name])
    for release in by_name(stack, "helm_release").values():
        assert addresses(stack, CLAIM)[name] in waits_for(stack, release)
