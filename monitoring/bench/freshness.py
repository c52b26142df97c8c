"""Measures the delay from a sample's timestamp until a query returns it, beside the deployed intervals."""

from __future__ import annotations

import json
import ssl
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitoring.bench.figures import Bound, Figure, Measurement, Setting, median, ratio
from monitoring.blueprint.components.workloads import GLOBAL_PATH, GLOBAL_QUERY_FRONTEND, PROMETHEUS
from monitoring.blueprint.releases.kube_prometheus_stack import remote_write
from monitoring.blueprint.rules.loader import ARRIVED, ONCE, rules
from monitoring.blueprint.scraping import federation
from monitoring.fleet import Duration, Region
from monitoring.local.operator import SCRAPE_INTERVAL
from monitoring.local.region import pod_name
from monitoring.local.system import Settings, System, running
from monitoring.local.tls import trusting
from monitoring.processes import PATIENCE

SECONDS = 120
"""Two evaluations of the aggregates, sixty scrapes."""

PAUSE = 0.1
REGIONS = 2
REPLICA = pod_name(PROMETHEUS, 0)
RAW = f'up{{job="prometheus-prometheus",pod="{REPLICA}",prometheus_replica="{REPLICA}"}}'
AGGREGATE = f"{ARRIVED}cluster:prometheus_head_series:max"
MINUTE = "[1m]"


@dataclass(kw_only=True)
class Arrivals:
    """Seconds from a sample's time to when it was first found, by the region that it comes from."""

    waited: dict[str, list[float]] = field(default_factory=dict)
    _seen: dict[str, set[tuple[str, float]]] = field(default_factory=dict)

    def look(self, found: list[dict[str, Any]], now: float) -> None:
        """Take an answer; what a region's first one holds has been there before, and is not counted."""
        by_region: dict[str, set[tuple[str, float]]] = {}
        for series in found:
            labels = series["metric"]
            of = by_region.setdefault(labels["cluster"], set())
            of |= {(labels.get("prometheus_replica", ""), float(at)) for at, _ in series["values"]}
        for region, there in by_region.items():
            first, seen = region not in self._seen, self._seen.setdefault(region, set())
            if not first:
                self.waited.setdefault(region, []).extend(now - at for _, at in there - seen)
            seen |= there


def measure(setting: Setting) -> dict[str, float]:
    """Two regions in miniature; both are asked about at the global query, aggregates at the global Prometheus."""
    own = next(region for region in setting.fleet.regions if region.global_view)
    other = next(region for region in setting.fleet.regions if region is not own)
    settings = Settings(tool=setting.tool, say=setting.say)
    with running(setting.fleet, (own, other), setting.folder, settings) as system:
        setting.say(f"look for samples for {SECONDS} s")
        values = watch(system, own.name, other.name, seconds=SECONDS)
    return {
        **values,
        "sending, deployed": _sending(own),
        "federation, deployed": _seconds(federation.INTERVAL),
        "waits of an aggregate, deployed": federation_delay(own),
    }


def federation_delay(own: Region) -> float:
    """Seconds at the most: until the rule is evaluated, fetched, evaluated there, and sent."""
    scraped = own.prometheus.scrape_interval.prometheus  # rules are evaluated as often, where their group does not say
    there, here = [], []
    for file in rules().files:
        for group in file.data["groups"]:
            names = {rule.get("record", "") for rule in group["rules"]}
            interval = _seconds(group.get("interval", scraped))
            if names & {*rules().federated}:
                there.append(interval)
            if any(name.startswith(ONCE) for name in names):
                here.append(interval)
    return max(there) + _seconds(federation.INTERVAL) + max(here) + _sending(own)


def watch(system: System, own: str, other: str, *, seconds: float) -> dict[str, float]:
    """How long samples of the region with the global view and of the other one waited.

    Over so many seconds, and on until there is one of each.
    """
    raw, aggregates = Arrivals(), Arrivals()
    addresses = system.addresses[own]
    view = f"{addresses['components'][GLOBAL_QUERY_FRONTEND.name][0]}{GLOBAL_PATH}"
    prometheus = addresses["components"][PROMETHEUS.name][0]
    tls = trusting(Path(addresses["trust"]), shows=Path(addresses["client_certificate"]))
    _until_known(view, {own, other}, tls=tls)
    until = time.monotonic() + seconds
    while time.monotonic() < until or (len(raw.waited) < REGIONS and time.monotonic() < until + PATIENCE):
        for arrivals, url, query in ((raw, view, RAW), (aggregates, prometheus, AGGREGATE)):
            found = ask(url, query + MINUTE, tls=tls)
            arrivals.look(found, time.time())
        time.sleep(PAUSE)
    return {
        **_summed("own region", raw.waited.get(own, [])),
        **_summed("another region", raw.waited.get(other, [])),
        **_summed("aggregate", aggregates.waited.get(other, [])),
    }


def ask(url: str, query: str, *, tls: ssl.SSLContext) -> list[dict[str, Any]]:
    """Series of a query, every replica for itself; none where nobody answers."""
    asked = urllib.parse.urlencode({"query": query, "dedup": "false"})
    context = tls if url.startswith("https") else None
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=PATIENCE, context=context) as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found
    except OSError:
        return []


def _until_known(view: str, regions: set[str], *, tls: ssl.SSLContext) -> None:
    until = time.monotonic() + 2 * PATIENCE
    while {one["metric"].get("cluster") for one in ask(view, RAW, tls=tls)} != regions:
        if time.monotonic() > until:
            raise TimeoutError(f"the global query must know {', '.join(sorted(regions))}")
        time.sleep(PAUSE)


def _summed(name: str, waited: list[float]) -> dict[str, float]:
    return {f"{name}: median": median(waited), f"{name}: most": max(waited)} if waited else {}


def _sending(own: Region) -> float:
    return _seconds(remote_write(own)["queueConfig"]["batchSendDeadline"])


def _seconds(duration: str) -> float:
    return float(Duration.parse(duration).seconds)


def _pair(name: str, what: str, baseline: str) -> tuple[Figure, Figure]:
    return (
        Figure(name=f"{name}: median", what=f"{what}: median", unit="s", baseline=baseline),
        Figure(name=f"{name}: most", what=f"{what}: most", unit="s", baseline=baseline),
    )


MEASUREMENT = Measurement(
    name="freshness",
    title="From a sample to the global view",
    about="Two regions as `make local` has them. Every sample of a series of each region is waited for at the global "
    f"query-frontend for {SECONDS} s, a scrape every {SCRAPE_INTERVAL}.",
    measure=measure,
    figures=(
        Figure(name="sending, deployed", what="deployed: a queue waits for a full batch no longer than", unit="s"),
        *_pair("own region", "sample of the global region, found by the global query", "sending, deployed"),
        *_pair("another region", "sample of another region, found by the global query", "sending, deployed"),
        Figure(name="federation, deployed", what="deployed: aggregates are fetched every", unit="s"),
        *_pair("aggregate", "aggregate of another region, in the global region's Prometheus", "federation, deployed"),
        Figure(
            name="waits of an aggregate, deployed",
            what="deployed: an aggregate from its samples to the global query, all waits at the longest",
            unit="s",
        ),
    ),
    bounds=(
        Bound(
            what="the longest wait of another region's sample, of the queue's",
            of=lambda values: ratio(values, "another region: most", "sending, deployed"),
            bound=2,
        ),
    ),
    tools=("prometheus", "alertmanager", "thanos", "oauth2-proxy"),
)
