"""How pods are confined, and what accounts may do: what the record says of the rights in rendered objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

OPERATORS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"Alertmanager": ("alertmanager", "config-reloader"), "Prometheus": ("prometheus", "config-reloader")}
)
"""Containers that prometheus-operator makes of a resource, besides the init container."""

OPERATORS_INIT = "init-config-reloader"
OPERATORS_CONTEXT: Mapping[str, Any] = MappingProxyType(
    {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
)
"""The security context of each of them (prometheus-operator 0.93.1: pkg/prometheus/server/statefulset.go,
pkg/alertmanager/statefulset.go, pkg/operator/config_reloader.go). What the resource says under the container's name
is merged over it.
"""


def confined() -> dict[str, Any]:
    """The security context of each container of our own pods: what `restricted` asks, and a root that is read only."""
    return {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


_OF_PODS = ("automountServiceAccountToken", "hostIPC", "hostNetwork", "hostPID", "securityContext")
_OF_ACCESS = ("automountServiceAccountToken", "aggregationRule", "roleRef", "rules", "subjects")
_ACCESS = frozenset({"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount"})


def confinement(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """What confines a pod, in the words of a pod: token, security contexts, images, volumes' kinds, spread.

    `spec` is the pod's, or that of a resource of `kind` of which the operator makes one.
    """
    settings = {key: spec[key] for key in _OF_PODS if key in spec}
    if kind == "Prometheus":  # the operator mounts the token unless told not to, whatever the account says
        settings.setdefault("automountServiceAccountToken", True)
    init = (OPERATORS_INIT,) if kind in OPERATORS else ()
    return {
        **settings,
        "spread": [*_anti_affinity(spec), *(spec.get("topologySpreadConstraints") or ())],
        "volumes": [_volume(volume) for volume in spec.get("volumes") or ()],
        "initContainers": _containers(spec.get("initContainers") or (), operators=init),
        "containers": _containers(spec.get("containers") or (), operators=OPERATORS.get(kind, ())),
    }


def access(manifests: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """ServiceAccounts, roles and bindings: what a pod's token is good for."""
    found = [
        {
            "kind": manifest["kind"],
            "name": manifest["metadata"]["name"],
            # a chart gives one to cluster-wide kinds too
            "namespace": "" if manifest["kind"].startswith("Cluster") else manifest["metadata"]["namespace"],
            **{key: manifest[key] for key in _OF_ACCESS if key in manifest},
        }
        for manifest in manifests
        if manifest.get("kind") in _ACCESS
    ]
    return sorted(found, key=lambda row: (row["kind"], row["namespace"], row["name"]))


def _anti_affinity(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    anti = (spec.get("affinity") or {}).get("podAntiAffinity") or {}
    return list(anti.get("requiredDuringSchedulingIgnoredDuringExecution") or ())


def _volume(volume: Mapping[str, Any]) -> dict[str, Any]:
    """The volume's kind; of a projected one its sources too, since a token may be among them."""
    return {key: value if key in {"name", "projected"} else {} for key, value in volume.items()}


def _containers(given: Sequence[Mapping[str, Any]], *, operators: Sequence[str]) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {
        name: {"name": name, "securityContext": dict(OPERATORS_CONTEXT)} for name in operators
    }
    for one in given:
        before = made.get(one["name"], {})
        made[one["name"]] = {
            **before,
            **{key: one[key] for key in ("name", "image") if key in one},
            "securityContext": {**before.get("securityContext", {}), **(one.get("securityContext") or {})},
        }
    return list(made.values())
