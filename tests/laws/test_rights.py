"""Least rights in what is rendered, over the record of tests/golden/; each law also bites on a broken record."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from monitoring.blueprint.components.workloads import COMPONENTS, JOBS
from monitoring.blueprint.network.flow import ApiServer
from monitoring.blueprint.network.flows import flows
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import load_fleet
from tests.laws import rights
from tests.laws.rights import Account

RECORD: list[dict[str, Any]] = json.loads((ROOT / "tests" / "golden" / "workloads.json").read_text())
ACCESS: list[dict[str, Any]] = json.loads((ROOT / "tests" / "golden" / "access.json").read_text())

RECORDED_REGION = "prod-eastus"
"""The region of `make record`: it has every component."""

READERS_OF_SECRETS = {
    "ClusterRole/prometheus-operator": (
        "writes the configuration of Prometheus and Alertmanager into Secrets, and reads those that any team's "
        "monitor or AlertmanagerConfig names"
    ),
}

ALL_COMPONENTS = (*COMPONENTS, *JOBS)
TERRAFORMS: set[Account] = {(one.namespace, one.service_account) for one in ALL_COMPONENTS if one.grants}

Break = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def callers() -> set[Account]:
    """The accounts of what has a flow to the API server."""
    fleet = load_fleet(ROOT / "regions")
    region = fleet.region(RECORDED_REGION)
    rows = [row for row in flows(region, fleet.peers_of(region)) if isinstance(row.target, ApiServer)]
    return {(row.source.namespace, row.source.service_account) for row in rows if row.source in ALL_COMPONENTS}


def broken(record: list[dict[str, Any]], name: str, kind: str, change: Break) -> list[dict[str, Any]]:
    """The record, with one row changed."""
    wrong = copy.deepcopy(record)
    (row,) = [one for one in wrong if one["name"] == name and one["kind"] == kind]
    change(row)
    return wrong


def container(row: dict[str, Any], name: str) -> dict[str, Any]:
    """A container of a row's pod."""
    pod = row["pod"]
    found: dict[str, Any]
    (found,) = [one for one in (*pod["initContainers"], *pod["containers"]) if one["name"] == name]
    found.setdefault("securityContext", {})
    return found


def test_the_record_has_every_workload_those_of_the_operator_too() -> None:
    recorded = {rights.account(row) for row in rights.pods(RECORD)}
    assert recorded == {(one.namespace, one.service_account) for one in ALL_COMPONENTS}
    by_kind = {row["kind"]: row["pod"]["containers"] for row in rights.pods(RECORD)}
    assert [one["name"] for one in by_kind["Prometheus"]] == ["prometheus", "config-reloader", "kube-rbac-proxy"]
    assert [one["name"] for one in by_kind["Alertmanager"]] == ["alertmanager", "config-reloader"]


def test_a_pod_has_a_token_exactly_if_it_calls_the_api_server(callers: set[Account]) -> None:
    assert ("monitoring", "grafana") in callers
    assert list(rights.token_faults(RECORD, ACCESS, callers=callers, terraforms=TERRAFORMS)) == []


def _projected(row: dict[str, Any]) -> None:
    source = {"serviceAccountToken": {"path": "token"}}
    row["pod"]["volumes"].append({"name": "token", "projected": {"sources": [source]}})


@pytest.mark.parametrize(
    ("name", "kind", "change"),
    [
        ("oauth2-proxy", "Deployment", lambda row: row["pod"].update(automountServiceAccountToken=True)),
        ("prometheus", "Alertmanager", lambda row: row["pod"].update(automountServiceAccountToken=True)),
        ("thanos-compact", "StatefulSet", lambda row: row.update(service_account=None)),
        ("thanos-compact", "StatefulSet", _projected),
        ("grafana", "Deployment", lambda row: row["pod"].update(automountServiceAccountToken=False)),
    ],
    ids=["the pod's word", "the operator's pod", "the default account", "a volume", "a caller without"],
)
def test_wrong_service_account_token_mount_is_reported(
    callers: set[Account], name: str, kind: str, change: Break
) -> None:
    wrong = broken(RECORD, name, kind, change)
    (fault,) = rights.token_faults(wrong, ACCESS, callers=callers, terraforms=TERRAFORMS)
    assert fault.startswith(f"{name}: ")


def test_service_account_that_mounts_its_token_is_reported(callers: set[Account]) -> None:
    wrong = broken(ACCESS, "redis-exporter", "ServiceAccount", lambda row: row.pop("automountServiceAccountToken"))
    (fault,) = rights.token_faults(RECORD, wrong, callers=callers, terraforms=TERRAFORMS)
    assert fault.startswith("redis-exporter: mounts a token")


def test_every_pod_has_the_required_security_context() -> None:
    assert list(rights.confinement_faults(RECORD)) == []


def test_only_node_exporter_uses_host_namespaces_without_host_pid() -> None:
    host = {
        row["name"]: sorted(
            [key for key in ("hostIPC", "hostNetwork", "hostPID") if row["pod"].get(key)]
            + [volume["name"] for volume in row["pod"]["volumes"] if "hostPath" in volume]
        )
        for row in rights.pods(RECORD)
    }
    assert {name: used for name, used in host.items() if used} == {
        "node-exporter": ["hostNetwork", "proc", "root", "sys"]
    }


def _own(name: str, **settings: object) -> Break:
    return lambda row: container(row, name)["securityContext"].update(settings)


