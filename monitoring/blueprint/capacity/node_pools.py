"""The nodes that a region's pods need, from the requests in the Helm values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.blueprint.components.workloads import OBJECTS, POOL_LABELS
from monitoring.blueprint.releases.release import Release
from monitoring.blueprint.values.manifests import Manifest, pod_spec
from monitoring.errors import shown
from monitoring.fleet.model import Region
from monitoring.fleet.quantities import Cpu, Size
from monitoring.fleet.vm_sizes import vm_size
from monitoring.fleet.yaml_file import ValuePath

SURGE = 1
"""Nodes that an upgrade adds to a pool for a while."""

SYSTEM_MILLICORES = 500
SYSTEM_BYTES = 2**30
SYSTEM_PODS = 15
"""What AKS' own pods and node-exporter take of every node: an estimate, on the safe side."""


class WrongValue(ValueError):  # noqa: N818  (a user's mistake, not a fault of the program)
    """A value of a release that capacity cannot read: its place, and what must be."""

    def __init__(self, release: str, path: ValuePath, message: str) -> None:
        super().__init__(f"{release}: {message}")
        self.release, self.path, self.message = release, path, message


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Equal pods of a workload: what each requests (millicores, bytes), and its volumes."""

    workload: str
    replicas: int
    millicores: int
    memory: int
    volumes: int


def placed_pods(releases: tuple[Release, ...]) -> Iterator[Pods]:
    """Every workload that is put on the monitoring nodes: a mapping with their selector and its resources.

    A job that runs at times is counted as if it always did.

    `WrongValue` for a quantity or a count that is none.
    """
    for release in releases:
        yield from _pods(release.name, release.values, ())
        manifests: Any = release.values["objects"] if release.name == OBJECTS else ()
        for manifest in manifests:
            pod = pod_spec(manifest)
            if pod and pod.spec.get("nodeSelector") == POOL_LABELS:
                yield _of_object(release.name, manifest, pod.spec["containers"])


def _of_object(release: str, manifest: Manifest, containers: Sequence[Mapping[str, Any]]) -> Pods:
    return Pods(
        workload=f"{release} {manifest['metadata']['name']}",
        replicas=manifest["spec"].get("replicas", 1),
        millicores=sum(requested(release, one, (), kind=Cpu) for one in containers),
        memory=sum(requested(release, one, (), kind=Size) for one in containers),
        volumes=0,
    )


def _pods(release: str, values: Mapping[str, Any], path: ValuePath) -> Iterator[Pods]:
    if values.get("nodeSelector") == POOL_LABELS and mapping(mapping(values.get("resources")).get("requests")):
        parts = [(values, path)]
        parts += [(one, (*path, "containers", at)) for at, one in enumerate(values.get("containers") or ())]
        yield Pods(
            workload=" ".join(map(str, (release, *path))),
            replicas=_replicas(release, values, path),
            millicores=sum(requested(release, part, place, kind=Cpu) for part, place in parts),
            memory=sum(requested(release, part, place, kind=Size) for part, place in parts),
            volumes=int(_has_volume(values)),
        )
    for key, below in values.items():
        # the job of an upgrade is gone before anything needs its room
        if isinstance(below, Mapping) and key != "upgradeJob":
            yield from _pods(release, below, (*path, key))


def mapping(value: object) -> Mapping[str, Any]:
    """Null is what is not there."""
    return value if isinstance(value, Mapping) else {}


def requested(
    release: str, values: object, path: ValuePath, *, kind: type[Cpu] | type[Size], of: str = "requests"
) -> int:
    """Millicores or bytes of a container's resources; 0 where nothing is said. `WrongValue` for what is no quantity."""
    name = "cpu" if kind is Cpu else "memory"
    given = mapping(mapping(mapping(values).get("resources")).get(of)).get(name)
    try:
        return 0 if given is None else kind.of_kubernetes(given).amount
    except ValueError as fault:
        raise WrongValue(release, (*path, "resources", of, name), str(fault)) from fault


def _replicas(release: str, values: Mapping[str, Any], path: ValuePath) -> int:
    key = "replicas" if "replicas" in values else "replicaCount"
    given = values.get(key)
    if given is None:
        return 1  # Kubernetes' own default
    if not isinstance(given, int):
        raise WrongValue(release, (*path, key), f"must be a whole number, got {shown(given)}")
    return given


def _has_volume(values: Mapping[str, Any]) -> bool:
    """As the three charts say it: Thanos' parts, Prometheus, Alertmanager."""
    own = any(values.get(key) is not None for key in ("storageSpec", "storage"))
    return own or bool(mapping(values.get("persistence")).get("enabled"))


def nodes_needed(region: Region, releases: tuple[Release, ...]) -> dict[str, int]:
    """Nodes that hold all pods, by what limits: CPU, memory, pods, data disks. `ValueError` for an unknown VM size."""
    pools = region.node_pools
    node, pods = vm_size(pools.vm_size), tuple(placed_pods(releases))
    limits = {
        "CPU": (sum(pod.replicas * pod.millicores for pod in pods), node.millicores_for_pods - SYSTEM_MILLICORES),
        "memory": (
            sum(pod.replicas * pod.memory for pod in pods),
            node.memory_for_pods(max_pods=pools.max_pods) - SYSTEM_BYTES,
        ),
        "pods": (sum(pod.replicas for pod in pods), pools.max_pods - SYSTEM_PODS),
        "data disks": (sum(pod.replicas * pod.volumes for pod in pods), node.data_disks),
    }
    return {what: math.ceil(wanted / of_a_node) for what, (wanted, of_a_node) in limits.items()}


def nodes_left(region: Region) -> int:
    """Nodes that the pools may have when a zone is lost, or, without zones, a host."""
    per_pool = region.node_pools.max_count
    return per_pool * (len(region.zones) - 1) if region.zones else per_pool - 1


def most_cores(region: Region) -> int:
    """The vCPUs of all pools when each is at its largest and is being upgraded. `ValueError` for an unknown VM size."""
    pools = region.node_pools
    return vm_size(pools.vm_size).cores * (pools.max_count + SURGE) * max(len(region.zones), 1)
