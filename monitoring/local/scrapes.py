"""Scrape jobs here: the same jobs and labels, found by a list instead of by the API server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from monitoring.blueprint.components import (
    ALERTMANAGER,
    ALERTMANAGER_PATH,
    KUBE_PROMETHEUS_STACK,
    PROMETHEUS,
    SIGN_IN,
    Component,
)
from monitoring.blueprint.jobs import job_name
from monitoring.local.operator import SCRAPE_INTERVAL, tls
from monitoring.local.place import LOOPBACK, SECONDS, Part, Place

PORTS = {SIGN_IN.name: "metrics", PROMETHEUS.name: "http-web", ALERTMANAGER.name: "http-web"}
"""The scraped port of a component, where it is not `http`."""

PATHS = {ALERTMANAGER.name: f"{ALERTMANAGER_PATH}/metrics"}
_MONITORS = {PROMETHEUS.name: "prometheus", ALERTMANAGER.name: "alertmanager"}


def jobs(place: Place, pods: Iterable[tuple[Component, str]], more: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A job per component that runs here, and `more`."""
    by_component: dict[str, tuple[Component, list[str]]] = {}
    for component, pod in pods:
        by_component.setdefault(component.name, (component, []))[1].append(pod)
    place.differences.note("prometheus", "discovery", "kubernetes_sd_configs", "static_configs", why="no Kubernetes")
    return [*(_job(place, component, names) for component, names in by_component.values()), *more]


def application(part: Part) -> dict[str, Any]:
    """The job of the example, with the labels of a pod that asks for it by annotation."""
    labels = {"namespace": "shop", "pod": part.name.rpartition("/")[2]}
    target = {"targets": [f"{LOOPBACK}:{part.port}"], "labels": labels}
    return {"job_name": part.component, "scrape_interval": SCRAPE_INTERVAL, "static_configs": [target]}


def _job(place: Place, component: Component, pods: Iterable[str]) -> dict[str, Any]:
    port = PORTS.get(component.name, "http")
    place.differences.note(job_name(component), "scrape interval", "30s", SCRAPE_INTERVAL, why=SECONDS)
    labels = {"namespace": component.namespace, "service": component.service, "endpoint": port}
    return {
        "job_name": job_name(component),
        "scrape_interval": SCRAPE_INTERVAL,
        "metrics_path": PATHS.get(component.name, "/metrics"),
        "static_configs": [
            {"targets": [place.address(pod, port)], "labels": {**labels, "pod": pod, "container": component.name}}
            for pod in pods
        ],
        **dict(_secured(place, component)),
    }


def _secured(place: Place, component: Component) -> Iterator[tuple[str, object]]:
    if key := _MONITORS.get(component.name):
        monitor = place.values(KUBE_PROMETHEUS_STACK)[key]["serviceMonitor"]
        yield "scheme", monitor["scheme"]
        yield "tls_config", tls(place, monitor["tlsConfig"], owner=PROMETHEUS)
