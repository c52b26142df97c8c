"""Prometheus service discovery in the chart values: scrape jobs, limits, Azure identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.blueprint.components.workloads import PROMETHEUS
from monitoring.blueprint.scraping import limits
from monitoring.blueprint.scraping.files import scrape_files
from monitoring.fleet.model import Region


def discovery(region: Region, *, more_jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Paths of the stack's values; `more_jobs` are those that depend on other regions."""
    spec = {
        **limits.of_prometheus(),
        "additionalScrapeConfigs": [*scrape_files().delivered(region), *more_jobs],
        "podMetadata.labels": {"azure.workload.identity/use": "true"},  # brings the token for Azure's API
    }
    return {
        **{f"prometheus.prometheusSpec.{key}": value for key, value in spec.items()},
        "prometheus.serviceAccount": {"create": False, "name": PROMETHEUS.service_account},
        # the chart's 10 s for cAdvisor are three times the samples, of its largest page
        "kubelet.serviceMonitor.interval": region.prometheus.scrape_interval.prometheus,
        # pages that grow with the cluster
        "kubelet.serviceMonitor.sampleLimit": limits.MOST_SAMPLES,
        "kubeApiServer.serviceMonitor.sampleLimit": limits.MOST_SAMPLES,
        "kube-state-metrics.prometheus.monitor.sampleLimit": limits.MOST_SAMPLES,
        # a target per node
        "kubelet.serviceMonitor.targetLimit": limits.MOST_TARGETS,
        "prometheus-node-exporter.prometheus.monitor.targetLimit": limits.MOST_TARGETS,
        # the chart annotates it besides its monitor: it would be scraped twice
        "prometheus-node-exporter.service.annotations": {"prometheus.io/scrape": "false"},
    }
