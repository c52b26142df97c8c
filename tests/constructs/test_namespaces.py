"""Where pods run, and how important they are."""

from __future__ import annotations

import pytest

from tests.constructs.synthesized import ZONES, by_name, only, region_stack

KIND = "kubernetes_namespace_v1"


@pytest.mark.parametrize(("name", "level"), [("monitoring", "restricted"), ("monitoring-node", "privileged")])
def test_pod_security_is_enforced_and_told(name: str, level: str) -> None:
    assert by_name(region_stack(ZONES), KIND)[name]["metadata"]["labels"] == {
        "pod-security.kubernetes.io/enforce": level,
        "pod-security.kubernetes.io/audit": level,
        "pod-security.kubernetes.io/warn": level,
    }


def test_a_namespace_cannot_take_its_claims_along() -> None:
    namespaces = by_name(region_stack(ZONES), KIND)
    assert len(namespaces) == 2
    assert all(namespace["lifecycle"] == {"prevent_destroy": True} for namespace in namespaces.values())


def test_no_quota_blocks_surges_and_emergency_growth() -> None:
    kinds = region_stack(ZONES)["resource"].keys()
    assert not [kind for kind in kinds if "quota" in kind or "limit_range" in kind]


def test_monitoring_outranks_what_it_watches_and_not_the_system() -> None:
    priority = only(region_stack(ZONES), "kubernetes_priority_class_v1")
    assert 0 < priority["value"] < 2_000_000_000
    assert not priority.get("global_default")
