"""What an object names and the cluster does not have: found over all objects of a cluster, of whatever kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.kubectl import Object, named

BUILT_IN = ("system-node-critical", "system-cluster-critical")
"""PriorityClasses of every cluster, should the list come from one that does not show them."""

Wanted = tuple[str, str, str | None]
"""Kind and name of what is referred to, and the key in it."""

VALUE_FROM = {
    "secretKeyRef": "Secret",
    "configMapKeyRef": "ConfigMap",
    "secretRef": "Secret",
    "configMapRef": "ConfigMap",
}
SELECTORS = {"secret": "Secret", "configMap": "ConfigMap", "keySecret": "Secret", "credentials": "Secret"}
"""Fields of custom resources that hold `{name, key}`."""


def dangling(objects: Iterable[Object], *, about: Callable[[Object], bool] = lambda _: True) -> list[str]:
    """Each reference whose end is missing, in a sentence; of objects that it is `about`. Optional ones may be."""
    there = _Objects.of(objects)
    return sorted(set(_dangling(there, about)))


@dataclass(frozen=True, kw_only=True)
class _Objects:
    all: list[Object]
    at: Mapping[tuple[str, str, str], Object] = field(repr=False)

    @classmethod
    def of(cls, objects: Iterable[Object]) -> _Objects:
        items = list(objects)
        return cls(all=items, at={_place(one): one for one in items})

    def lacks(self, kind: str, name: str, *, namespace: str, key: str | None = None) -> bool:
        """Whether there is no such object, or no such key in it."""
        found = self.at.get((kind, namespace, name)) or self.at.get((kind, "", name))
        if found is None:
            return True
        return key is not None and key not in {**(found.get("data") or {}), **(found.get("binaryData") or {})}


def _place(one: Object) -> tuple[str, str, str]:
    return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]


def _dangling(there: _Objects, about: Callable[[Object], bool]) -> Iterator[str]:
    for one in filter(about, there.all):
        namespace = one["metadata"].get("namespace", "")
        for kind, name, key in [*_of_pod(one), *_of_kind(one), *_of_custom_resource(one)]:
            if there.lacks(kind, name, namespace=namespace, key=key):
                yield f"{named(one)}: no {kind} {name}" + (f" with {key}" if key else "")
        yield from _elsewhere(one, there)
        yield from _selecting_nothing(one, there)


def _pod_spec(one: Object) -> Mapping[str, Any] | None:
    """Of a pod, and of whatever makes pods; not of a revision of the past, which a ReplicaSet without pods is."""
    spec = one.get("spec") or {}
    if one["kind"] == "ReplicaSet" and spec.get("replicas") == 0:
        return None
    if one["kind"] == "Pod":
        return spec
    if one["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec.get("template")
    if not isinstance(template, Mapping) or "containers" not in template.get("spec", {}):
        return None
    found: Mapping[str, Any] = template["spec"]
    return found


def _of_pod(one: Object) -> Iterator[Wanted]:
    spec = _pod_spec(one)
    if spec is None:
        return
    if spec.get("serviceAccountName"):
        yield "ServiceAccount", spec["serviceAccountName"], None
    if spec.get("priorityClassName") and spec["priorityClassName"] not in BUILT_IN:
        yield "PriorityClass", spec["priorityClassName"], None
    for secret in spec.get("imagePullSecrets", ()):
        yield "Secret", secret["name"], None
    claims = {claim["metadata"]["name"] for claim in (one.get("spec") or {}).get("volumeClaimTemplates", ())}
    for volume in spec.get("volumes", ()):
        if volume["name"] not in claims:
            yield from _of_volume(volume)
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        yield from _of_environment(container)


def _of_environment(container: Mapping[str, Any]) -> Iterator[Wanted]:
    for source in (*container.get("envFrom", ()), *(row.get("valueFrom", {}) for row in container.get("env", ()))):
        for name, kind in VALUE_FROM.items():
            reference = source.get(name)
            if reference and not reference.get("optional"):
                yield kind, reference["name"], reference.get("key")


def _of_volume(volume: Mapping[str, Any]) -> Iterator[Wanted]:
    if "persistentVolumeClaim" in volume:
        yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"], None
    parameters = volume.get("csi", {}).get("volumeAttributes", {})
    if "secretProviderClass" in parameters:
        yield "SecretProviderClass", parameters["secretProviderClass"], None
    for source in (volume, *volume.get("projected", {}).get("sources", ())):
        for kind, part, name in (
            ("Secret", source.get("secret"), "secretName"),
            ("ConfigMap", source.get("configMap"), "name"),
        ):
            if not part or part.get("optional"):
                continue
            target = part.get(name) or part["name"]  # a projected Secret says `name`
            yield kind, target, None
            yield from ((kind, target, row["key"]) for row in part.get("items", ()))


def _of_kind(one: Object) -> Iterator[Wanted]:
    """References of kinds that Kubernetes and the cluster's own parts know."""
    spec = one.get("spec") or {}
    if one["kind"] == "StatefulSet":
        yield "Service", spec["serviceName"], None
    if one["kind"] in {"PersistentVolumeClaim", "PersistentVolume"} and spec.get("storageClassName"):
        yield "StorageClass", spec["storageClassName"], None
    if one["kind"] == "PersistentVolumeClaim" and spec.get("volumeName"):
        yield "PersistentVolume", spec["volumeName"], None
    if one["kind"] in {"RoleBinding", "ClusterRoleBinding"}:
        yield one["roleRef"]["kind"], one["roleRef"]["name"], None
    if one["kind"] == "HorizontalPodAutoscaler":
        yield spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"], None
    if one["kind"] == "Certificate":
        yield spec["issuerRef"].get("kind", "Issuer"), spec["issuerRef"]["name"], None
        yield "Secret", spec["secretName"], None
    if one["kind"] == "SecretProviderClass":
        yield from (
            ("Secret", kept["secretName"], row["key"]) for kept in spec.get("secretObjects", ()) for row in kept["data"]
        )


