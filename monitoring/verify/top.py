"""What costs a Prometheus most: metrics, labels, targets and namespaces, now and a week ago.

Prometheus' own statistics of its head (`/api/v1/status/tsdb`), what it notes of each scrape, and the recorded series of
`helm-values/rules/usage_rules.yaml`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.blueprint.rules.budgets import RECORDED
from monitoring.verify.client import Client, UnreachableError
from monitoring.verify.model import Deployment, scalar, vector

WEEK = "offset 7d"
HEAD = 'max(prometheus_tsdb_head_series{job="prometheus-prometheus"}'
OF_TARGETS = "sum by (namespace, job) (scrape_samples_post_metric_relabeling"
OF_NAMESPACES = "namespace:scrape_samples_post_metric_relabeling:sum"


@dataclass(frozen=True, kw_only=True)
class Count:
    """A number of series, and that of a week ago; None where there is nothing of then."""

    now: float
    before: float | None

    @property
    def grown(self) -> float | None:
        """Series more than a week ago."""
        return None if self.before is None else self.now - self.before


@dataclass(frozen=True, kw_only=True)
class Label:
    """A label by its values, and the bytes that name and values take in the head's index."""

    name: str
    values: int
    bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Namespace:
    """What a team's targets have: series, samples a second, new series of an hour, and the budget; None: not there."""

    name: str
    series: Count
    samples: float | None
    new: float | None
    budget: float | None


@dataclass(frozen=True, kw_only=True)
class Top:
    """The most expensive of each kind first, of one replica."""

    series: Count
    metrics: Mapping[str, Count]
    labels: Sequence[Label]
    jobs: Mapping[tuple[str, str], Count]
    namespaces: Sequence[Namespace]


def top(client: Client, deployment: Deployment, *, most: int) -> Top:
    """Of the first replica that is among the addresses, `most` of each kind.

    NotHereError where there is no Prometheus, UnreachableError where it does not answer.
    """
    (url, *_) = deployment.prometheuses
    head = _status(client, url, most=most)
    return Top(
        series=Count(now=head["headStats"]["numSeries"], before=scalar(client, url, f"{HEAD} {WEEK})")),
        metrics={
            one["name"]: Count(now=one["value"], before=_series_of(client, url, one["name"]))
            for one in head["seriesCountByMetricName"][:most]
        },
        labels=_labels(head, most=most),
        jobs=_jobs(client, url, most=most),
        namespaces=_namespaces(client, url, most=most),
    )


def _status(client: Client, url: str, *, most: int) -> Mapping[str, Any]:
    answer = client.get(f"{url}/api/v1/status/tsdb", limit=str(most))
    said: Any = answer.json()
    data = said.get("data") if isinstance(said, Mapping) else None
    wanted = {"headStats", "seriesCountByMetricName", "labelValueCountByLabelName", "memoryInBytesByLabelName"}
    if not isinstance(data, Mapping) or not wanted <= data.keys():
        raise UnreachableError(f"{url} has no statistics of its head: {answer.text[:200]}")
    return data


def _series_of(client: Client, url: str, metric: str) -> float | None:
    """A week ago: one metric at one moment."""
    return scalar(client, url, f"count({{__name__={json.dumps(metric)}}} {WEEK})")


def _labels(head: Mapping[str, Any], *, most: int) -> list[Label]:
    """By what they take, else by how many values: Prometheus tells the first ones of both."""
    size = {one["name"]: one["value"] for one in head["memoryInBytesByLabelName"]}
    count = {one["name"]: one["value"] for one in head["labelValueCountByLabelName"]}
    labels = [Label(name=name, values=values, bytes=size.get(name)) for name, values in count.items()]
    return sorted(labels, key=lambda one: (-one.values, one.name))[:most]


def _jobs(client: Client, url: str, *, most: int) -> dict[tuple[str, str], Count]:
    def asked(at: str) -> dict[tuple[str, str], float]:
        found = vector(client, url, f"{OF_TARGETS}{at})")
        return {(labels.get("namespace", ""), labels.get("job", "")): value for labels, value in found}

    now, before = asked(""), asked(f" {WEEK}")
    largest = sorted(now, key=lambda job: (-now[job], job))[:most]
    return {job: Count(now=now[job], before=before.get(job)) for job in largest}


def _namespaces(client: Client, url: str, *, most: int) -> list[Namespace]:
    def asked(query: str) -> dict[str, float]:
        return {labels.get("namespace", ""): value for labels, value in vector(client, url, query)}

    series, before = asked(OF_NAMESPACES), asked(f"{OF_NAMESPACES} {WEEK}")
    samples = asked("namespace:scrape_samples_post_metric_relabeling:rate5m")
    new, budget = asked("namespace:scrape_series_added:increase1h"), asked(RECORDED)
    return [
        Namespace(
            name=name,
            series=Count(now=series[name], before=before.get(name)),
            samples=samples.get(name),
            new=new.get(name),
            budget=budget.get(name),
        )
        for name in sorted(series, key=lambda one: (-series[one], one))[:most]
    ]
