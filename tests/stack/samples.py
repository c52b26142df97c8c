"""A database of Prometheus with two regions' samples, made of the recorded expositions under the scrapes' labels."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from monitoring.blueprint.scraping import federation
from tests.stack.known_metrics import Series, series

REGIONS = ("trial-alpha", "trial-beta")
STEP = 60
"""Seconds between samples."""
SPAN = 2 * 3600
"""Seconds from the first sample to the last."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Who says the expositions `parts`, and the labels that the scrape adds.

    Job names are what the operator makes of the rendered monitors: the Service's label that `jobLabel` names, else
    the Service's name.
    """

    parts: tuple[str, ...]
    job: str
    pods: tuple[str, ...]
    namespace: str = "monitoring"
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)


TARGETS = (
    Target(
        parts=("prometheus", "prometheus-at-faults"),
        job="prometheus-prometheus",
        pods=("prometheus-prometheus-0", "prometheus-prometheus-1"),
    ),
    Target(
        parts=("alertmanager",),
        job="prometheus-alertmanager",
        pods=tuple(f"alertmanager-prometheus-{replica}" for replica in range(3)),
    ),
    Target(
        parts=("thanos-receive-ingestor",),
        job="thanos-receive-ingestor",
        pods=tuple(f"thanos-receive-ingestor-{replica}" for replica in range(3)),
    ),
    *(
        Target(parts=(part,), job=part, pods=(f"{part}-a", f"{part}-b"))
        for part in ("thanos-receive-router", "thanos-store-gateway", "thanos-query", "thanos-query-frontend")
    ),
    *(
        Target(parts=(f"thanos-{part}",), job=f"thanos-global-{part}", pods=(f"thanos-global-{part}-a",))
        for part in ("query", "query-frontend")
    ),
    Target(parts=("thanos-compact", "thanos-compact-at-work"), job="thanos-compact", pods=("thanos-compact-0",)),
    Target(parts=("thanos-drill",), job="thanos-drill", pods=("thanos-drill-1-a",)),
    Target(parts=("oauth2-proxy",), job="oauth2-proxy", pods=("oauth2-proxy-a", "oauth2-proxy-b")),
    Target(parts=("grafana",), job="grafana", pods=("grafana-a",)),
    Target(parts=("kube-state-metrics",), job="kube-state-metrics", pods=("kube-state-metrics-a",)),
    Target(
        parts=("node-exporter",),
        job="node-exporter",
        pods=("node-exporter-a", "node-exporter-b"),
        namespace="monitoring-node",
    ),
    *(
        Target(parts=(part,), job="kubelet", pods=(), namespace="kube-system", labels={"metrics_path": path})
        for part, path in (("kubelet", "/metrics"), ("cadvisor", "/metrics/cadvisor"))
    ),
    *(  # the database is the instance, and no pod is named: the monitors' relabelings
        Target(parts=(part,), job=job, pods=(), labels={"instance": f"{host}.trial.example:{port}"})
        for part, job, host, port in (
            ("postgres-exporter", "azure-sql", "psql", 5432),
            ("redis-exporter", "azure-redis", "redis", 10000),
        )
    ),
    Target(parts=(), job="azure-vms", pods=()),
    Target(parts=(), job=federation.JOB, pods=()),
    Target(parts=("cert-manager",), job="cert-manager", pods=("cert-manager-a",), namespace="cert-manager"),
    Target(parts=("blackbox-exporter",), job="probe", pods=("blackbox-exporter-a",)),
    Target(parts=("application",), job="orders", pods=("orders-a", "orders-b"), namespace="shop"),
)


INSIDE: Mapping[str, str] = {}
"""No external labels: a region as its own Prometheus sees it."""


Shape = Callable[[Mapping[str, str], Series, int], float]
"""The value of a series under all its labels, so many steps after the first sample."""


def steady(labels: Mapping[str, str], one: Series, step: int) -> float:
    """Counters rise by the same with each step, the rest stays."""
    if not one.rising:
        return one.value
    bound = labels.get("le", "+Inf")
    return one.value + step * (10 if bound == "+Inf" else min(10.0, 1 + float(bound)))


def write_database(
    folder: Path,
    *,
    promtool: str,
    until: int,
    names: Collection[str],
    outside: Iterable[Mapping[str, str]],
    recorded: Iterable[Series] = (),
    targets: Sequence[Target] = TARGETS,
    shape: Shape = steady,
) -> None:
    """Blocks under `folder`, the last sample at `until` (seconds since 1970), once for each of the labels `outside`.

    From the known sources at `targets` the series of `names`, and all of `recorded`.
    """
    text = folder / "samples.om"
    with text.open("w", encoding="utf-8") as file:
        for labels in outside:
            for inside, one in (*_scraped(targets, names), *((one.labels, one) for one in recorded)):
                named = {**labels, **inside}
                values = (shape(named, one, step) for step in range(SPAN // STEP + 1))
                file.writelines(_lines(named, one.name, values, until))
        file.write("# EOF\n")
    line = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(folder)]
    subprocess.run(line, check=True, capture_output=True, text=True)


def _scraped(targets: Sequence[Target], names: Collection[str]) -> Iterator[tuple[Mapping[str, str], Series]]:
    for part in ("alerts", "upstream-rules", "series-budgets"):  # Prometheus' own, of no target
        yield from ((one.labels, one) for one in series(part) if one.name in names)
    for target in targets:
        for pod in target.pods or (None,):
            place = {"job": target.job, "namespace": target.namespace, "instance": f"{pod or 'node'}:1"}
            place |= target.labels
            if pod:
                place["pod"] = pod
            for part in (*target.parts, "scrape"):
                # honorLabels where the page names a pod itself
                yield from (({**place, **one.labels}, one) for one in series(part) if one.name in names)


def _lines(labels: Mapping[str, str], name: str, values: Iterable[float], until: int) -> Iterator[str]:
    inside = ",".join(f'{label}="{text}"' for label, text in sorted(labels.items()))
    for step, value in enumerate(values):
        yield f"{name}{{{inside}}} {value} {until - SPAN + step * STEP}\n"
