"""What one target may bring, as Prometheus is told it: docs/discovery.md has the reasons."""

from __future__ import annotations

from typing import Any

from monitoring.blueprint.releases import releases
from monitoring.blueprint.scraping.files import scrape_files
from monitoring.fleet import Fleet, Region

EVERY_TARGET = {
    "sampleLimit": 10_000,
    "enforcedSampleLimit": 300_000,
    "targetLimit": 200,
    "enforcedTargetLimit": 1_000,
    "enforcedLabelLimit": 40,
    "enforcedLabelNameLengthLimit": 128,
    "enforcedLabelValueLengthLimit": 1_024,
    "enforcedBodySizeLimit": "50MB",
    "enforcedKeepDroppedTargets": 100,
}
OWN_JOB = {
    "sample_limit": 10_000,
    "target_limit": 1_000,
    "label_limit": 40,
    "label_name_length_limit": 128,
    "label_value_length_limit": 1_024,
    "body_size_limit": "50MB",
    "keep_dropped_targets": 100,
}


def values(region: Region) -> Any:
    """Of the chart that makes Prometheus."""
    return next(one for one in releases(region, ()) if one.name == "kube-prometheus-stack").values


def test_prometheus_spec_has_the_scrape_limits(fleet: Fleet) -> None:
    for region in fleet.regions:
        spec = values(region)["prometheus"]["prometheusSpec"]
        assert {key: value for key, value in spec.items() if key in EVERY_TARGET} == EVERY_TARGET


def test_custom_scrape_jobs_have_the_scrape_limits(fleet: Fleet) -> None:
    for region in fleet.regions:
        jobs = scrape_files().jobs(region)
        assert jobs
        for job in jobs:
            assert {key: value for key, value in job.items() if key in OWN_JOB} == OWN_JOB


def test_pages_that_grow_with_the_cluster_have_the_most(fleet: Fleet) -> None:
    told = values(fleet.regions[0])
    assert told["kubelet"]["serviceMonitor"]["sampleLimit"] == 300_000
    assert told["kubeApiServer"]["serviceMonitor"]["sampleLimit"] == 300_000
    assert told["kube-state-metrics"]["prometheus"]["monitor"]["sampleLimit"] == 300_000
