"""Regions side by side: one line or figure per region, so that the odd one shows.

It asks for the aggregates that `helm-values/rules/cluster_rules.yaml` records: the same numbers that leave the region,
and a page over years that reads a series per region.
"""

from __future__ import annotations

from monitoring.blueprint.components.workloads import PROMETHEUS
from monitoring.blueprint.dashboards.alerts import SEVERITIES
from monitoring.blueprint.dashboards.page import CLUSTER, FLOWING, NEVER, Page, Panel, above, below, one
from monitoring.blueprint.dashboards.promql import of, recorded

_DURATIONS = recorded("cluster_le:http_request_duration_seconds_bucket:rate5m", by="cluster, le")
_PODS_NOT_RUNNING = recorded(
    "cluster_phase:kube_pods:count", by="cluster, phase", matchers='phase=~"Pending|Failed|Unknown"'
)

_NONE = f"0 * {recorded('cluster:monitoring_up:ratio')}"
"""For each region that says anything."""


def page() -> Page:
    """The dashboard."""
    return Page(
        uid="fleet",
        title="Oversight / Fleet",
        description="The regions side by side. In a region without the global view it shows that region alone.",
        all_regions=True,
        variables=(CLUSTER,),
        rows={"Regions": _REGIONS, "Services": _SERVICES, "Clusters": _CLUSTERS, "Monitoring": _MONITORING},
    )


_REGIONS = (
    Panel(
        title="Last heard of",
        description="Age of the newest sample of each region, looking back an hour. A region that is gone for longer "
        "leaves the page.",
        unit="s",
        kind="figure",
        width=12,
        height=4,
        thresholds=above(120, 600),
        queries=one(
            "sort_desc(time() - "
            f"max by (cluster) (max_over_time(timestamp(prometheus_build_info{{{of(PROMETHEUS)}}})[1h:1m])))",
            legend="{{cluster}}",
        ),
    ),
    Panel(
        title="Monitoring parts that answer",
        description="Share of the monitoring system's targets that are up.",
        unit="percentunit",
        kind="figure",
        width=12,
        height=4,
        thresholds=below(1, 0.8),
        queries=one(f"sort({recorded('cluster:monitoring_up:ratio')})", legend="{{cluster}}"),
    ),
    *(
        Panel(
            title=title,
            description=description,
            unit="short",
            kind="figure",
            height=4,
            thresholds=thresholds,
            queries=one(
                recorded("cluster_severity:alerts_firing:count", matchers=f'severity="{severity}"') + f" or {_NONE}",
                legend="{{cluster}}",
            ),
        )
        for severity, title, description, thresholds in SEVERITIES
    ),
)

_SERVICES = (
    Panel(
        title="Requests",
        description="Requests per second of all services that keep the contract.",
        unit="reqps",
        thresholds=FLOWING,
        queries=one(recorded("cluster:http_requests:rate5m"), legend="{{cluster}}"),
    ),
    Panel(
        title="Errors",
        description="Share of requests answered with 5xx.",
        unit="percentunit",
        thresholds=above(0.001, 0.01),
        queries=one(recorded("cluster:http_request_errors_per_request:ratio_rate5m"), legend="{{cluster}}"),
    ),
    Panel(
        title="Duration, 95th percentile",
        description="95 of 100 requests are answered within this time.",
        unit="s",
        thresholds=above(0.5, 2),
        queries=one(f"histogram_quantile(0.95, {_DURATIONS})", legend="{{cluster}}"),
    ),
)

_CLUSTERS = (
    Panel(
        title="Nodes not ready",
        description="Nodes that do not report Ready.",
        unit="short",
        thresholds=NEVER,
        queries=one(recorded("cluster:kube_nodes_not_ready:count"), legend="{{cluster}}"),
    ),
    Panel(
        title="CPU in use",
        description="Share of all nodes' processor time that is not idle.",
        unit="percentunit",
        thresholds=above(0.7, 0.9),
        queries=one(recorded("cluster:node_cpu:ratio_rate5m"), legend="{{cluster}}"),
    ),
    Panel(
        title="Memory in use",
        description="Share of all nodes' memory that is not available.",
        unit="percentunit",
        thresholds=above(0.8, 0.9),
        queries=one(recorded("cluster:node_memory_utilisation:ratio"), legend="{{cluster}}"),
    ),
    Panel(
        title="Pods that do not run",
        description="Pods that are pending, failed or unknown, over all namespaces.",
        unit="short",
        width=12,
        thresholds=above(5, 20),
        queries=one(f"sum by (cluster) ({_PODS_NOT_RUNNING})", legend="{{cluster}}"),
    ),
    Panel(
        title="Containers that restart",
        description="Restarts of containers in the last hour, over all namespaces.",
        unit="short",
        width=12,
        thresholds=above(5, 20),
        queries=one(recorded("cluster:kube_pod_container_restarts:increase1h"), legend="{{cluster}}"),
    ),
)

_MONITORING = (
    Panel(
        title="Series",
        description="Active series of a Prometheus replica: each region's own, without the copies.",
        unit="short",
        thresholds=above(300_000, 400_000),
        alerts=("PrometheusSeriesTowardsLimit",),
        queries=one(recorded("cluster:prometheus_head_series:max"), legend="{{cluster}}"),
    ),
    Panel(
        title="Remote write behind",
        description="Age of the newest sample not yet sent, of the replica that is further behind.",
        unit="s",
        thresholds=above(60, 600),
        alerts=("RemoteWriteBehind",),
        queries=one(recorded("cluster:prometheus_remote_write_behind_seconds:max"), legend="{{cluster}}"),
    ),
    Panel(
        title="Writes refused by Thanos",
        description="Share of remote-write requests that were not stored.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("ThanosReceiveErrors",),
        queries=one(recorded("cluster:thanos_receive_refused_per_request:ratio_rate5m"), legend="{{cluster}}"),
    ),
    Panel(
        title="Operations on Blob that fail",
        description="Share of reads and writes of the object store that end in an error.",
        unit="percentunit",
        width=12,
        thresholds=above(0.01, 0.05),
        alerts=("ObjectStoreErrors",),
        queries=one(recorded("cluster:thanos_objstore_failures_per_operation:ratio_rate5m"), legend="{{cluster}}"),
    ),
    Panel(
        title="Compactor halted",
        description="1: the region's compactor waits for a person.",
        unit="short",
        kind="figure",
        width=12,
        thresholds=NEVER,
        alerts=("ThanosCompactorHalted",),
        queries=one(recorded("cluster:thanos_compact_halted:max"), legend="{{cluster}}"),
    ),
)
