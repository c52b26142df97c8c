"""Scrape jobs of the local system: the deployed jobs and labels with static targets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.names import federation_host
from monitoring.blueprint.components.workloads import (
    ALERTMANAGER,
    ALERTMANAGER_PATH,
    KUBE_PROMETHEUS_STACK,
    PROMETHEUS,
    SIGN_IN,
)
from monitoring.blueprint.scraping import federation as federated
from monitoring.blueprint.scraping.files import scrape_files
from monitoring.blueprint.scraping.jobs import job_name
from monitoring.local import sidecar
from monitoring.local.operator import SCRAPE_INTERVAL, tls
from monitoring.local.region import ADDRESSES, LOOPBACK, SECONDS, LocalRegion, Program, pod_name

PORTS = {SIGN_IN.name: "metrics", PROMETHEUS.name: "http-web", ALERTMANAGER.name: "http-web"}
"""The scraped port of a component, where it is not `http`."""

PODS_JOB = "kubernetes-pods"
"""Of helm-values/scrape/kubernetes.yaml."""

PATHS = {ALERTMANAGER.name: f"{ALERTMANAGER_PATH}/metrics"}
_MONITORS = {PROMETHEUS.name: "prometheus", ALERTMANAGER.name: "alertmanager"}


def jobs(
    local_region: LocalRegion, pods: Iterable[tuple[Component, str]], more: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """A job per component that runs here, and `more`."""
    by_component: dict[str, tuple[Component, list[str]]] = {}
    for component, pod in pods:
        by_component.setdefault(component.name, (component, []))[1].append(pod)
    local_region.differences.note(
        "prometheus", "discovery", "kubernetes_sd_configs", "static_configs", why="no Kubernetes"
    )
    return [*(_job(local_region, component, names) for component, names in by_component.values()), *more]


def application(local_region: LocalRegion, program: Program) -> list[dict[str, Any]]:
    """The deployed job of pods that ask for it by annotation, which finds the example as such a pod."""
    pod = program.name.rpartition("/")[2]
    found = {
        "annotation_prometheus_io_scrape": "true",
        "annotation_prometheus_io_port": str(program.port),
        "name": pod,
        "label_app_kubernetes_io_name": program.component,
        "phase": "Running",
    }
    labels = {f"__meta_kubernetes_pod_{key}": value for key, value in found.items()}
    labels |= {"__meta_kubernetes_namespace": program.component}
    target = {"targets": [f"{LOOPBACK}:{program.port}"], "labels": labels}
    made = []
    for job in scrape_files().jobs(local_region.region):
        if job["job_name"] == PODS_JOB:
            kept = {key: value for key, value in job.items() if key != "kubernetes_sd_configs"}
            made.append({**kept, "static_configs": [target], "scrape_interval": SCRAPE_INTERVAL})
        else:
            local_region.differences.note(
                job["job_name"], "scrape jobs", job["job_name"], "", why="nothing of it runs here"
            )
    return made


def federation(local_region: LocalRegion, *, through_the_sidecar: bool) -> list[dict[str, Any]]:
    """The deployed job, of the regions that run here: /federate of each replica, of its sidecar or by its own TLS."""
    port, why = (sidecar.PORT, ADDRESSES) if through_the_sidecar else ("http-web", f"{sidecar.NAME}: {sidecar.MISSING}")
    zone = local_region.region.fleet.private_dns_zone
    folder = local_region.secret(PROMETHEUS)
    made = []
    for job in federated.scrape_jobs(
        local_region.region, local_region.peers, trust=str(local_region.trust), tls=str(folder)
    ):
        here = {
            federation_host(peer.name, replica, zone): local_region.ports.of(
                peer.name, pod_name(PROMETHEUS, replica), port
            )
            for peer in local_region.peers
            if peer.name in local_region.running
            for replica, _ in enumerate(peer.federation_addresses)
        }
        (static,) = job["static_configs"]
        asked = [host for target in static["targets"] if (host := target.rpartition(":")[0]) in here]
        targets = [f"{LOOPBACK}:{here[host]}" for host in asked]
        local_region.differences.note(
            federated.JOB, "targets", ", ".join(static["targets"]), ", ".join(targets), why=why
        )
        local_region.differences.note(
            federated.JOB, "scrape interval", job["scrape_interval"], SCRAPE_INTERVAL, why=SECONDS
        )
        made.append({**job, "static_configs": [{"targets": targets}], "scrape_interval": SCRAPE_INTERVAL})
    return made


def _job(local_region: LocalRegion, component: Component, pods: Iterable[str]) -> dict[str, Any]:
    port = PORTS.get(component.name, "http")
    local_region.differences.note(job_name(component), "scrape interval", "30s", SCRAPE_INTERVAL, why=SECONDS)
    labels = {"namespace": component.namespace, "service": component.service, "endpoint": port}
    return {
        "job_name": job_name(component),
        "scrape_interval": SCRAPE_INTERVAL,
        "metrics_path": PATHS.get(component.name, "/metrics"),
        "static_configs": [
            {
                "targets": [local_region.address(pod, port)],
                "labels": {**labels, "pod": pod, "container": component.name},
            }
            for pod in pods
        ],
        **dict(_secured(local_region, component)),
    }


def _secured(local_region: LocalRegion, component: Component) -> Iterator[tuple[str, object]]:
    if key := _MONITORS.get(component.name):
        monitor = local_region.values(KUBE_PROMETHEUS_STACK)[key]["serviceMonitor"]
        yield "scheme", monitor["scheme"]
        yield "tls_config", tls(local_region, monitor["tlsConfig"], owner=PROMETHEUS)
