"""Rows of components.py say what the charts really render; the record is made by `monitoring render --record`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import COMPONENTS, GRAFANA, JOBS, QUERY, RECEIVE_ROUTER, prometheus_claim
from monitoring.blueprint.values.charts import versions

ROWS: list[dict[str, Any]] = json.loads((Path(__file__).parents[3] / "golden" / "workloads.json").read_text())
OPERATED = {"prometheus", "alertmanager"}
"""Their pods are the operator's: the charts render a resource, and Services that select them."""


def _contains(whole: Mapping[str, str], part: Mapping[str, str]) -> bool:
    return part.items() <= whole.items()


def differences(component: Component, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Where the row says something else than the rendering."""
    here = [row for row in rows if row["namespace"] == component.namespace]
    workloads = [row for row in here if "service_account" in row and _contains(row["labels"], component.labels)]
    if component.name in OPERATED:
        workloads = [row for row in here if row["kind"].lower() == component.name]
    if len(workloads) != 1:
        yield f"labels select {len(workloads)} workloads"
        return
    if workloads[0]["service_account"] != component.service_account:
        yield f"account is {workloads[0]['service_account']}"
    if workloads[0]["host_network"] != component.host_network:
        yield f"host network is {workloads[0]['host_network']}"
    rendered = {(port["name"], port["number"], port["protocol"]) for port in workloads[0]["ports"]}
    own = {(port.name, port.number, port.protocol) for port in component.ports}
    if component.name not in OPERATED and not own <= rendered:
        yield f"ports are {sorted(rendered)}"
    if component.service:
        yield from _service_differences(component, here)


def _service_differences(component: Component, rows: list[dict[str, Any]]) -> Iterator[str]:
    if component.service is None:
        return
    services = [row for row in rows if row["kind"] == "Service" and row["name"] == component.service]
    if len(services) != 1:
        yield f"there are {len(services)} Services {component.service}"
        return
    if services[0]["selector"] != component.labels:
        yield f"the Service selects {services[0]['selector']}"
    for served in services[0]["ports"]:
        for port in component.ports:
            if served["target"] in (port.name, port.number) and served["port"] != (port.service or port.number):
                yield f"the Service has port {served['port']} for {port.name}"


@pytest.mark.parametrize("component", [*COMPONENTS, *JOBS], ids=lambda component: component.name)
def test_component_matches_the_rendered_workload(component: Component) -> None:
    assert list(differences(component, ROWS)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        dataclasses.replace(GRAFANA, labels={"app": "grafana"}),
        dataclasses.replace(GRAFANA, service_account="default"),
        dataclasses.replace(GRAFANA, ports=(dataclasses.replace(GRAFANA.ports[0], number=3001),)),
        dataclasses.replace(GRAFANA, ports=(dataclasses.replace(GRAFANA.ports[0], service=3000),)),
        dataclasses.replace(GRAFANA, service="grafana-web"),
        dataclasses.replace(GRAFANA, host_network=True),
        dataclasses.replace(QUERY, labels={"app.kubernetes.io/name": "thanos"}),
    ],
    ids=["labels", "account", "port", "service port", "service", "host network", "too wide"],
)
def test_component_that_differs_from_the_rendered_workload_is_reported(wrong: Component) -> None:
    assert list(differences(wrong, ROWS))


def test_each_rendered_workload_has_a_component() -> None:
    rows = {row["name"] for row in ROWS if "service_account" in row and row["kind"].lower() not in OPERATED}
    assert rows == {component.workload or component.name for component in (*COMPONENTS, *JOBS)} - OPERATED


def test_recorded_objects_have_the_pinned_chart_versions() -> None:
    (stack,) = {
        row["labels"].get("chart")
        for row in ROWS
        if row["name"] == "prometheus-operator" and "chart" in row.get("labels", {})
    }
    assert stack == f"kube-prometheus-stack-{versions().charts['kube-prometheus-stack'].version}"


def test_component_address_is_its_service_dns_name() -> None:
    assert GRAFANA.address("grafana") == "grafana.monitoring.svc:80"
    assert RECEIVE_ROUTER.address("http-rem-write") == "thanos-receive-router.monitoring.svc:19291"


def test_unknown_port_error_lists_known_ports() -> None:
    with pytest.raises(KeyError, match=r"grafana has no port 'http', only \['grafana'\]"):
        GRAFANA.port("http")


def test_a_claim_has_the_name_that_the_operator_looks_for() -> None:
    assert prometheus_claim(1) == "prometheus-prometheus-db-prometheus-prometheus-1"