def _of_custom_resource(one: Object) -> Iterator[Wanted]:
    """Of the Prometheus operator's: `{name, key}` wherever it stands, and lists of names."""
    if not one.get("apiVersion", "").startswith("monitoring.coreos.com/"):
        return
    spec = one.get("spec") or {}
    yield from (("Secret", name, None) for name in spec.get("secrets", ()))
    yield from (("ConfigMap", name, None) for name in spec.get("configMaps", ()))
    if isinstance(spec.get("configSecret"), str):
        yield "Secret", spec["configSecret"], None
    if spec.get("serviceAccountName"):
        yield "ServiceAccount", spec["serviceAccountName"], None
    if spec.get("priorityClassName"):
        yield "PriorityClass", spec["priorityClassName"], None
    yield from _selectors(spec)


def _selectors(value: Any, *, of: str = "") -> Iterator[Wanted]:
    if isinstance(value, Mapping):
        if set(value) <= {"name", "key", "optional"} and {"name", "key"} <= set(value) and not value.get("optional"):
            yield SELECTORS.get(of, "ConfigMap" if "onfigMap" in of else "Secret"), value["name"], value["key"]
            return
        for key, one in value.items():
            yield from _selectors(one, of=key)
    elif isinstance(value, list):
        for one in value:
            yield from _selectors(one, of=of)


def _elsewhere(one: Object, there: _Objects) -> Iterator[str]:
    """References that name a namespace of their own."""
    for subject in one.get("subjects") or ():
        if subject["kind"] == "ServiceAccount" and there.lacks(
            "ServiceAccount", subject["name"], namespace=subject["namespace"]
        ):
            yield f"{named(one)}: no ServiceAccount {subject['namespace']}/{subject['name']}"
    for webhook in one.get("webhooks") or ():
        service = webhook.get("clientConfig", {}).get("service")
        if service and there.lacks("Service", service["name"], namespace=service["namespace"]):
            yield f"{named(one)}: no Service {service['namespace']}/{service['name']}"
    claim = (one.get("spec") or {}).get("claimRef") if one["kind"] == "PersistentVolume" else None
    if claim and there.lacks("PersistentVolumeClaim", claim["name"], namespace=claim["namespace"]):
        yield f"{named(one)}: no PersistentVolumeClaim {claim['namespace']}/{claim['name']}"
    if one["kind"] == "HTTPRoute":
        yield from _of_route(one, there)
    alerting = (one.get("spec") or {}).get("alerting") or {}
    for target in alerting.get("alertmanagers", ()) if one["kind"] == "Prometheus" else ():
        if there.lacks("Service", target["name"], namespace=target["namespace"]):
            yield f"{named(one)}: no Service {target['namespace']}/{target['name']}"


def _of_route(one: Object, there: _Objects) -> Iterator[str]:
    own, spec = one["metadata"]["namespace"], one["spec"]
    backends = (backend for rule in spec.get("rules", ()) for backend in rule.get("backendRefs", ()))
    for kind, reference in [
        *(("Gateway", parent) for parent in spec.get("parentRefs", ())),
        *(("Service", backend) for backend in backends),
    ]:
        namespace = reference.get("namespace", own)
        if there.lacks(reference.get("kind", kind), reference["name"], namespace=namespace):
            yield f"{named(one)}: no {kind} {namespace}/{reference['name']}"


def _selecting_nothing(one: Object, there: _Objects) -> Iterator[str]:
    """Services and budgets that no pod belongs to, and ports that no container has."""
    spec = one.get("spec") or {}
    selector = {"Service": spec.get("selector"), "PodDisruptionBudget": (spec.get("selector") or {}).get("matchLabels")}
    wanted = selector.get(one["kind"])
    if not wanted:
        return
    namespace = one["metadata"]["namespace"]
    pods = [
        pod
        for pod in there.all
        if pod["kind"] == "Pod"
        and pod["metadata"]["namespace"] == namespace
        and wanted.items() <= pod["metadata"].get("labels", {}).items()
    ]
    if not pods:
        yield f"{named(one)}: selects no pod"
        return
    ports = {
        port.get("name")
        for pod in pods
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"])
        for port in container.get("ports", ())
    }
    for port in spec.get("ports", ()) if one["kind"] == "Service" else ():
        target = port.get("targetPort")
        if isinstance(target, str) and target not in ports:
            yield f"{named(one)}: no container has the port {target}"
