"""The rows of flows.py: right in themselves, and as the charts render what they name."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.components.model import Component, Port
from monitoring.blueprint.components.workloads import (
    ALERTMANAGER,
    COMPONENTS,
    GLOBAL_QUERY,
    GRAFANA,
    NODE_EXPORTER,
    OPERATOR,
    PROMETHEUS,
    QUERY_FRONTEND,
    SIGN_IN,
)
from monitoring.blueprint.network import checks
from monitoring.blueprint.network.checks import check_flows, flow_problems, unused_ports
from monitoring.blueprint.network.flow import Auth, ClusterPods, Flow, HostName
from monitoring.blueprint.network.flows import FILE, PARTICIPANTS, flows, participants
from monitoring.blueprint.network.page import page
from monitoring.blueprint.releases import releases
from monitoring.blueprint.releases.release import to_yaml
from monitoring.errors import InvalidInput
from monitoring.fleet import Fleet, Region

ROWS: list[dict[str, Any]] = json.loads((Path(__file__).parents[3] / "golden" / "workloads.json").read_text())

MADE_ELSEWHERE = {"prometheus-apiserver": ("API server", 443), "prometheus-kubelet": ("kubelet", 10250)}
"""Monitors whose Services no chart makes: Kubernetes' own, and the one that the operator writes."""

GOOD = Flow(GRAFANA, QUERY_FRONTEND, port="http", why="dashboards", auth=Auth.NONE, reason="inside")
STRANGE = dataclasses.replace(GRAFANA, name="graphana")


@pytest.fixture(params=["trial-alpha", "trial-beta", "trial-gamma"])
def region(request: pytest.FixtureRequest, fleet: Fleet) -> Region:
    """A region for each engine."""
    return fleet.region(request.param)


@pytest.fixture
def rows(region: Region, fleet: Fleet) -> tuple[Flow, ...]:
    """The rows of the region."""
    return flows(region, fleet.peers_of(region))


def test_flows_have_no_faults(rows: tuple[Flow, ...], region: Region) -> None:
    assert list(flow_problems(rows, participants(region))) == []


@pytest.mark.parametrize(
    ("wrong", "place", "message"),
    [
        (
            dataclasses.replace(GOOD, source=STRANGE),
            "graphana -> thanos-query-frontend:http",
            "must name a row of components.py, one of prometheus-operator, prometheus-operator-webhook, prometheus, ",
        ),
        (
            dataclasses.replace(GOOD, port="grpc"),
            "grafana -> thanos-query-frontend:grpc",
            "must be a port of thanos-query-frontend, one of http, got grpc",
        ),
        (
            dataclasses.replace(GOOD, target=ClusterPods(name="people", namespace="shop")),
            "grafana -> people:http",
            "must be a port of people, one of none, got http",
        ),
        (
            Flow(ClusterPods(name="a", namespace="b"), HostName(name="c.d"), port="https", why="", auth=Auth.MTLS),
            "a -> c.d:https",
            "must have a component of ours at one end, got a and c.d",
        ),
        (
            dataclasses.replace(GOOD, why="queries", reason=""),
            "grafana -> thanos-query-frontend:http",
            "must give a reason for an unknown caller, got none",
        ),
        (
            dataclasses.replace(GOOD, why="queries", auth=Auth.MTLS),
            "grafana -> thanos-query-frontend:http",
            "must give no reason, since the caller is known, got 'inside'",
        ),
        (GOOD, "grafana -> thanos-query-frontend:http", "must stand once for 'dashboards', got 2 rows"),
    ],
)
def test_wrong_flow_is_reported_with_its_source_and_target(
    wrong: Flow, place: str, message: str, zoned: Region
) -> None:
    found = [one for one in flow_problems((*flows(zoned, ()), wrong), participants(zoned)) if one.path == place]
    assert [(one.file, one.message.startswith(message)) for one in found] == [(FILE, True)]


def test_wrong_flow_fails_synthesis(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "flows", lambda *_: (dataclasses.replace(GOOD, port="htp"),))
    with pytest.raises(InvalidInput, match=r"flows\.py: grafana -> thanos-query-frontend:htp must be a port of "):
        check_flows(fleet)


def test_component_without_a_flow_is_reported(zoned: Region) -> None:
    without = [row for row in flows(zoned, ()) if GRAFANA not in {row.source, row.target} or row.why == "names"]
    found = [str(one) for one in flow_problems(without, participants(zoned))]
    assert found == [f"{FILE}: grafana must have a row or be SILENT, got no row"]


def test_port_without_a_flow_is_reported(zoned: Region) -> None:
    rows = flows(zoned, ())
    before = unused_ports(rows)
    after = unused_ports([row for row in rows if row.target != GRAFANA])
    assert [one for one in after if one not in before] == [(GRAFANA, GRAFANA.port("grafana"))]


def test_all_components_except_host_network_pods_may_query_dns(rows: tuple[Flow, ...], region: Region) -> None:
    asking = {row.source.name for row in rows if row.why == "names"}
    assert asking == {component.name for component in participants(region)} - {NODE_EXPORTER.name}


