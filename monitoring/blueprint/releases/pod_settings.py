"""Pod settings that several releases share: scheduling, service accounts, flags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import POOL_LABELS, PRIORITY_CLASS, TOLERATIONS
from monitoring.blueprint.values.charts import versions
from monitoring.fleet.model import Region, Resources

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"


def scheduling(*prefixes: str, priority: bool = True) -> dict[str, Any]:
    """Paths that put the pods below each prefix ("" for the root) on the monitoring nodes, ahead of other pods."""
    paths: dict[str, Any] = {}
    for prefix in prefixes:
        dot = f"{prefix}." if prefix else ""
        paths[f"{dot}nodeSelector"] = dict(POOL_LABELS)
        paths[f"{dot}tolerations"] = TOLERATIONS
        if priority:
            paths[f"{dot}priorityClassName"] = PRIORITY_CLASS
    return paths


def spread(region: Region, *, hard: bool, selector: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Topology spread over zones, or over hosts in a region without zones.

    `hard` refuses to schedule what would be uneven. `selector` completes the constraint where the chart
    does not fill it in.
    """
    return [
        {
            "maxSkew": 1,
            "topologyKey": ZONE if region.zones else HOST,
            "whenUnsatisfiable": "DoNotSchedule" if hard else "ScheduleAnyway",
            **(selector or {}),
        }
    ]


def of_component(component: Component) -> dict[str, Any]:
    """The selector of a component's pods, for a spread constraint."""
    return {"labelSelector": {"matchLabels": dict(component.labels)}}


def node_anti_affinity(component: Component) -> dict[str, Any]:
    """The affinity of pods that share no node with another of their component."""
    term = {"topologyKey": HOST, **of_component(component)}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def resources(wanted: Resources) -> dict[str, Any]:
    """A container's resources as Kubernetes writes them."""
    return {
        "requests": {"cpu": wanted.requests.cpu.kubernetes, "memory": wanted.requests.memory.kubernetes},
        "limits": {"cpu": wanted.limits.cpu.kubernetes, "memory": wanted.limits.memory.kubernetes},
    }


def of_database(job: str, host: str, port: int) -> list[dict[str, Any]]:
    """Relabelings of an exporter that speaks for a database: its series are the database's, whatever pod asks."""
    return [
        {"targetLabel": "job", "replacement": job},
        {"targetLabel": "instance", "replacement": f"{host}:{port}"},
        {"action": "labeldrop", "regex": "pod|container|endpoint|service"},
    ]


def image(name: str) -> dict[str, str]:
    """A pinned image as most charts take it."""
    return versions().images[name].model_dump()


def checksum(parts: Iterable[object]) -> str:
    """A short hash for a pod annotation: pods restart when one of `parts` changes."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:16]
