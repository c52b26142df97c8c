"""Where pods run, and how important they are."""

from __future__ import annotations

import pytest

from tests.constructs.expectations import expect
from tests.constructs.synthesized import ZONES, by_name, only, region_stack

KIND = "kubernetes_namespace_v1"


@pytest.mark.parametrize(("name", "level"), [("monitoring", "restricted"), ("monitoring-node", "privileged")])
def test_namespaces_enforce_pod_security_and_have_prevent_destroy(name: str, level: str) -> None:
    labels = {
        "pod-security.kubernetes.io/enforce": level,
        "pod-security.kubernetes.io/audit": level,
        "pod-security.kubernetes.io/warn": level,
    }
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        KIND, {"metadata": {"name": name, "labels": labels}, "lifecycle": {"prevent_destroy": True}}, name=name
    )


def test_region_has_exactly_two_namespaces() -> None:
    assert by_name(region_stack(ZONES), KIND).keys() == {"monitoring", "monitoring-node"}


def test_namespaces_have_no_resource_quota() -> None:
    kinds = region_stack(ZONES)["resource"].keys()
    assert not [kind for kind in kinds if "quota" in kind or "limit_range" in kind]


def test_priority_class_is_above_applications_and_below_system() -> None:
    """An ordinary workload has 0, the system's own classes 2,000,000,000."""
    expect(region_stack(ZONES)).to_have_resource_with_properties(
        "kubernetes_priority_class_v1",
        {
            "metadata": {"name": "monitoring-critical"},
            "value": 1_000_000,
            "description": "Monitoring must see an outage, so it is evicted after what it watches.",
        },
    )
    assert "global_default" not in only(region_stack(ZONES), "kubernetes_priority_class_v1")
