"""What a region's objects refer to and people make before it (docs/prerequisites.md): the issuer and the Gateway."""

from __future__ import annotations

from monitoring.fleet import Region
from tests.cluster.kubectl import Object


def outside(region: Region) -> list[Object]:
    """Those that the region's file names, with the Gateway's namespace before it.

    An issuer of the namespace `monitoring` alone cannot be there before the stack is: ValueError.
    """
    issuer, gateway = region.certificates.issuer, region.access.gateway
    if issuer.kind != "ClusterIssuer":
        raise ValueError(f"certificates.issuer must be a ClusterIssuer for a test on a cluster, got {issuer.kind}")
    listener = {"name": gateway.listener, "protocol": "HTTP", "port": 80}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": gateway.namespace}},
        {
            "apiVersion": "cert-manager.io/v1",
            "kind": issuer.kind,
            "metadata": {"name": issuer.name},
            "spec": {"selfSigned": {}},
        },
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": {"name": gateway.name, "namespace": gateway.namespace},
            "spec": {"gatewayClassName": "none", "listeners": [listener]},
        },
    ]
