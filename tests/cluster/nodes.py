"""The nodes of a stack's node pools, without machines: kwok says of each that it is ready, and so of its pods."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from monitoring.fleet.vm_sizes import vm_size
from monitoring.processes import free_ports, running
from tests.cluster.go_modules import yaml_documents
from tests.cluster.kubectl import Cluster, Object
from tests.cluster.translation import Json
from tests.stack.processes import tool

STAGES = {
    "sigs.k8s.io/kwok": (
        "kustomize/stage/node/fast",
        "kustomize/stage/node/heartbeat-with-lease",
        "kustomize/stage/pod/fast",
    )
}
"""What kwok has nodes and pods become, of its own examples: ready at once; a Job's pods end well."""

MARK = "kwok.x-k8s.io/node"
"""Annotation of the nodes that kwok plays; it leaves all others alone."""


@contextmanager
def played_by_kwok(cluster: Cluster, folder: Path) -> Iterator[None]:
    """While the block lasts, each marked node and each pod on it becomes ready, and ends when it is deleted."""
    stages = folder / "stages.yaml"
    stages.write_text(
        yaml.safe_dump_all(one for one in yaml_documents("kwok", STAGES) if one["kind"] == "Stage"), encoding="utf-8"
    )
    (port,) = free_ports(1)
    line = [
        tool("kwok"),
        f"--kubeconfig={cluster.kubeconfig}",
        f"--config={stages}",
        f"--manage-nodes-with-annotation-selector={MARK}=fake",
        "--manage-all-nodes=false",
        "--node-lease-duration-seconds=40",
        f"--server-address=127.0.0.1:{port}",
    ]
    with running(line, log=folder / "kwok.log", port=port, ready="/readyz", environment=cluster.environment):
        yield


def nodes(stack: Json) -> list[Object]:
    """As many as each pool may have, with the labels and taints that AKS and the disk driver put on them."""
    (group,) = stack["resource"]["azurerm_resource_group"].values()
    return [
        _node(f"aks-{pool['name']}-{number}", pool, region=group["location"])
        for pool in stack["resource"]["azurerm_kubernetes_cluster_node_pool"].values()
        for number in range(pool["max_count"])
    ]


def _node(name: str, pool: Json, *, region: str) -> Object:
    size = vm_size(pool["vm_size"])
    zones = pool.get("zones")
    place = {
        "topology.kubernetes.io/zone": f"{region}-{zones[0]}" if zones else "0",
        "topology.disk.csi.azure.com/zone": f"{region}-{zones[0]}" if zones else "",
    }
    resources = {
        "cpu": f"{size.millicores_for_pods}m",
        "memory": str(size.memory_for_pods(max_pods=pool["max_pods"])),
        "pods": str(pool["max_pods"]),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {MARK: "fake"},
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/region": region,
                **place,
                **pool["node_labels"],
            },
        },
        "spec": {"taints": [_taint(text) for text in pool["node_taints"]]},
        "status": {"capacity": resources, "allocatable": resources},
    }


def _taint(text: str) -> dict[str, Any]:
    """`key=value:effect`."""
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    return {"key": key, "value": value, "effect": effect}
