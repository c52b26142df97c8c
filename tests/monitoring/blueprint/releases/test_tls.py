"""Who shows a certificate to whom, and what is left in the clear."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import ALERTMANAGER, COMPONENTS, PROMETHEUS, QUERY, RECEIVE_ROUTER
from monitoring.blueprint.network.flow import Auth
from monitoring.blueprint.network.flows import flows
from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.release import to_yaml
from monitoring.blueprint.releases.tls import TRUST_FOLDER
from monitoring.blueprint.values import flags
from monitoring.blueprint.values.layers import leaves
from monitoring.fleet import Fleet, Region
from monitoring.fleet.model import Peer
from monitoring.fleet.trust import Root
from monitoring.local.authorities import issue

GOLDEN = Path(__file__).parents[3] / "golden"
FLAGS: dict[str, list[str]] = json.loads((GOLDEN / "flags.json").read_text())

PLAIN = {
    "http://grafana.monitoring.svc:80": "who comes has signed in; policies pass oauth2-proxy alone",
    "http://thanos-query-frontend.monitoring.svc:10902": "Thanos' HTTP: the chart calls Query by http:// and no other "
    "way (--query-frontend.downstream-url), so both are read-only and behind policies",
    "http://thanos-global-query-frontend.monitoring.svc:10902": "the same, of the global view",
}
"""Every address of ours that is called without TLS, with the reason."""

READS_ROOTS_ONCE = {
    "alertmanager": ("kube-prometheus-stack", "alertmanager.alertmanagerSpec.podMetadata.annotations"),
    "prometheus": ("kube-prometheus-stack", "prometheus.prometheusSpec.podMetadata.annotations"),
    "grafana": ("kube-prometheus-stack", "grafana.podAnnotations"),
    "thanos-receive-router": ("thanos", "receive.router.podAnnotations"),
    "thanos-query": ("thanos", "query.podAnnotations"),
    "thanos-global-query": ("thanos-global", "query.podAnnotations"),
    "oauth2-proxy": ("oauth2-proxy", "podAnnotations"),
}
"""Prometheus itself reads the roots at every request (prometheus/common, tlsRoundTripper); its sidecar does not."""


def _values(region: Region) -> dict[str, Any]:
    return {release.name: release.values for release in releases(region, ())}


def _at(values: Any, path: str) -> Any:
    for part in path.split("."):
        values = values[part]
    return values


@pytest.fixture(scope="module")
def values(zoned: Region) -> dict[str, Any]:
    return _values(zoned)


def _texts(values: Mapping[str, Any]) -> Iterator[str]:
    for _, value in leaves(values):
        yield from value if isinstance(value, list) and all(isinstance(one, str) for one in value) else [str(value)]


def plain_addresses(values: Mapping[str, Any]) -> set[str]:
    """http:// addresses of our own Services, anywhere in a release's values."""
    found = {match for text in _texts(values) for match in re.findall(r"http://[^\s'\"|/]+", text)}
    return {address for address in found if ".svc" in address or "localhost" in address}


def test_every_address_without_tls_is_known_with_its_reason(fleet: Fleet) -> None:
    for region in fleet.regions:
        found = {address for made in _values(region).values() for address in plain_addresses(made)}
        assert found == {address for address in PLAIN if region.global_view or "thanos-global" not in address}


def test_plain_http_address_is_reported_anywhere_in_values() -> None:
    inside = {"a": [{"b": "x: 'http://one.monitoring.svc:80/x'"}], "c": {"d": "http://two.monitoring.svc"}}
    assert plain_addresses(inside) == {"http://one.monitoring.svc:80", "http://two.monitoring.svc"}


@pytest.mark.parametrize(
    ("component", "path"),
    [(PROMETHEUS, "prometheus.prometheusSpec.web"), (ALERTMANAGER, "alertmanager.alertmanagerSpec.web")],
)
def test_web_servers_show_their_own_certificate(component: Component, path: str, values: Any) -> None:
    assert _at(values["kube-prometheus-stack"], path)["tlsConfig"] == {
        "cert": {"secret": {"name": component.certificate_secret, "key": "tls.crt"}},
        "keySecret": {"name": component.certificate_secret, "key": "tls.key"},
        "minVersion": "TLS13",
    }


