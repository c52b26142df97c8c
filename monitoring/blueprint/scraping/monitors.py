"""The targets and job names of rendered monitors. Pure functions of manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.values.manifests import Manifest

Record = Mapping[str, list[dict[str, Any]]]
"""`{"monitors": […], "services": […]}`, as `monitoring render --record` commits it."""


def record(manifests: list[Manifest]) -> Record:
    """Monitors with what they select, Services with their labels; sorted, and small enough to be committed."""
    found = {
        "monitors": [_monitor(manifest) for manifest in manifests if manifest["kind"] == "ServiceMonitor"],
        "services": [_service(manifest) for manifest in manifests if manifest["kind"] == "Service"],
    }
    return {kind: sorted(rows, key=lambda row: (row["namespace"], row["name"])) for kind, rows in found.items()}


def _monitor(manifest: Manifest) -> dict[str, Any]:
    spec = manifest["spec"]
    return {
        "name": manifest["metadata"]["name"],
        "namespace": manifest["metadata"]["namespace"],
        "namespaces": (spec.get("namespaceSelector") or {}).get("matchNames") or [manifest["metadata"]["namespace"]],
        "labels": spec["selector"]["matchLabels"],
        "job_label": spec.get("jobLabel"),
        "ports": sorted({endpoint["port"] for endpoint in spec["endpoints"]}),
        "job": next((job for endpoint in spec["endpoints"] if (job := _replaced(endpoint))), None),
    }


def _replaced(endpoint: Mapping[str, Any]) -> str | None:
    """The job that an endpoint's relabelings set, whatever the Service says."""
    rules = endpoint.get("relabelings") or ()
    return next((rule["replacement"] for rule in rules if rule.get("targetLabel") == "job"), None)


def _service(manifest: Manifest) -> dict[str, Any]:
    metadata, spec = manifest["metadata"], manifest["spec"]
    return {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "labels": metadata.get("labels") or {},
        "selector": spec.get("selector") or {},
        "ports": [
            {"name": port.get("name"), "target": port.get("targetPort", port["port"])} for port in spec.get("ports", ())
        ],
    }


def jobs_of(component: Component, known: Record) -> dict[str, str]:
    """The jobs that scrape a component's ports: port name to job. Empty where no monitor selects it."""
    return {
        port: job
        for monitor in known["monitors"]
        for service, job in _selected(monitor, known)
        if service["selector"] and service["selector"].items() <= component.labels.items()
        for port in _reached(component, service, monitor["ports"])
    }


def jobs(known: Record) -> frozenset[str]:
    """Every job of a monitor.

    Services that no chart renders (the API server's is the cluster's, the kubelets' is the operator's) are asked for
    by the label that gives the job.
    """
    rendered = {job for monitor in known["monitors"] for _, job in _selected(monitor, known)}
    asked = {monitor["labels"].get(monitor["job_label"]) for monitor in known["monitors"]}
    return frozenset(rendered | asked - {None})


def _selected(monitor: Mapping[str, Any], known: Record) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Services that a monitor selects, each with its job: prometheus-operator's rule is relabeling, label, name."""
    for service in known["services"]:
        if service["namespace"] in monitor["namespaces"] and monitor["labels"].items() <= service["labels"].items():
            yield service, monitor["job"] or service["labels"].get(monitor["job_label"]) or service["name"]


def _reached(component: Component, service: Mapping[str, Any], ports: list[str]) -> Iterator[str]:
    targets = {served["target"] for served in service["ports"] if served["name"] in ports}
    yield from (port.name for port in component.ports if port.name in targets or port.number in targets)
