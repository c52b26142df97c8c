"""Checks of Prometheus and Thanos: scraping, retention, remote write, replication, blocks."""

from __future__ import annotations

from typing import Any

from monitoring.blueprint.components.workloads import COMPONENTS
from monitoring.blueprint.scraping.jobs import job_name
from monitoring.verify.client import Client
from monitoring.verify.model import Deployment, Finding, NotHereError, State, bad, good, scalar, vector

OWN = 'job="prometheus-prometheus",endpoint="http-web"'
"""The targets that are Prometheus itself."""

LAG = 120
"""Seconds that remote write may be behind: a few scrapes and a batch."""

GIVEN_UP = " + ".join(
    f"(sum(increase(prometheus_remote_storage_samples_{counter}_total{{{OWN}{more}}}[5m])) or vector(0))"
    for counter, more in (("failed", ""), ("dropped", ',reason!="dropped_series"'))
)
"""Samples that the queue did not bring over; series that relabeling drops on purpose are none of them."""

SETTLED = 20
"""Seconds after which a sample must be found by Query: a batch, and what Receive takes."""

WINDOW = 60
"""Seconds of samples that are counted."""

FRESH = 4
"""Scrape intervals that the newest sample of a series may be old, and still counts as one of now."""

HEAD = 3 * 3600
"""Seconds until the first block of a new ingestor is in Blob: two hours of samples, and half of that again."""


def replicas_are_up(client: Client, deployment: Deployment) -> Finding:
    """Each replica is ready, and each has written under a name of its own into Thanos."""
    for url in deployment.prometheuses:
        if (status := client.get(f"{url}/-/ready").status) != 200:  # noqa: PLR2004  (HTTP's own)
            return bad(f"{url} is not ready: {status}")
    query = f"count by (prometheus_replica, cluster) (up{{{OWN}}})"
    found = {
        labels.get("prometheus_replica", "")
        for labels, _ in vector(client, deployment.query, query, dedup="false")
        if labels.get("cluster") == deployment.region.name
    }
    wanted = deployment.region.prometheus.replicas
    shown = ", ".join(sorted(found)) or "none"
    return good(f"{wanted} replicas: {shown}") if len(found - {""}) == wanted else bad(f"of {wanted} replicas: {shown}")


def replicas_agree(client: Client, deployment: Deployment) -> Finding:
    """Each has the same targets."""
    targets = [
        {(one["labels"]["job"], one["scrapeUrl"]) for one in _targets(client, url)} for url in deployment.prometheuses
    ]
    apart = {job for one in targets for job, _ in one ^ targets[0]}
    return bad(f"targets differ in {', '.join(sorted(apart))}") if apart else good(f"{len(targets[0])} targets each")


def targets_are_up(client: Client, deployment: Deployment) -> Finding:
    """Every target is scraped, and there is one of each part that the addresses name."""
    found = _targets(client, deployment.prometheuses[0])
    down = sorted({f"{one['labels']['job']} {one['lastError']}" for one in found if one["health"] != "up"})
    missing = sorted(_expected_jobs(deployment) - {one["labels"]["job"] for one in found})
    if down or missing:
        return bad("; ".join([*(f"no target of {job}" for job in missing), *down])[:300])
    return good(f"{len(found)} targets of {len({one['labels']['job'] for one in found})} jobs, all up")


def retention_is_set(client: Client, deployment: Deployment) -> Finding:
    """Each replica keeps what the region's file says."""
    prometheus = deployment.region.prometheus
    wanted = prometheus.retention.prometheus
    for url in deployment.prometheuses:
        kept = client.get(f"{url}/api/v1/status/runtimeinfo").json()["data"]["storageRetention"]
        if not kept.startswith(f"{wanted} or "):
            return bad(f"{url} keeps {kept}, not {wanted} or {prometheus.retention_size.prometheus}")
    return good(f"{kept} at each replica")


def remote_write_keeps_up(client: Client, deployment: Deployment) -> Finding:
    """The newest sample sent is not far behind the newest taken, and none was given up."""
    for url in deployment.prometheuses:
        lag = scalar(
            client,
            url,
            f"max(prometheus_remote_storage_highest_timestamp_in_seconds{{{OWN}}})"
            f" - min(prometheus_remote_storage_queue_highest_sent_timestamp_seconds{{{OWN}}})",
        )
        lost = scalar(client, url, GIVEN_UP)
        if lag is None:
            return bad(f"{url} sends nothing")
        if lag > LAG or lost:
            return bad(f"{url} is {lag:.0f} s behind, gave up {lost or 0:.0f} samples in 5 minutes")
    return good(f"at most {LAG} s behind, nothing given up in 5 minutes")


def nothing_is_lost(client: Client, deployment: Deployment) -> Finding:
    """As many samples of `up` as a replica has written are found by Query, for each replica."""
    at = f"{client.clock.now() - SETTLED:.3f}"
    query = f"sum by (prometheus_replica) (count_over_time(up[{WINDOW}s]))"
    found = {
        labels.get("prometheus_replica", ""): count
        for labels, count in vector(
            client,
            deployment.query,
            f'sum by (prometheus_replica) (count_over_time(up{{cluster="{deployment.region.name}"}}[{WINDOW}s]))',
            time=at,
            max_source_resolution="0s",
            **{"replicaLabels[]": "receive_replica"},
        )
    }
    written = [count for url in deployment.prometheuses for _, count in vector(client, url, query, time=at)]
    shown = (
        f"{sorted(map(int, written))} samples of up written by the replicas, {sorted(map(int, found.values()))} found"
    )
    return good(shown) if written and sorted(written) == sorted(found.values()) else bad(shown)


def copies_are_as_many_as_said(client: Client, deployment: Deployment) -> Finding:
    """Every series is on as many ingestors as the replication factor says.

    Where the ring has just changed, ingestors that had a series before still have its old samples.
    """
    region = deployment.region
    wanted, lately = region.thanos.receive.replication_factor, FRESH * region.prometheus.scrape_interval.seconds
    fresh = f'timestamp(up{{{OWN},cluster="{region.name}"}}) > time() - {lately}'
    query = f"count without (receive_replica, tenant_id) ({fresh})"
    found = sorted({int(count) for _, count in vector(client, deployment.query, query, dedup="false")})
    return good(f"{wanted} copies of each series") if found == [wanted] else bad(f"copies: {found}, not {wanted}")


def blocks_are_in_the_store(client: Client, deployment: Deployment) -> Finding:
    """The store gateway has loaded blocks, and the compactor has not halted."""
    (url, *_) = deployment.prometheuses
    blocks = scalar(client, url, "sum(thanos_bucket_store_blocks_loaded)")
    halted = scalar(client, url, "max(thanos_compact_halted)")
    if blocks is None:
        raise NotHereError("store gateway")
    if halted:
        return bad("the compactor has halted")
    if blocks:
        return good(f"{blocks:.0f} blocks")
    age = scalar(client, url, 'time() - min(process_start_time_seconds{job="thanos-receive-ingestor"})') or 0
    if age < HEAD:
        return Finding(good=True, evidence=f"no block yet, ingestors run for {age / 60:.0f} min", state=State.TOO_YOUNG)
    return bad(f"no block, after {age / 3600:.0f} h")


def _targets(client: Client, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{url}/api/v1/targets", state="active").json()["data"]["activeTargets"]
    return found


def _expected_jobs(deployment: Deployment) -> set[str]:
    return {job_name(component) for component in COMPONENTS if component.name in deployment.components}
