"""The Prometheus operator as a process: its pod runs on a node that is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitoring.processes import free_ports, running
from tests.cluster.kubectl import Cluster, Object
from tests.stack.processes import tool

NAME = "prometheus-operator"
"""Of its Deployment."""


@contextmanager
def operator(cluster: Cluster, folder: Path) -> Iterator[None]:
    """With the flags of its Deployment, and with the rights of its ServiceAccount and no others."""
    (deployment,) = [one for one in cluster.objects("deployments") if one["metadata"]["name"] == NAME]
    (port,) = free_ports(1)
    line = [
        tool("operator"),
        *flags(deployment),
        f"--web.listen-address=127.0.0.1:{port}",
        f"--as={account(deployment)}",
    ]
    with running(line, log=folder / "operator.log", port=port, ready="/healthz", environment=cluster.environment):
        yield


def flags(deployment: Object) -> list[str]:
    """All but those of its own server, which serves with files that only a pod has."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return [one for one in container["args"] if not one.startswith(("--web.", "-web."))]


def account(deployment: Object) -> str:
    """Its user as the API server knows it."""
    name = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    return f"system:serviceaccount:{deployment['metadata']['namespace']}:{name}"
