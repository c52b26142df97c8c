"""The values that run, judged: whatever gave them, a region's fields, a layer or an override.

An override of a value that a field of the region gives is put back into that field: every check of a region, and its
capacity, then holds for what runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from monitoring.blueprint.components.workloads import KUBE_PROMETHEUS_STACK, OBJECTS, THANOS
from monitoring.blueprint.releases.release import Release
from monitoring.errors import InvalidInput, Problem
from monitoring.fleet.kinds import QUANTITIES, kind_faults
from monitoring.fleet.loader import RegionFile
from monitoring.fleet.quantities import Size
from monitoring.fleet.yaml_file import ValuePath

_SPEC = "prometheus.prometheusSpec"
_FIELDS = {
    (KUBE_PROMETHEUS_STACK, f"{_SPEC}.replicas"): "prometheus.replicas",
    (KUBE_PROMETHEUS_STACK, f"{_SPEC}.retention"): "prometheus.retention",
    (KUBE_PROMETHEUS_STACK, f"{_SPEC}.retentionSize"): "prometheus.retention_size",
    (KUBE_PROMETHEUS_STACK, f"{_SPEC}.scrapeInterval"): "prometheus.scrape_interval",
    (KUBE_PROMETHEUS_STACK, f"{_SPEC}.query.maxConcurrency"): "load.concurrent_queries",
    (KUBE_PROMETHEUS_STACK, f"{_SPEC}.query.maxSamples"): "load.samples_per_query",
    (KUBE_PROMETHEUS_STACK, "alertmanager.alertmanagerSpec.replicas"): "alertmanager.replicas",
    (KUBE_PROMETHEUS_STACK, "alertmanager.alertmanagerSpec.retention"): "alertmanager.retention",
    (THANOS, "receive.replicationFactor"): "thanos.receive.replication_factor",
    (THANOS, "receive.retention"): "thanos.receive.retention",
    (THANOS, "receive.ingestor.replicas"): "thanos.receive.replicas",
    (THANOS, "receive.ingestor.persistence.size"): "thanos.receive.volume_size",
    (THANOS, "receive.ingestor.extraArgs[--tsdb.out-of-order.time-window]"): "thanos.outage_window",
    (THANOS, "storeGateway.replicas"): "thanos.store_gateway.replicas",
    (THANOS, "storeGateway.persistence.size"): "thanos.store_gateway.volume_size",
    (THANOS, "compact.persistence.size"): "thanos.compactor.volume_size",
    (THANOS, "compact.extraArgs[--retention.resolution-raw]"): "thanos.retention.raw",
    (THANOS, "compact.extraArgs[--retention.resolution-5m]"): "thanos.retention.five_minutes",
    (THANOS, "compact.extraArgs[--retention.resolution-1h]"): "thanos.retention.one_hour",
}
"""The field of a region that gives a value, by release and place (`Change.place`)."""

_ROUTERS_OF_THE_CHART = ("receive", "router", "replicas")
"""None run: the routers are objects of ours (receive_router.py), and an override of this is refused."""

_RESOURCES = {
    (KUBE_PROMETHEUS_STACK, f"{_SPEC}.resources"): "prometheus.resources",
    (THANOS, "receive.ingestor.resources"): "thanos.receive.resources",
    (THANOS, "storeGateway.resources"): "thanos.store_gateway.resources",
    (THANOS, "compact.resources"): "thanos.compactor.resources",
}
FIELDS = _FIELDS | {
    (release, f"{place}.{kind}.{name}"): f"{field}.{kind}.{name}"
    for (release, place), field in _RESOURCES.items()
    for kind in ("requests", "limits")
    for name in QUANTITIES
}


def effective(file: RegionFile, releases: Sequence[Release]) -> RegionFile:
    """The region as it runs; `InvalidInput` where an override breaks what a region's checks hold."""
    fields: dict[ValuePath, Any] = {}
    moved: dict[ValuePath, ValuePath] = {}
    problems = []
    for release in releases:
        for change in release.overrides:
            if (field := FIELDS.get((release.name, change.place))) is None:
                continue
            path, place = tuple(field.split(".")), ("helm_values", release.name, *change.path)
            try:
                fields[path], moved[path] = _of_field(path, change.after), place
            except ValueError as fault:
                problems.append(file.problem(place, str(fault)))
    if problems:
        raise InvalidInput(problems)
    return file.with_fields(fields, moved=moved) if fields else file


def _of_field(path: ValuePath, value: object) -> object:
    """A value as the region's file would have it."""
    if value is None:
        raise ValueError(f"must not be null: the field {'.'.join(map(str, path))} of the region gives it")
    if path[-1] in QUANTITIES or path[-1] == "volume_size":
        return QUANTITIES.get(str(path[-1]), Size).of_kubernetes(value)
    return value.partition("=")[2] if isinstance(value, str) and value.startswith("--") else value


def final_problems(file: RegionFile, releases: Sequence[Release]) -> Iterator[Problem]:
    """Everything that is wrong with the values that run, at the region's line that gave them."""
    faults = [
        file.problem(("helm_values", release.name, *path), message)
        for release in releases
        if release.name != OBJECTS  # the routers there are as Thanos' values say
        for path, message in kind_faults(release.values)
        if (release.name, path) != (THANOS, _ROUTERS_OF_THE_CHART)
    ]
    yield from faults
    try:
        effective(file, releases)
    except InvalidInput as invalid:
        told = {problem.path for problem in faults}
        yield from (problem for problem in invalid.problems if problem.path not in told)
