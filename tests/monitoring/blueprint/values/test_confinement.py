"""What the record says of rights: pods of charts and of the operator in the same words, accounts and roles."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.blueprint.values.confinement import access, confinement

DROPPED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


@pytest.mark.parametrize(
    ("kind", "said", "mounted"),
    [
        ("Prometheus", {}, True),
        ("Prometheus", {"automountServiceAccountToken": False}, False),
        ("Alertmanager", {}, None),
        ("Alertmanager", {"automountServiceAccountToken": False}, False),
        ("Deployment", {}, None),
    ],
)
def test_the_operator_mounts_prometheus_token_unless_told_not_to(
    kind: str, said: dict[str, Any], mounted: bool | None
) -> None:
    assert confinement(kind, said).get("automountServiceAccountToken") is mounted


def test_pods_of_the_operator_have_its_containers_with_its_security_context() -> None:
    pod = confinement("Alertmanager", {})
    assert pod["initContainers"] == [{"name": "init-config-reloader", "securityContext": DROPPED}]
    assert pod["containers"] == [
        {"name": "alertmanager", "securityContext": DROPPED},
        {"name": "config-reloader", "securityContext": DROPPED},
    ]


def test_what_a_resource_says_of_the_operators_container_is_merged_over_it() -> None:
    said = {"name": "prometheus", "image": "x:1", "args": ["--a"], "securityContext": {"privileged": True}}
    pod = confinement("Prometheus", {"containers": [said, {"name": "more", "image": "y:1"}]})
    assert pod["containers"] == [
        {"name": "prometheus", "image": "x:1", "securityContext": {**DROPPED, "privileged": True}},
        {"name": "config-reloader", "securityContext": DROPPED},
        {"name": "more", "image": "y:1", "securityContext": {}},
    ]


def test_a_pod_keeps_what_confines_it_and_nothing_else() -> None:
    token = {"sources": [{"serviceAccountToken": {"path": "token"}}]}
    term = {"topologyKey": "kubernetes.io/hostname"}
    constraint = {"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1}
    spec = {
        "hostPID": True,
        "securityContext": {"runAsUser": 1},
        "nodeSelector": {"a": "b"},
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [term],
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}],
            }
        },
        "topologySpreadConstraints": [constraint],
        "volumes": [{"name": "a", "hostPath": {"path": "/"}}, {"name": "b", "projected": token}],
        "containers": [],
    }
    assert confinement("DaemonSet", spec) == {
        "hostPID": True,
        "securityContext": {"runAsUser": 1},
        "spread": [term, constraint],
        "volumes": [{"name": "a", "hostPath": {}}, {"name": "b", "projected": token}],
        "initContainers": [],
        "containers": [],
    }


def test_access_is_accounts_roles_and_bindings() -> None:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    manifests: list[dict[str, Any]] = [
        {"kind": "Service", "metadata": {"name": "s", "namespace": "n"}},
        {
            "kind": "ServiceAccount",
            "metadata": {"name": "a", "namespace": "n"},
            "automountServiceAccountToken": False,
            "secrets": [],
        },
        {"kind": "ClusterRole", "metadata": {"name": "r", "namespace": "n"}, "rules": rules},
    ]
    assert access(manifests) == [
        {"kind": "ClusterRole", "name": "r", "namespace": "", "rules": rules},
        {"kind": "ServiceAccount", "name": "a", "namespace": "n", "automountServiceAccountToken": False},
    ]