@pytest.mark.parametrize(
    ("component", "path"),
    [
        (PROMETHEUS, "prometheus.serviceMonitor"),
        (ALERTMANAGER, "alertmanager.serviceMonitor"),
        (ALERTMANAGER, "alertmanager.alertmanagerSpec"),
    ],
)
def test_scrape_and_alert_clients_verify_the_server_name(component: Component, path: str, values: Any) -> None:
    """By the pod's address alone, since that is what discovery gives."""
    client = _at(values["kube-prometheus-stack"], path)
    assert client["scheme"] == "https"
    assert client["tlsConfig"] == {
        "ca": {"configMap": {"name": "trust-bundle", "key": "roots.pem"}},
        "serverName": component.host,
    }


def test_remote_write_uses_mutual_tls_and_verifies_the_server_name(values: Any) -> None:
    (queue,) = _at(values["kube-prometheus-stack"], "prometheus.prometheusSpec.remoteWrite")
    assert queue["url"] == "https://thanos-receive-router.monitoring.svc:19291/api/v1/receive"
    assert queue["tlsConfig"]["serverName"] == RECEIVE_ROUTER.host
    assert queue["tlsConfig"]["cert"]["secret"]["name"] == PROMETHEUS.certificate_secret


def test_alertmanagers_gossip_with_certificates_on_both_sides(values: Any) -> None:
    gossip = _at(values["kube-prometheus-stack"], "alertmanager.alertmanagerSpec.clusterTLS")
    assert gossip["server"]["clientAuthType"] == "RequireAndVerifyClientCert"
    assert gossip["client"]["cert"] == gossip["server"]["cert"]
    assert gossip["client"]["serverName"] == ALERTMANAGER.host


@pytest.mark.parametrize(
    ("component", "part", "listener"),
    [(RECEIVE_ROUTER, "receive.router", "remote-write.server"), (QUERY, "query", "grpc-server")],
)
def test_a_thanos_listener_lets_in_clients_of_the_roots_alone(
    component: Component, part: str, listener: str, values: Any
) -> None:
    made = _at(values["thanos"], part)
    files = {flag.partition("=")[0]: flag.partition("=")[2] for flag in made["extraArgs"]}
    mounts = {mount["mountPath"]: mount for mount in made["extraVolumeMounts"]}
    volumes = {volume["name"]: volume for volume in made["extraVolumes"]}
    for name, file, source in (
        ("cert", "tls.crt", {"secret": {"secretName": component.certificate_secret}}),
        ("key", "tls.key", {"secret": {"secretName": component.certificate_secret}}),
        ("client-ca", "roots.pem", {"configMap": {"name": "trust-bundle"}}),
    ):
        folder, _, base = files[f"--{listener}-tls-{name}"].rpartition("/")
        assert base == file
        assert "subPath" not in mounts[folder], "a file that is mounted alone does not change in a running pod"
        assert {**volumes[mounts[folder]["name"]]} == {"name": mounts[folder]["name"], **source}


THANOS_LISTENERS = {"--remote-write.server-tls-client-ca": "http-rem-write", "--grpc-server-tls-client-ca": "grpc"}


def listeners(values: Any) -> dict[tuple[str, str], Auth]:
    """What each port that speaks TLS asks of its callers, by component and port."""
    stack, thanos = values["kube-prometheus-stack"], values["thanos"]
    found = {("prometheus-operator", "https"): Auth.TLS, ("prometheus-operator-webhook", "https"): Auth.TLS}
    for component, path in ((PROMETHEUS, "prometheus.prometheusSpec"), (ALERTMANAGER, "alertmanager.alertmanagerSpec")):
        if "tlsConfig" in _at(stack, path).get("web", {}):
            found |= {(component.name, port): Auth.TLS for port in ("http-web", "reloader-web")}
    gossip = _at(stack, "alertmanager.alertmanagerSpec").get("clusterTLS", {})
    if gossip.get("server", {}).get("clientAuthType") == "RequireAndVerifyClientCert":
        found[ALERTMANAGER.name, "mesh-tcp"] = Auth.MTLS
    for container in _at(stack, "prometheus.prometheusSpec").get("containers", ()):
        if f"--client-ca-file={TRUST_FOLDER}/roots.pem" in container["args"]:
            found[PROMETHEUS.name, container["ports"][0]["name"]] = Auth.MTLS
    for component, part in ((RECEIVE_ROUTER, "receive.router"), (QUERY, "query")):
        for flag in flags.names(_at(thanos, part)["extraArgs"]):
            if flag in THANOS_LISTENERS:
                found[component.name, THANOS_LISTENERS[flag]] = Auth.MTLS
    return found


