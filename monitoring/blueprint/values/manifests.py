"""What must hold of every Kubernetes object that a chart renders: pure functions of manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import yaml

from monitoring.blueprint.components.model import NODE_NAMESPACE
from monitoring.blueprint.values.confinement import confinement

Manifest = Mapping[str, Any]

OF_THE_HOST: Mapping[str, frozenset[str]] = MappingProxyType({NODE_NAMESPACE: frozenset({"hostNetwork", "hostPath"})})
"""What pods of a namespace may use that Pod Security `restricted` forbids: node-exporter counts the host's network
devices, and reads its /proc, /sys and mounts. All else of `restricted` holds of them too.
"""

WITHOUT_PRIORITY = frozenset({"kube-prometheus-stack-crds-upgrade"})
"""Pods for which the chart has no key: this job runs for seconds."""

RESTRICTED_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
)
"""Volume types that `restricted` allows (Kubernetes, "Pod Security Standards")."""

_TEMPLATED = frozenset({"DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"})
_OPERATED = frozenset({"Alertmanager", "Prometheus", "ThanosRuler"})


class _Loader(yaml.CSafeLoader):
    """Refuses a repeated key, which Kubernetes would silently merge; knows `=`, which the CRDs use as a string."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = next((key for index, key in enumerate(keys) if key in keys[:index]), None)
        if repeated is not None:
            raise yaml.constructor.ConstructorError(None, None, f"key {repeated!r} must be given once", node.start_mark)
        return super().construct_mapping(node, deep=deep)


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: str(node.value))


def parse(text: str) -> list[Manifest]:
    """The objects of a rendering; yaml.YAMLError where it is none."""
    return [document for document in yaml.load_all(text, Loader=_Loader) if document]


def in_namespace(manifest: Manifest, namespace: str) -> Manifest:
    """The object with the namespace into which Helm puts it where it names none."""
    return {**manifest, "metadata": {"namespace": namespace, **manifest["metadata"]}}


def title(manifest: Manifest) -> str:
    """`Deployment/grafana`."""
    return f"{manifest.get('kind')}/{manifest.get('metadata', {}).get('name')}"


@dataclass(frozen=True, kw_only=True)
class PodSpec:
    """Where an object says how its pods are; `operated` pods get their containers from the operator."""

    path: str
    spec: Mapping[str, Any]
    operated: bool


def pod_spec(manifest: Manifest) -> PodSpec | None:
    """The pod that the object makes, if it makes one."""
    kind, spec = manifest.get("kind"), manifest.get("spec") or {}
    if kind == "Pod":
        return PodSpec(path="spec", spec=spec, operated=False)
    if kind in _TEMPLATED:
        return PodSpec(path="spec.template.spec", spec=spec.get("template", {}).get("spec", {}), operated=False)
    if kind == "CronJob":
        template = spec.get("jobTemplate", {}).get("spec", {}).get("template", {})
        return PodSpec(path="spec.jobTemplate.spec.template.spec", spec=template.get("spec", {}), operated=False)
    if kind in _OPERATED:
        return PodSpec(path="spec", spec=spec, operated=True)
    return None


def pod_faults(manifest: Manifest) -> Iterator[str]:
    """What a pod lacks: a place, a priority, requests, fixed images, Pod Security."""
    pod = pod_spec(manifest)
    if pod is None:
        return
    yield from _place(manifest, pod)
    for path, container in _containers(pod):
        yield from _container(path, container)
    yield from restricted_faults(pod, namespace=manifest["metadata"].get("namespace", ""))


def _place(manifest: Manifest, pod: PodSpec) -> Iterator[str]:
    for key in ("nodeSelector", "tolerations"):
        if not pod.spec.get(key):
            yield f"{pod.path}.{key} must say where the pod runs, got nothing"
    if not pod.spec.get("priorityClassName") and manifest["metadata"]["name"] not in WITHOUT_PRIORITY:
        yield f"{pod.path}.priorityClassName must be set, got nothing"
    if pod.operated and not pod.spec.get("resources", {}).get("requests"):
        yield f"{pod.path}.resources.requests must be set, got nothing"


def _containers(pod: PodSpec) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key in ("initContainers", "containers"):
        for container in pod.spec.get(key) or ():
            yield f"{pod.path}.{key}[{container.get('name')}]", container


def _container(path: str, container: Mapping[str, Any]) -> Iterator[str]:
    requests = container.get("resources", {}).get("requests", {})
    for resource in ("cpu", "memory"):
        if resource not in requests:
            yield f"{path}.resources.requests.{resource} must be set, got nothing"
    image = str(container.get("image", ""))
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    if not tag or tag == "latest":
        yield f"{path}.image must be of a fixed version, got {image!r}"


