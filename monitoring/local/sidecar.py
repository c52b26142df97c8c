"""kube-rbac-proxy before a Prometheus' /federate, where it is on PATH: it is not served as a Go module."""

from __future__ import annotations

import shutil
from pathlib import Path

from monitoring.blueprint.components.workloads import KUBE_PROMETHEUS_STACK, PROMETHEUS
from monitoring.blueprint.objects.federation import CONFIG_KEY, authorization
from monitoring.blueprint.releases.federation import FOLDER
from monitoring.local.region import ADDRESSES, FOLDERS, LOOPBACK, LocalRegion, Program

NAME = "kube-rbac-proxy"
PORT = "federate"
MISSING = "not on PATH, and not served as a Go module; the replicas are federated by their own TLS"
"""What is said where it does not run."""

NOBODY = f"""\
apiVersion: v1
kind: Config
clusters: [{{name: none, cluster: {{server: "https://{LOOPBACK}:1"}}}}]
contexts: [{{name: none, context: {{cluster: none, user: none}}}}]
users: [{{name: none}}]
current-context: none
"""
"""A kubeconfig that leads nowhere: whoever is not on the list is asked of the API server, and there is none."""


def find() -> Path | None:
    """Its path; None where it is not to be had."""
    found = shutil.which(NAME)
    return Path(found) if found else None


def program(local_region: LocalRegion, pod: str, binary: Path) -> Program:
    """The sidecar of a Prometheus, with the arguments of its container."""
    name, folder = f"{local_region.region.name}/{pod}/{NAME}", local_region.folder / "federation"
    folder.mkdir(exist_ok=True)
    (folder / CONFIG_KEY).write_text(authorization(local_region.peers), encoding="utf-8")
    (folder / "kubeconfig").write_text(NOBODY, encoding="utf-8")
    spec = local_region.values(KUBE_PROMETHEUS_STACK)["prometheus"]["prometheusSpec"]
    (container,) = (one for one in spec["containers"] if one["name"] == NAME)
    flags = [local_region.text(name, flag, PROMETHEUS).replace(FOLDER, str(folder)) for flag in container["args"]]
    local_region.differences.note(name, "configuration", FOLDER, folder, why=FOLDERS)
    change = local_region.differences.flag
    change(name, flags, "secure-listen-address", local_region.address(pod, PORT), why=ADDRESSES)
    change(name, flags, "upstream", f"https://{local_region.address(pod, 'http-web')}", why=ADDRESSES)
    change(name, flags, "kubeconfig", folder / "kubeconfig", why="no Kubernetes")
    return Program(
        name=name,
        component=NAME,
        region=local_region.region.name,
        line=[str(binary), *flags],
        port=local_region.port(pod, PORT),
        ready=None,
        tls=True,
    )
