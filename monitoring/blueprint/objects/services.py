"""Services in addition to those of the charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitoring.blueprint.components.of_region import components_of
from monitoring.blueprint.values.manifests import Manifest
from monitoring.fleet.model import Peer, Region


def services(region: Region, peers: Sequence[Peer]) -> Iterator[Manifest]:  # noqa: ARG001  (the same for all peers)
    """A Service for every alias, with the ports that speak TLS: what is plain stays behind the chart's Service.

    It has no labels, so that no ServiceMonitor scrapes its pods a second time.
    """
    for component in components_of(region):
        for alias in component.aliases:
            yield {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": alias, "namespace": component.namespace},
                "spec": {
                    "type": "ClusterIP",
                    "selector": dict(component.labels),
                    "ports": [
                        {"name": port.name, "port": port.number, "targetPort": port.name, "protocol": port.protocol}
                        for port in component.ports
                        if port.tls
                    ],
                },
            }
