"""The certificates of a region, each said once more by hand: a name too many would let somebody stand for another."""

from __future__ import annotations

import pytest

from monitoring.blueprint.components.workloads import GRAFANA
from monitoring.blueprint.objects.certificates import certificates, dns_names
from monitoring.fleet import Fleet, Region

SERVER, CLIENT = "server auth", "client auth"

NAMES: dict[str, tuple[list[str], list[str]]] = {
    "prometheus": (
        [
            "prometheus-prometheus.monitoring.svc",
            "*.prometheus-operated.monitoring.svc",
            "localhost",
            "prometheus",
            "prometheus.monitoring.svc",
            "prometheus.monitoring.svc.cluster.local",
            "prometheus-0.trial-alpha.metrics.trial.internal",
            "prometheus-1.trial-alpha.metrics.trial.internal",
        ],
        [SERVER, CLIENT],
    ),
    "alertmanager": (
        ["prometheus-alertmanager.monitoring.svc", "*.alertmanager-operated.monitoring.svc"],
        [SERVER, CLIENT],
    ),
    "thanos-query": (["thanos-query.monitoring.svc", "query.trial-alpha.metrics.trial.internal"], [SERVER]),
    "thanos-receive-router": (
        [
            "thanos-receive-router.monitoring.svc",
            "thanos-receiver",
            "thanos-receiver.monitoring.svc",
            "thanos-receiver.monitoring.svc.cluster.local",
        ],
        [SERVER],
    ),
    "thanos-global-query": (["thanos-global-query.monitoring.svc"], [CLIENT]),
}


def test_every_certificate_names_its_own_component_alone(zoned: Region) -> None:
    assert [one["spec"] for one in certificates(zoned, ())] == [
        {
            "secretName": f"{name}-tls",
            "commonName": f"{name}.trial-alpha",
            "dnsNames": names,
            "usages": ["digital signature", *usages],
            "duration": "2160h",
            "renewBefore": "720h",
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "issuerRef": {"name": "trial-ca", "kind": "Issuer", "group": "cert-manager.io"},
        }
        for name, (names, usages) in NAMES.items()
    ]


def test_every_certificate_is_cert_managers_in_the_namespace_of_its_component(zoned: Region) -> None:
    for one, name in zip(certificates(zoned, ()), NAMES, strict=True):
        assert (one["apiVersion"], one["kind"]) == ("cert-manager.io/v1", "Certificate")
        assert one["metadata"] == {"name": f"{name}-tls", "namespace": "monitoring"}


def test_a_region_without_the_global_view_has_no_certificate_for_it(fleet: Fleet) -> None:
    named = [one["metadata"]["name"] for one in certificates(fleet.region("trial-beta"), ())]
    assert named == [f"{name}-tls" for name in NAMES if name != "thanos-global-query"]


def test_component_without_certificate_has_no_dns_names(zoned: Region) -> None:
    with pytest.raises(ValueError, match="grafana has no certificate"):
        dns_names(GRAFANA, zoned)
