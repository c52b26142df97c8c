"""A cert-manager Certificate for every component that has one in `components.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from monitoring.blueprint.components.model import Component, Usage
from monitoring.blueprint.components.names import federation_host, query_host
from monitoring.blueprint.components.of_region import components_of
from monitoring.blueprint.components.workloads import PROMETHEUS, QUERY
from monitoring.blueprint.values.manifests import Manifest
from monitoring.fleet.model import Peer, Region

DURATION = "2160h"
RENEW_BEFORE = "720h"
"""90 days, renewed in the last 30 (cert-manager takes no unit above the hour): a month to notice that it failed."""


def certificates(region: Region, peers: Sequence[Peer]) -> Iterator[Manifest]:  # noqa: ARG001  (names are the region's)
    """The Certificates of a region, in the order of the components."""
    for component in components_of(region):
        if component.certificate:
            yield _certificate(component, region)


def issuer(region: Region) -> Mapping[str, str]:
    """What a Certificate says of its issuer."""
    named = region.certificates.issuer
    return {"name": named.name, "kind": named.kind, "group": named.group}


def identity(component: Component, region: str) -> str:
    """The common name by which a server knows a component of that region as its client."""
    return f"{component.name}.{region}"


def dns_names(component: Component, region: Region) -> list[str]:
    """The names under which the component is reached, in its own region and from others."""
    certificate = component.certificate
    if certificate is None:
        raise ValueError(f"{component.name} has no certificate")
    names = [component.host]
    if certificate.pods_of:
        names.append(f"*.{certificate.pods_of}.{component.namespace}.svc")
    if certificate.local:
        names.append("localhost")
    for alias in component.aliases:  # a client checks the name as it was asked for: short, or in full
        names += [alias, f"{alias}.{component.namespace}.svc", f"{alias}.{component.namespace}.svc.cluster.local"]
    zone = region.fleet.private_dns_zone
    if component is QUERY:
        names.append(query_host(region.name, zone))
    if component is PROMETHEUS:
        names += [federation_host(region.name, replica, zone) for replica in range(region.prometheus.replicas)]
    return names


def _certificate(component: Component, region: Region) -> Manifest:
    usages = component.certificate.usages if component.certificate else ()
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": component.certificate_secret, "namespace": component.namespace},
        "spec": {
            "secretName": component.certificate_secret,
            "commonName": identity(component, region.name),
            "dnsNames": dns_names(component, region),
            "usages": ["digital signature", *(usage.value for usage in Usage if usage in usages)],
            "duration": DURATION,
            "renewBefore": RENEW_BEFORE,
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "issuerRef": dict(issuer(region)),
        },
    }