def test_flow_authentication_matches_the_installed_configuration(fleet: Fleet) -> None:
    """Web servers with a certificate, listeners that ask for one of the client."""
    region = fleet.region("trial-beta")
    peers = fleet.peers_of(region)
    rows = flows(region, peers)
    values: dict[str, Any] = {release.name: release.values for release in releases(region, peers)}
    stack, thanos = values["kube-prometheus-stack"], values["thanos"]
    for spec in (stack["prometheus"]["prometheusSpec"], stack["alertmanager"]["alertmanagerSpec"]):
        assert spec["web"]["tlsConfig"]["cert"]
    assert stack["alertmanager"]["alertmanagerSpec"]["clusterTLS"]["server"]["client_ca"]
    assert "--remote-write.server-tls-client-ca" in str(thanos["receive"]["router"]["extraArgs"])
    assert "--grpc-server-tls-client-ca" in str(thanos["query"]["extraArgs"])
    assert not [str(row) for row in rows if row.target in {PROMETHEUS, ALERTMANAGER} and row.auth == Auth.NONE]
    assert {str(row) for row in rows if row.auth == Auth.MTLS} == {
        "prometheus -> thanos-receive-router:http-rem-write",
        "alertmanager -> alertmanager:mesh-tcp",
        "nodes of trial-alpha -> thanos-query:grpc",
        "nodes of trial-alpha -> prometheus:federate",
    }


def _services(monitor: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        row
        for row in ROWS
        if row["kind"] == "Service"
        and row["namespace"] in monitor["namespaces"]
        and monitor["selector"].items() <= row["labels"].items()
    ]


def scraped(monitor: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    """What Prometheus is told to scrape: component or neighbour, name and number of the port."""
    named: dict[frozenset[tuple[str, str]], Any] = {frozenset(one.labels.items()): one for one in PARTICIPANTS}
    for service in _services(monitor):
        component: Component | None = named.get(frozenset(service["selector"].items()))
        for served in service["ports"]:
            if served["name"] not in monitor["ports"]:
                continue
            if component is None:
                yield service["name"], served["name"], served["target"]
            else:
                port = _pod_port(component, served["target"])
                yield component.name, port.name, port.number


def _pod_port(component: Component, target: str | int) -> Port:
    return next(port for port in component.ports if target in (port.name, port.number))


MONITORS = [row for row in ROWS if row["kind"] == "ServiceMonitor"]


def unopened(rows: Sequence[Flow], region: Region) -> set[tuple[str, int]]:
    """What a rendered monitor makes Prometheus scrape in a region, and no row opens."""
    absent = {one.name for one in PARTICIPANTS} - {one.name for one in participants(region)}
    opened = {(row.target.name, row.opened.number) for row in rows if row.source == PROMETHEUS}
    wanted = {(name, number) for monitor in MONITORS for name, _, number in scraped(monitor) if name not in absent}
    wanted |= {MADE_ELSEWHERE[monitor["name"]] for monitor in MONITORS if monitor["name"] in MADE_ELSEWHERE}
    return {("CoreDNS" if name == "prometheus-coredns" else name, number) for name, number in wanted} - opened


def test_every_rendered_monitor_has_its_row(rows: tuple[Flow, ...], region: Region) -> None:
    assert all(_services(monitor) for monitor in MONITORS if monitor["name"] not in MADE_ELSEWHERE)
    assert unopened(rows, region) == set()
    assert unopened([row for row in rows if row.target != OPERATOR], region) == {("prometheus-operator", 10250)}


def test_every_row_of_metrics_has_a_rendered_monitor(rows: tuple[Flow, ...]) -> None:
    """But for what is not ours to render: the teams' applications, and virtual machines."""
    wanted = {(name, number) for monitor in MONITORS for name, _, number in scraped(monitor)}
    ours = {
        (row.target.name, row.opened.number)
        for row in rows
        if row.why == "metrics" and isinstance(row.target, Component)
    }
    assert ours - wanted == {("thanos-drill", 9180)}  # found by its annotations


CALLERS = {
    ("kube-prometheus-stack", "prometheus"): PROMETHEUS,
    ("kube-prometheus-stack", "alertmanager"): ALERTMANAGER,
    ("kube-prometheus-stack", "grafana"): GRAFANA,
    ("thanos-global",): GLOBAL_QUERY,
    ("oauth2-proxy",): SIGN_IN,
}
"""Whose values stand below a release's key."""


def addressed(values: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Component and port of every address of ours, `service.namespace.svc:port`, anywhere in values."""
    served = {
        f"{component.host}:{port.service or port.number}": (component.name, port.name)
        for component in COMPONENTS
        if component.service
        for port in component.ports
    }
    found = set(re.findall(r"([a-z0-9.-]+\.svc:\d+)", to_yaml(values)))
    return {served[address] for address in found}


@pytest.mark.parametrize("place", CALLERS, ids=".".join)
def test_each_configured_address_has_a_flow(place: tuple[str, ...], fleet: Fleet) -> None:
    for region in fleet.regions:
        peers = fleet.peers_of(region)
        values: Any = {release.name: release.values for release in releases(region, peers)}
        for key in place:
            values = values.get(key, {})
        opened = {(row.target.name, row.port) for row in flows(region, peers) if row.source == CALLERS[place]}
        assert addressed(values) <= opened


def test_configured_address_without_a_flow_is_reported() -> None:
    inside = {"a": [{"b": "x: 'http://grafana.monitoring.svc:80/x'"}], "c": "https://thanos-query.monitoring.svc:10902"}
    assert addressed(inside) == {("grafana", "grafana"), ("thanos-query", "http")}


def test_the_page_names_every_component_and_every_reason(fleet: Fleet) -> None:
    text = page(fleet)
    assert all(component.name in text for component in PARTICIPANTS)
    region = fleet.region("trial-beta")
    assert all(row.reason in text for row in flows(region, fleet.peers_of(region)))


def test_flows_common_to_all_regions_are_listed_once(fleet: Fleet) -> None:
    lines = page(fleet).splitlines()
    assert len([line for line in lines if line.startswith("| thanos-receive-ingestor | Blob")]) == 1
    assert [line for line in lines if "| nodes of trial-alpha |" in line and "trial-beta, trial-gamma" in line]