def restricted_faults(pod: PodSpec, *, namespace: str) -> Iterator[str]:
    """Pod Security `restricted`, as far as manifests show it (Kubernetes, "Pod Security Standards").

    More than it asks: a root file system that nobody writes to.
    """
    allowed = OF_THE_HOST.get(namespace, frozenset())
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(key) and key not in allowed:
            yield f"{pod.path}.{key} must be off for Pod Security restricted"
    for volume in pod.spec.get("volumes") or ():
        for kind in set(volume) - {"name"} - RESTRICTED_VOLUMES - allowed:
            yield f"{pod.path}.volumes[{volume['name']}] must not be a {kind} for Pod Security restricted"
    whole = pod.spec.get("securityContext") or {}
    if pod.operated:
        yield from _identity(f"{pod.path}.securityContext", whole)
    for path, container in _containers(pod):
        own = container.get("securityContext") or {}
        yield from _identity(f"{path}.securityContext", {**whole, **own})
        yield from _privileges(f"{path}.securityContext", own)
        if any(port.get("hostPort") for port in container.get("ports") or ()):
            yield f"{path}.ports must have no hostPort for Pod Security restricted"


def _identity(path: str, context: Mapping[str, Any]) -> Iterator[str]:
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        yield f"{path}.runAsNonRoot must be true for Pod Security restricted"
    if (context.get("seccompProfile") or {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield f"{path}.seccompProfile must be RuntimeDefault for Pod Security restricted"


def _privileges(path: str, context: Mapping[str, Any]) -> Iterator[str]:
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield f"{path}.allowPrivilegeEscalation must be false for Pod Security restricted"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{path}.readOnlyRootFilesystem must be true"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or ()) or set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
        yield f"{path}.capabilities must drop ALL for Pod Security restricted"


def workloads(manifests: list[Manifest]) -> list[dict[str, Any]]:
    """What components.py and flows.py say of workloads, as rendered.

    Workloads that have pods, with labels, ports, account, network and how they are confined, Services with selectors,
    ServiceMonitors with what they select. Sorted, and small enough to be committed: `monitoring render --record`.
    """
    found = [row for manifest in manifests if (row := _workload(manifest) or _service(manifest) or _monitor(manifest))]
    return sorted(found, key=lambda row: (row["kind"], row["namespace"], row["name"]))


def _row(manifest: Manifest, **more: object) -> dict[str, Any]:
    metadata = manifest["metadata"]
    return {"kind": manifest["kind"], "name": metadata["name"], "namespace": metadata.get("namespace", ""), **more}


def _workload(manifest: Manifest) -> dict[str, Any] | None:
    pod = pod_spec(manifest)
    if pod is None or manifest["spec"].get("replicas", 1) == 0:
        return None
    spec = manifest["spec"]
    template = spec.get("template") or spec.get("jobTemplate", {}).get("spec", {}).get("template", {})
    ports = [
        {"name": port.get("name"), "number": port["containerPort"], "protocol": port.get("protocol", "TCP")}
        for _, container in _containers(pod)
        for port in container.get("ports") or ()
    ]
    account = pod.spec.get("serviceAccountName")
    labels = template.get("metadata", {}).get("labels", {})
    return _row(
        manifest,
        labels=labels,
        ports=ports,
        service_account=account,
        host_network=bool(pod.spec.get("hostNetwork")),
        replicas=manifest["spec"].get("replicas", 1),
        pod=confinement(manifest["kind"], pod.spec),
    )


def _service(manifest: Manifest) -> dict[str, Any] | None:
    if manifest.get("kind") != "Service" or manifest.get("apiVersion") != "v1":
        return None
    spec = manifest["spec"]
    ports = [
        {"name": port.get("name"), "port": port["port"], "target": port.get("targetPort", port["port"])}
        for port in spec.get("ports", ())
    ]
    labels = manifest["metadata"].get("labels", {})
    return _row(manifest, labels=labels, selector=spec.get("selector", {}), ports=ports)


def _monitor(manifest: Manifest) -> dict[str, Any] | None:
    if manifest.get("kind") != "ServiceMonitor":
        return None
    spec = manifest["spec"]
    namespaces = spec.get("namespaceSelector", {}).get("matchNames", [manifest["metadata"]["namespace"]])
    ports = sorted({endpoint["port"] for endpoint in spec["endpoints"]})
    return _row(manifest, namespaces=namespaces, selector=spec["selector"].get("matchLabels", {}), ports=ports)
