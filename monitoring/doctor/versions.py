"""Versions: of Kubernetes beside the supported range, of node images, of what the charts have installed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from monitoring.blueprint.values.charts import Versions
from monitoring.doctor.row import Row, State, items, unknown
from monitoring.prerequisites.step import at

UPGRADES = "docs/upgrades.md"
_CHART = re.compile(r"(?P<name>.+)-(?P<version>\d+\.\d+\.\d+)$")


def minor(version: object) -> str:
    """`1.36` of `1.36.4`."""
    return ".".join(str(version).split(".")[:2])


def kubernetes(cluster: Any, upgrades: Any, versions: Versions) -> Iterator[Row]:
    """The control plane and each node pool; `az aks show` and `az aks get-upgrades`."""
    supported = versions.kubernetes.minors
    expected = f"{versions.kubernetes.oldest} to {versions.kubernetes.newest}"
    running = at(cluster, "currentKubernetesVersion") or at(cluster, "kubernetesVersion")
    pools = at(cluster, "agentPoolProfiles") or ()
    if not running:
        yield unknown("Kubernetes", "az aks show names no version", expected=expected)
        return
    if not pools:
        yield unknown("node pools", "az aks show names none")
    offered = [
        str(one["kubernetesVersion"])
        for one in at(upgrades, "controlPlaneProfile.upgrades") or ()
        if not one.get("isPreview") and minor(one["kubernetesVersion"]) in supported
    ]
    newer = max((minor(one) for one in offered), key=supported.index, default="")
    state = State.FINE if minor(running) in supported else State.DUE
    action = f"upgrade to {newer}" if newer else "extend the range in helm-values/versions.yaml, or upgrade"
    if state is State.FINE and newer and newer != minor(running) and minor(running) == supported[0]:
        state = State.SOON  # AKS moves on: the oldest minor version is the next to lose support
    yield Row(
        subject="Kubernetes",
        state=state,
        found=f"{running}; offered: {', '.join(offered) or 'nothing in the range'}",
        expected=expected,
        action="" if state is State.FINE else action,
        page=UPGRADES,
    )
    for pool in pools:
        own = pool.get("currentOrchestratorVersion") or pool.get("orchestratorVersion")
        behind = minor(own) != minor(running)
        outside = minor(own) not in supported
        yield Row(
            subject=f"Kubernetes of pool {pool.get('name')}",
            state=State.DUE if outside else State.SOON if behind else State.FINE,
            found=str(own),
            expected=f"as the control plane, {running}",
            action="upgrade the pool" if outside or behind else "",
            page=UPGRADES,
        )


def node_image(pool: str, running: object, upgrades: Any) -> Row:
    """Of one pool: `az aks nodepool get-upgrades` names the latest image."""
    latest = at(upgrades, "latestNodeImageVersion")
    state = State.UNKNOWN if not latest else State.FINE if latest == running else State.SOON
    return Row(
        subject=f"node image of pool {pool}",
        state=state,
        found=str(running),
        expected=str(latest or "not said"),
        action="az aks nodepool upgrade --node-image-only" if state is State.SOON else "",
        page=UPGRADES,
    )


def charts(workloads: Any, versions: Versions, expected: Collection[str]) -> Iterator[Row]:
    """By the label that charts give what they make: Helm's own record lies in Secrets, which nobody reads here.

    So a release that is stuck at its version looks fine; `expected` are the charts of the region's releases.
    """
    found: dict[str, set[str]] = {}
    for one in items(workloads):
        labels = at(one, "metadata.labels") or {}
        label = labels.get("helm.sh/chart") or labels.get("chart") or ""
        if (match := _CHART.fullmatch(label)) and match["name"] in versions.charts:
            found.setdefault(match["name"], set()).add(match["version"])
    for name, running in sorted(found.items()):
        pinned = versions.charts[name].version
        state = State.FINE if running == {pinned} else State.SOON
        yield Row(
            subject=f"chart {name}",
            state=state,
            found=", ".join(sorted(running)),
            expected=pinned,
            action="" if state is State.FINE else "deploy the stack; two versions at once: a release is stuck",
            page="docs/runbooks/helm-release-stuck.md",
        )
    for name in sorted(set(expected) - found.keys()):
        yield unknown(f"chart {name}", "no workload bears its label", expected=versions.charts[name].version)
