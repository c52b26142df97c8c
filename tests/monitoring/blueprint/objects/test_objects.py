"""Whole objects: certificates, the bundle of roots."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import COMPONENTS, PROMETHEUS
from monitoring.blueprint.objects import objects
from monitoring.blueprint.objects.certificates import certificates, dns_names, identity
from monitoring.blueprint.objects.trust import TRUST_BUNDLE, TRUST_KEY, trust_bundle
from monitoring.fleet import Fleet, Region
from monitoring.fleet.trust import Root
from monitoring.local.authorities import issue

CERTIFIED = [component for component in COMPONENTS if component.certificate]


def _certificate(component: Component, region: Region) -> Any:
    named = {one["metadata"]["name"]: one for one in certificates(region, ())}
    return named[component.certificate_secret]


def test_each_object_has_a_namespace_and_is_unique(fleet: Fleet) -> None:
    for region in fleet.regions:
        made = objects(region, fleet.peers_of(region))
        known = [(one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]) for one in made]
        assert len(set(known)) == len(known) >= 5


@pytest.mark.parametrize("component", CERTIFIED, ids=lambda one: one.name)
def test_a_certificate_is_short_lived_by_the_regions_issuer_with_a_new_key_each_time(
    component: Component, zoned: Region
) -> None:
    spec = _certificate(component, zoned)["spec"]
    assert (spec["duration"], spec["renewBefore"]) == ("2160h", "720h")
    assert spec["privateKey"] == {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}
    assert spec["issuerRef"] == {"name": "trial-ca", "kind": "Issuer", "group": "cert-manager.io"}
    assert component.certificate
    assert set(spec["usages"]) - {"digital signature"} == set(component.certificate.usages)
    assert component.host in spec["dnsNames"]


def test_prometheus_certificate_has_pod_names_and_localhost(zoned: Region) -> None:
    assert {"*.prometheus-operated.monitoring.svc", "localhost"} <= set(dns_names(PROMETHEUS, zoned))


def test_certificates_have_the_regional_dns_names_of_replicas_and_query(fleet: Fleet) -> None:
    names = [
        name
        for region in fleet.regions
        for component in CERTIFIED
        for name in dns_names(component, region)
        if name.endswith(".metrics.trial.internal")
    ]
    assert len(set(names)) == len(names) == 3 * (1 + 2)
    assert "query.trial-beta.metrics.trial.internal" in names
    assert "prometheus-1.trial-gamma.metrics.trial.internal" in names


def test_a_client_is_known_by_component_and_region(zoned: Region, unzoned: Region) -> None:
    assert identity(PROMETHEUS, zoned.name) != identity(PROMETHEUS, unzoned.name)
    assert _certificate(PROMETHEUS, zoned)["spec"]["commonName"] == "prometheus.trial-alpha"


def test_a_common_name_is_never_too_long() -> None:
    """X.509 takes 64 characters, and a region's name has up to 24."""
    assert max(len(identity(component, "x" * 24)) for component in CERTIFIED) <= 64


def test_the_bundle_holds_every_root(zoned: Region) -> None:
    both = zoned.model_copy(update={"trust": (*zoned.trust, Root.parse(issue("next", authority=True).pem))})
    (made,) = trust_bundle(both, ())
    assert made["metadata"]["name"] == TRUST_BUNDLE
    assert made["data"] == {TRUST_KEY: both.trust[0].pem + both.trust[1].pem}


def test_trust_bundle_is_absent_without_roots(zoned: Region) -> None:
    """Thanos would serve without TLS where its bundle is empty; a pod whose ConfigMap is missing does not start."""
    assert list(trust_bundle(zoned.model_copy(update={"trust": ()}), ())) == []
