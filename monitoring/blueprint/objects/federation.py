"""The configuration of kube-rbac-proxy before /federate: which client certificates are authorized."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.components.workloads import PROMETHEUS
from monitoring.blueprint.objects.certificates import identity
from monitoring.blueprint.values.manifests import Manifest
from monitoring.fleet.model import Peer, Region

CONFIG_MAP = "prometheus-federation"
CONFIG_KEY = "config.yaml"

PATH = "/federate"


def clients(peers: Sequence[Peer]) -> tuple[str, ...]:
    """Names in the certificates of who may fetch: Prometheus of the other regions with the global view."""
    return tuple(identity(PROMETHEUS, peer.name) for peer in peers if peer.global_view)


def federation_config(region: Region, peers: Sequence[Peer]) -> Iterator[Manifest]:  # noqa: ARG001  (peers alone)
    """The ConfigMap."""
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CONFIG_MAP, "namespace": NAMESPACE},
        "data": {CONFIG_KEY: authorization(peers)},
    }


def authorization(peers: Sequence[Peer]) -> str:
    """One path, for one verb, to each name; whoever is not listed is asked of the API server, where nobody has rights.

    The Prometheus' account has no right to ask it either, so a stranger's answer is an error.
    """
    allowed = [
        {"user": {"name": name}, "verb": "get", "path": PATH, "resourceRequest": False} for name in clients(peers)
    ]
    return yaml.safe_dump({"authorization": {"static": allowed}}, sort_keys=False)