def wrong_flows(region: Region, peers: Sequence[Peer], served: Mapping[tuple[str, str], Auth]) -> Iterator[str]:
    """Rows that say something else of TLS than the port that they lead to."""
    for flow in flows(region, peers):
        if isinstance(flow.target, Component):
            said = flow.auth if flow.auth in (Auth.TLS, Auth.MTLS) else None
            if said != served.get((flow.target.name, flow.port)):
                yield str(flow)


def test_flow_authentication_matches_the_tls_values(fleet: Fleet) -> None:
    for region in fleet.regions:
        served = listeners(_values(region))
        assert len(served) == 10
        assert list(wrong_flows(region, fleet.peers_of(region), served)) == []


def test_flow_with_unconfigured_mutual_tls_is_reported(zoned: Region, values: Any) -> None:
    served = listeners(values)
    del served[RECEIVE_ROUTER.name, "http-rem-write"]
    assert list(wrong_flows(zoned, (), served)) == ["prometheus -> thanos-receive-router:http-rem-write"]


def test_query_asks_its_own_region_without_tls(values: Any) -> None:
    assert not [flag for flag in values["thanos"]["query"]["extraArgs"] if flag.startswith("--grpc-client")]


def test_the_webhooks_certificate_is_the_regions_issuers(values: Any, zoned: Region) -> None:
    issuer = _at(values["kube-prometheus-stack"], "prometheusOperator.admissionWebhooks.certManager.issuerRef")
    assert issuer["name"] == zoned.certificates.issuer.name


def test_no_client_trusts_the_authority_of_a_secret(fleet: Fleet) -> None:
    """A Secret's ca.crt is one issuer's: a rotation would part a client from its server."""
    for region in fleet.regions:
        assert not [name for name, made in _values(region).items() if "ca.crt" in to_yaml(made)]


@pytest.mark.parametrize("name", READS_ROOTS_ONCE)
def test_trust_bundle_change_restarts_pods_that_read_it_once(name: str, zoned: Region) -> None:
    release, path = READS_ROOTS_ONCE[name]
    other = zoned.model_copy(update={"trust": (*zoned.trust, Root.parse(issue("next", authority=True).pem))})
    before, same, after = (
        _at(_values(region)[release], path)["oversight.com/trust"] for region in (zoned, zoned, other)
    )
    assert before == same != after


@pytest.mark.parametrize(
    ("workload", "part"),
    [
        ("Deployment/thanos-query/thanos-query", "query"),
        ("Deployment/thanos-query-frontend/thanos-query-frontend", "queryFrontend"),
        ("Deployment/thanos-receive-router/thanos-receive-router", "receive.router"),
        ("StatefulSet/thanos-receive-ingestor/thanos-receive-ingestor", "receive.ingestor"),
        ("StatefulSet/thanos-compact/thanos-compact", "compact"),
    ],
)
def test_no_flag_repeats_one_of_the_chart(workload: str, part: str, values: Any) -> None:
    ours = flags.names(_at(values["thanos"], part)["extraArgs"])
    assert FLAGS[workload][-len(ours) :] == ours, "monitoring render prod-eastus --record"
    assert flags.repeated(FLAGS[workload]) == []


def test_each_certificate_is_mounted(values: Any) -> None:
    text = "".join(to_yaml(made) for name, made in values.items() if name != "objects")
    unused = [one.name for one in COMPONENTS if one.certificate and f": {one.certificate_secret}\n" not in text]
    assert unused == []
