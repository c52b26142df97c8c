"""The two ways to a volume."""

from __future__ import annotations

import pytest

from monitoring.blueprint.components.workloads import DYNAMIC_STORAGE_CLASS, STATIC_STORAGE_CLASS
from tests.constructs.synthesized import ZONES, Resource, by_name, region_stack

CLASSES = [STATIC_STORAGE_CLASS, DYNAMIC_STORAGE_CLASS]


def storage_class(name: str) -> Resource:
    return by_name(region_stack(ZONES), "kubernetes_storage_class_v1")[name]


def test_a_claim_that_misses_its_disk_gets_no_empty_one() -> None:
    assert storage_class(STATIC_STORAGE_CLASS)["storage_provisioner"] == "kubernetes.io/no-provisioner"


@pytest.mark.parametrize("name", CLASSES)
def test_volumes_can_grow(name: str) -> None:
    assert storage_class(name)["allow_volume_expansion"] is True


@pytest.mark.parametrize("name", CLASSES)
def test_a_disk_outlives_its_claim(name: str) -> None:
    assert storage_class(name)["reclaim_policy"] == "Retain"


def test_a_dynamic_disk_is_made_where_its_pod_goes() -> None:
    dynamic = storage_class(DYNAMIC_STORAGE_CLASS)
    assert dynamic["storage_provisioner"] == "disk.csi.azure.com"
    assert dynamic["volume_binding_mode"] == "WaitForFirstConsumer"


def test_no_dynamic_disk_can_be_exported() -> None:
    assert storage_class(DYNAMIC_STORAGE_CLASS)["parameters"]["networkAccessPolicy"] == "DenyAll"
