"""The nodes that a region's pods need, from the requests in the Helm values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.blueprint.components.workloads import POOL_LABELS
from monitoring.blueprint.releases.release import Release
from monitoring.fleet.model import Region
from monitoring.fleet.quantities import Cpu, Size
from monitoring.fleet.vm_sizes import vm_size

SYSTEM_MILLICORES = 500
SYSTEM_BYTES = 2**30
SYSTEM_PODS = 15
"""What AKS' own pods and node-exporter take of every node: an estimate, on the safe side."""


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Equal pods of a workload: what each requests (millicores, bytes), and its volumes."""

    workload: str
    replicas: int
    millicores: int
    memory: int
    volumes: int


def placed_pods(releases: tuple[Release, ...]) -> Iterator[Pods]:
    """Every workload that is put on the monitoring nodes: a mapping with their selector and its resources."""
    for release in releases:
        yield from _pods(release.name, release.values)


def _pods(name: str, values: Mapping[str, Any]) -> Iterator[Pods]:
    if values.get("nodeSelector") == POOL_LABELS and "requests" in values.get("resources", {}):
        beside = [container["resources"] for container in values.get("containers", ()) if "resources" in container]
        requests = [part["requests"] for part in (values["resources"], *beside)]
        yield Pods(
            workload=name,
            replicas=int(values.get("replicas", values.get("replicaCount", 1))),
            millicores=sum(Cpu.parse(str(part["cpu"])).millicores for part in requests),
            memory=sum(Size.parse(part["memory"]).bytes for part in requests),
            volumes=int(_has_volume(values)),
        )
    for key, below in values.items():
        # the job of an upgrade is gone before anything needs its room
        if isinstance(below, Mapping) and key != "upgradeJob":
            yield from _pods(f"{name} {key}", below)


def _has_volume(values: Mapping[str, Any]) -> bool:
    """As the three charts say it: Thanos' parts, Prometheus, Alertmanager."""
    return bool(values.get("persistence", {}).get("enabled") or "storageSpec" in values or "storage" in values)


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
