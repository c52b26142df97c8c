"""Everything that has metrics is scraped, by the job that rules name; the record is made by `monitoring render`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import (
    ALERTMANAGER,
    CACHE,
    COMPACTOR,
    COMPONENTS,
    DRILL,
    GRAFANA,
    OPERATOR_WEBHOOK,
    PROMETHEUS,
    QUERY,
    QUERY_FRONTEND,
    RECEIVE_INGESTOR,
    RECEIVE_ROUTER,
    REDIS_CREDENTIALS,
    SIGN_IN,
    STORE_GATEWAY,
)
from monitoring.blueprint.dashboards.promql import job
from monitoring.blueprint.scraping import federation
from monitoring.blueprint.scraping.files import scrape_files
from monitoring.blueprint.scraping.monitors import Record, jobs, jobs_of, record
from tests.stack.samples import TARGETS

KNOWN: Record = json.loads((Path(__file__).parents[3] / "golden" / "monitors.json").read_text())
WITHOUT_MONITOR = (
    OPERATOR_WEBHOOK,  # the chart has none; kube-state-metrics says whether it runs, the API server whether it answers
    REDIS_CREDENTIALS,  # a pause
    DRILL,  # found by its annotations (tests/monitoring/blueprint/objects/test_drill.py)
    CACHE,  # its chart's exporter does not fit `restricted`; who asks it says what is found and what fails
)

OF_OTHERS = frozenset({"orders", "cert-manager", "probe", "thanos-drill"})
"""Jobs that no monitor makes: the drill's, an application's, cert-manager's (tests/scrape), a team's Probe."""


@pytest.mark.parametrize(
    "component", [one for one in COMPONENTS if one not in WITHOUT_MONITOR], ids=lambda component: component.name
)
def test_a_component_with_metrics_is_selected_by_a_monitor(component: Component) -> None:
    assert jobs_of(component, KNOWN)


@pytest.mark.parametrize(
    "component",
    [
        PROMETHEUS,
        ALERTMANAGER,
        GRAFANA,
        RECEIVE_ROUTER,
        RECEIVE_INGESTOR,
        STORE_GATEWAY,
        COMPACTOR,
        QUERY,
        QUERY_FRONTEND,
        SIGN_IN,
    ],
    ids=lambda component: component.name,
)
def test_dashboards_rules_and_recorded_samples_name_the_job_and_namespace_of_a_component_as_its_monitor(
    component: Component,
) -> None:
    assert job(component) in jobs_of(component, KNOWN).values()
    assert (job(component), component.namespace) in {(target.job, target.namespace) for target in TARGETS}


@pytest.mark.parametrize("component", WITHOUT_MONITOR, ids=lambda component: component.name)
def test_components_listed_as_unmonitored_have_no_monitor(component: Component) -> None:
    assert not jobs_of(component, KNOWN)


@pytest.mark.parametrize(
    "wrong",
    [
        dataclasses.replace(GRAFANA, labels={"app": "grafana"}),
        dataclasses.replace(SIGN_IN, ports=(SIGN_IN.port("http"),)),
    ],
    ids=["labels", "another port"],
)
def test_component_without_a_monitor_is_reported(wrong: Component) -> None:
    assert not jobs_of(wrong, KNOWN)


@pytest.mark.parametrize(
    "job", ["apiserver", "kubelet", "coredns", "kube-state-metrics", "node-exporter", "azure-sql", "azure-redis"]
)
def test_kubernetes_and_the_databases_have_the_jobs_that_rules_name(job: str) -> None:
    assert job in jobs(KNOWN)


def test_each_recorded_job_has_a_known_origin() -> None:
    own = {job["job_name"] for file in scrape_files().files for job in file.data["scrape_configs"]}
    assert {target.job for target in TARGETS} <= jobs(KNOWN) | own | {federation.JOB} | OF_OTHERS


def test_a_job_of_our_own_has_no_monitors_name() -> None:
    own = {job["job_name"] for file in scrape_files().files for job in file.data["scrape_configs"]}
    assert own == {"azure-vms", "kubernetes-pods", "kubernetes-services"}
    assert not own & jobs(KNOWN)


def _monitor(**spec: Any) -> dict[str, Any]:
    return {"kind": "ServiceMonitor", "metadata": {"name": "trial", "namespace": "here"}, "spec": spec}


def _service(**labels: str) -> dict[str, Any]:
    return {
        "kind": "Service",
        "metadata": {"name": "front", "namespace": "here", "labels": {"app": "trial", **labels}},
        "spec": {"selector": dict(SIGN_IN.labels), "ports": [{"name": "m", "port": 80, "targetPort": "metrics"}]},
    }


SELECTOR = {"matchLabels": {"app": "trial"}}


@pytest.mark.parametrize(
    ("service", "endpoint", "job"),
    [
        (_service(), {"port": "m"}, "front"),
        (_service(team="shop"), {"port": "m"}, "shop"),
        (_service(team="shop"), {"port": "m", "relabelings": [{"targetLabel": "job", "replacement": "set"}]}, "set"),
    ],
    ids=["the Service's name", "its label", "the relabeling"],
)
def test_job_name_comes_from_relabeling_then_job_label_then_service(
    service: dict[str, Any], endpoint: dict[str, Any], job: str
) -> None:
    made = record([_monitor(selector=SELECTOR, jobLabel="team", endpoints=[endpoint]), service])
    assert jobs_of(SIGN_IN, made) == {"metrics": job}


def test_a_monitor_sees_only_its_own_namespaces() -> None:
    monitor = _monitor(selector=SELECTOR, endpoints=[{"port": "m"}], namespaceSelector={"matchNames": ["there"]})
    assert jobs_of(SIGN_IN, record([monitor, _service()])) == {}
