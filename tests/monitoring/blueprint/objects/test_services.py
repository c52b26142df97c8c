"""The names `prometheus:9090` and `thanos-receiver:19291`: Services before the pods, and in their certificates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitoring.blueprint.components.workloads import PROMETHEUS, RECEIVE_ROUTER
from monitoring.blueprint.objects.certificates import dns_names
from monitoring.blueprint.objects.services import services
from monitoring.blueprint.values.charts import ROOT
from monitoring.fleet import Region

THANOS_ROUTER = {
    "app.kubernetes.io/name": "thanos",
    "app.kubernetes.io/instance": "thanos",
    "app.kubernetes.io/component": "receive-router",
}


@pytest.mark.parametrize(
    ("name", "port", "selector"),
    [
        ("prometheus", 9090, {"app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": "prometheus"}),
        ("thanos-receiver", 19291, THANOS_ROUTER),
    ],
)
def test_service_selector_matches_the_components_pods(
    unzoned: Region, name: str, port: int, selector: dict[str, str]
) -> None:
    (spec,) = (one["spec"] for one in services(unzoned, ()) if one["metadata"]["name"] == name)
    assert (spec["type"], spec["selector"]) == ("ClusterIP", selector)
    assert port in {one["port"] for one in spec["ports"]}
    assert {one["metadata"]["namespace"] for one in services(unzoned, ())} == {"monitoring"}


def test_the_router_as_it_is_rendered_has_these_labels_and_this_port() -> None:
    rows = json.loads((ROOT / "tests" / "golden" / "workloads.json").read_text())
    (router,) = (row for row in rows if row["kind"] == "Deployment" and row["name"] == "thanos-ring-router")
    assert router["labels"] == THANOS_ROUTER
    assert {"name": "http-rem-write", "number": 19291, "protocol": "TCP"} in router["ports"]


@pytest.mark.parametrize(
    ("component", "name"),
    [(PROMETHEUS, "prometheus"), (RECEIVE_ROUTER, "thanos-receiver")],
    ids=["prometheus", "router"],
)
def test_the_certificate_holds_the_name_short_and_in_full(unzoned: Region, component: Any, name: str) -> None:
    full = f"{name}.monitoring.svc.cluster.local"
    assert {name, f"{name}.monitoring.svc", full} <= set(dns_names(component, unzoned))


def test_no_port_without_tls_has_such_a_name(unzoned: Region) -> None:
    ports = {(one["metadata"]["name"], port["port"]) for one in services(unzoned, ()) for port in one["spec"]["ports"]}
    assert ports == {("prometheus", 9090), ("prometheus", 9443), ("thanos-receiver", 19291)}


def test_extra_service_matches_no_service_monitor(unzoned: Region) -> None:
    assert [one["metadata"].get("labels") for one in services(unzoned, ())] == [None, None]