@pytest.mark.parametrize(
    ("name", "kind", "change", "told"),
    [
        ("grafana", "Deployment", _own("grafana", readOnlyRootFilesystem=False), "readOnlyRootFilesystem"),
        ("prometheus", "Prometheus", _own("prometheus", readOnlyRootFilesystem=False), "readOnlyRootFilesystem"),
        ("prometheus", "Alertmanager", _own("config-reloader", privileged=True), "allowPrivilegeEscalation"),
        (
            "kube-prometheus-stack-crds-upgrade",
            "Job",
            _own("busybox", capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
            "capabilities",
        ),
        ("node-exporter", "DaemonSet", _own("node-exporter", capabilities={}), "capabilities"),
        ("node-exporter", "DaemonSet", lambda row: row["pod"].update(hostPID=True), "hostPID"),
        ("node-exporter", "DaemonSet", lambda row: row["pod"]["securityContext"].pop("seccompProfile"), "seccomp"),
        ("prometheus", "Prometheus", lambda row: row["pod"].update(hostNetwork=True), "hostNetwork"),
        ("prometheus", "Prometheus", lambda row: row["pod"].pop("securityContext"), "runAsNonRoot"),
        ("thanos-query", "Deployment", lambda row: row["pod"]["volumes"].append({"name": "x", "hostPath": {}}), "x]"),
        ("thanos-query", "Deployment", lambda row: row["pod"].update(containers=[]), "no container"),
    ],
)
def test_unconfined_pod_is_reported(name: str, kind: str, change: Break, told: str) -> None:
    found = list(rights.confinement_faults(broken(RECORD, name, kind, change)))
    assert found
    assert all(fault.startswith(name) for fault in found)
    assert told in " ".join(found)


def test_replicas_are_spread() -> None:
    several = {row["name"] for row in rights.pods(RECORD) if row["replicas"] > 1}
    assert {"prometheus", "oauth2-proxy", "prometheus-operator-webhook", "thanos-receive-ingestor"} <= several
    assert list(rights.spread_faults(RECORD, ALL_COMPONENTS)) == []


@pytest.mark.parametrize(
    ("name", "kind", "change"),
    [
        ("prometheus-operator-webhook", "Deployment", lambda row: row["pod"].update(spread=[])),
        ("thanos-query", "Deployment", lambda row: row["pod"]["spread"][0].pop("labelSelector")),
        (
            "thanos-store-gateway",
            "StatefulSet",
            lambda row: row["pod"]["spread"][0]["labelSelector"].update(matchLabels={"app": "another"}),
        ),
        ("prometheus", "Alertmanager", lambda row: row["pod"].update(spread=[])),
        ("grafana", "Deployment", lambda row: row.update(replicas=2, pod={**row["pod"], "spread": []})),
    ],
    ids=["no constraint", "no selector", "another's selector", "the operator's pods", "a second replica"],
)
def test_replicas_that_may_share_a_node_are_found(name: str, kind: str, change: Break) -> None:
    (fault,) = rights.spread_faults(broken(RECORD, name, kind, change), ALL_COMPONENTS)
    assert fault.startswith(f"{name}: ")


def test_each_role_that_reads_secrets_has_a_reason() -> None:
    assert list(rights.secret_faults(ACCESS, reasons=READERS_OF_SECRETS)) == []


def test_each_secret_role_reason_matches_a_role() -> None:
    assert list(rights.secret_faults(ACCESS, reasons={})) == [f"{name}: reads Secrets" for name in READERS_OF_SECRETS]


@pytest.mark.parametrize(
    "rule",
    [
        {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["list"]},
        {"apiGroups": ["*"], "resources": ["secrets"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["*"], "verbs": ["watch"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one"], "verbs": ["get"]},
    ],
)
@pytest.mark.parametrize(("name", "kind"), [("grafana", "Role"), ("kube-state-metrics", "ClusterRole")])
def test_role_that_reads_secrets_without_a_reason_is_reported(name: str, kind: str, rule: dict[str, Any]) -> None:
    wrong = broken(ACCESS, name, kind, lambda row: row["rules"].append(rule))
    assert list(rights.secret_faults(wrong, reasons=READERS_OF_SECRETS)) == [f"{kind}/{name}: reads Secrets"]


def test_aggregated_cluster_role_is_reported() -> None:
    wrong = broken(ACCESS, "kube-state-metrics", "ClusterRole", lambda row: row.update(aggregationRule={}))
    (fault,) = rights.secret_faults(wrong, reasons=READERS_OF_SECRETS)
    assert "collects rules" in fault


def test_roles_are_bound_to_callers_of_the_api_server_alone(callers: set[Account]) -> None:
    assert list(rights.binding_faults(ACCESS, callers=callers)) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda row: row["roleRef"].update(kind="ClusterRole", name="cluster-admin"), "ClusterRole/cluster-admin"),
        (lambda row: row["subjects"].append({"kind": "Group", "name": "system:authenticated"}), "Group system:"),
        (
            lambda row: row["subjects"].append(
                {"kind": "ServiceAccount", "name": "oauth2-proxy", "namespace": "monitoring"}
            ),
            "ServiceAccount oauth2-proxy",
        ),
    ],
    ids=["a built-in role", "everybody", "who calls nobody"],
)
def test_extra_role_binding_is_reported(callers: set[Account], change: Break, told: str) -> None:
    wrong = broken(ACCESS, "grafana", "RoleBinding", change)
    (fault,) = rights.binding_faults(wrong, callers=callers)
    assert told in fault
