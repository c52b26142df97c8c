"""What must hold of rendered pods: a good one has no fault, and each fault is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from monitoring.blueprint.components.model import NODE_NAMESPACE
from monitoring.blueprint.values.manifests import parse, pod_faults

GOOD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: good, namespace: monitoring}
spec:
  template:
    spec:
      nodeSelector: {workload: monitoring}
      tolerations: [{operator: Exists}]
      priorityClassName: monitoring-critical
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      volumes: [{name: data, emptyDir: {}}]
      containers:
        - name: main
          image: quay.io/example/main:v1.2.3
          resources: {requests: {cpu: 10m, memory: 16Mi}}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
            readOnlyRootFilesystem: true
"""


def _pod(manifest: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return spec


def _container(manifest: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = _pod(manifest)["containers"][0]
    return container


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no place": (lambda m: _pod(m).pop("nodeSelector"), "nodeSelector must say where"),
    "no toleration": (lambda m: _pod(m).pop("tolerations"), "tolerations must say where"),
    "no priority": (lambda m: _pod(m).pop("priorityClassName"), "priorityClassName must be set"),
    "no requests": (lambda m: _container(m).pop("resources"), "requests.cpu must be set"),
    "latest image": (lambda m: _container(m).update(image="quay.io/example/main:latest"), "of a fixed version"),
    "image without tag": (lambda m: _container(m).update(image="localhost:5000/main"), "of a fixed version"),
    "root": (lambda m: _pod(m)["securityContext"].update(runAsNonRoot=False), "runAsNonRoot must be true"),
    "user 0": (lambda m: _container(m)["securityContext"].update(runAsUser=0), "runAsNonRoot must be true"),
    "no seccomp": (lambda m: _pod(m)["securityContext"].pop("seccompProfile"), "seccompProfile must be"),
    "escalation": (
        lambda m: _container(m)["securityContext"].pop("allowPrivilegeEscalation"),
        "allowPrivilegeEscalation must be false",
    ),
    "capabilities": (lambda m: _container(m)["securityContext"].pop("capabilities"), "must drop ALL"),
    "added capability": (
        lambda m: _container(m)["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]),
        "must drop ALL",
    ),
    "writable root": (
        lambda m: _container(m)["securityContext"].pop("readOnlyRootFilesystem"),
        "readOnlyRootFilesystem must be true",
    ),
    "host path": (
        lambda m: _pod(m)["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
        "must not be a hostPath",
    ),
    "host network": (lambda m: _pod(m).update(hostNetwork=True), "hostNetwork must be off"),
    "host port": (lambda m: _container(m).update(ports=[{"hostPort": 80}]), "no hostPort"),
}


def test_a_good_pod_has_no_fault() -> None:
    (good,) = parse(GOOD)
    assert list(pod_faults(good)) == []


@pytest.mark.parametrize(("fault", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_of_a_pod_is_found(fault: Callable[[dict[str, Any]], object], message: str) -> None:
    bad: dict[str, Any] = copy.deepcopy(yaml.safe_load(GOOD))
    fault(bad)
    found = list(pod_faults(bad))
    assert found
    assert message in " ".join(found)


def test_a_pod_in_the_node_namespace_may_use_the_hosts_network_and_files_and_nothing_else() -> None:
    manifest: dict[str, Any] = yaml.safe_load(GOOD)
    manifest["metadata"]["namespace"] = NODE_NAMESPACE
    _pod(manifest)["hostNetwork"] = True
    _pod(manifest)["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    assert list(pod_faults(manifest)) == []
    _pod(manifest)["hostPID"] = True
    _container(manifest)["securityContext"].pop("capabilities")
    found = " ".join(pod_faults(manifest))
    assert "hostPID must be off" in found
    assert "must drop ALL" in found


def test_what_the_operator_makes_needs_requests_in_its_resource() -> None:
    prometheus = {"kind": "Prometheus", "metadata": {"name": "x", "namespace": "monitoring"}, "spec": {}}
    found = " ".join(pod_faults(prometheus))
    assert "spec.resources.requests must be set" in found
    assert "spec.securityContext.runAsNonRoot must be true" in found


def test_an_object_without_pods_has_no_fault() -> None:
    assert list(pod_faults({"kind": "Service", "metadata": {"name": "x"}})) == []


def test_a_repeated_key_is_no_yaml() -> None:
    with pytest.raises(yaml.YAMLError, match="key 'a' must be given once"):
        parse("a: 1\na: 2\n")


def test_the_equals_sign_of_the_definitions_is_text() -> None:
    assert parse('enum: [=, "!="]') == [{"enum": ["=", "!="]}]
