"""Internal load balancers at the static addresses of the region's file, for calls from other regions.

Terraform makes them and not a chart: Helm would wait for their addresses, which Azure gives only once the cluster may
join the subnet, and roll back meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from monitoring.blueprint.components.model import Component, Port
from monitoring.blueprint.components.names import federation_host, query_host
from monitoring.blueprint.components.workloads import PROMETHEUS, QUERY, prometheus_pod
from monitoring.fleet.model import Region

_AZURE = "service.beta.kubernetes.io/azure-load-balancer"

POD_NAME = "statefulset.kubernetes.io/pod-name"
"""The label by which Kubernetes itself names each pod of a StatefulSet."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancer:
    """A Service of the type LoadBalancer before the pods with all `labels`, and the name by which it is known."""

    name: str
    namespace: str
    labels: Mapping[str, str] = field(hash=False)
    port: Port
    subnet: str
    address: IPv4Address
    host: str

    @property
    def annotations(self) -> Mapping[str, str]:
        """What makes Azure's cloud provider give it that address, in that subnet, and no public one."""
        return {
            f"{_AZURE}-internal": "true",
            f"{_AZURE}-internal-subnet": self.subnet,
            f"{_AZURE}-ipv4": str(self.address),
        }


def load_balancers(region: Region) -> tuple[LoadBalancer, ...]:
    """All of a region, whoever has the global view: another region is promoted by one line."""
    return (*_prometheus(region), _query(region))


def _prometheus(region: Region) -> Iterator[LoadBalancer]:
    """One per replica: behind a common one nobody would know whose series they are."""
    for replica, address in enumerate(region.network.load_balancers.federation):
        yield _of(
            PROMETHEUS,
            "federate",
            name=f"prometheus-federation-{replica}",
            labels={POD_NAME: prometheus_pod(replica)},
            region=region,
            address=address,
            host=federation_host(region.name, replica, region.fleet.private_dns_zone),
        )


def _query(region: Region) -> LoadBalancer:
    return _of(
        QUERY,
        "grpc",
        name="thanos-query-regions",
        labels={},
        region=region,
        address=region.network.load_balancers.query,
        host=query_host(region.name, region.fleet.private_dns_zone),
    )


def _of(
    component: Component,
    port: str,
    *,
    name: str,
    labels: Mapping[str, str],
    region: Region,
    address: IPv4Address,
    host: str,
) -> LoadBalancer:
    return LoadBalancer(
        name=name,
        namespace=component.namespace,
        labels={**component.labels, **labels},
        port=component.port(port),
        subnet=region.network.load_balancers.subnet_name,
        address=address,
        host=host,
    )
