"""Regions side by side: one line or figure per region, so that the odd one shows."""

from __future__ import annotations

from monitoring.blueprint.components import COMPACTOR, PROMETHEUS, RECEIVE_INGESTOR, RECEIVE_ROUTER, STORE_GATEWAY
from monitoring.blueprint.dashboards.page import CLUSTER, FLOWING, NEVER, SCOPE, Page, Panel, Query, above, below
from monitoring.blueprint.dashboards.promql import NAMESPACES, of, quantile, rate, ratio

_HTTP = f'{SCOPE},route!=""'


def page() -> Page:
    """The dashboard."""
    return Page(
        uid="fleet",
        title="Oversight / Fleet",
        description="The regions side by side. In a region without the global view it shows that region alone.",
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
        thresholds=above(120, 600),
        queries=(
            Query(
                expr="time() - max by (cluster) "
                f"(max_over_time(timestamp(prometheus_build_info{{{of(PROMETHEUS)}}})[1h:1m]))",
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Monitoring parts that answer",
        description="Share of the monitoring system's targets that are up.",
        unit="percentunit",
        kind="figure",
        width=12,
        thresholds=below(1, 0.8),
        queries=(Query(expr=f"avg by (cluster) (up{{{SCOPE},{NAMESPACES}}})", legend="{{cluster}}"),),
    ),
    Panel(
        title="Alerts that fire",
        description="Alerts now firing by region and severity; none is the Watchdog, which must fire in every region.",
        unit="short",
        kind="figure",
        width=24,
        thresholds=above(2, 10),
        queries=(
            Query(
                expr="count by (cluster, severity) (max by (cluster, alertname, severity) "
                f'(ALERTS{{{SCOPE},alertstate="firing"}}))',
                legend="{{cluster}} {{severity}}",
            ),
        ),
    ),
)

_SERVICES = (
    Panel(
        title="Requests",
        description="Requests per second of all services that keep the contract.",
        unit="reqps",
        thresholds=FLOWING,
        queries=(Query(expr=rate("http_requests_total", by="cluster", matchers=_HTTP), legend="{{cluster}}"),),
    ),
    Panel(
        title="Errors",
        description="Share of requests answered with 5xx.",
        unit="percentunit",
        thresholds=above(0.001, 0.01),
        queries=(
            Query(
                expr=ratio(
                    "http_requests_total",
                    "http_requests_total",
                    by="cluster",
                    matchers=_HTTP,
                    of_part=',status_code=~"5.."',
                ),
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Duration, 95th percentile",
        description="95 of 100 requests are answered within this time.",
        unit="s",
        thresholds=above(0.5, 2),
        queries=(
            Query(
                expr=quantile(0.95, "http_request_duration_seconds", by="cluster", matchers=_HTTP),
                legend="{{cluster}}",
            ),
        ),
    ),
)

_CLUSTERS = (
    Panel(
        title="Nodes not ready",
        description="Nodes that do not report Ready.",
        unit="short",
        thresholds=NEVER,
        queries=(
            Query(
                expr=f"count by (cluster) (kube_node_info{{{SCOPE}}}) - sum by (cluster) "
                f'(kube_node_status_condition{{{SCOPE},condition="Ready",status="true"}})',
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="CPU in use",
        description="Share of all nodes' processor time that is not idle.",
        unit="percentunit",
        thresholds=above(0.7, 0.9),
        queries=(
            Query(
                expr=f'1 - avg by (cluster) (rate(node_cpu_seconds_total{{{SCOPE},mode="idle"}}[$__rate_interval]))',
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Memory in use",
        description="Share of all nodes' memory that is not available.",
        unit="percentunit",
        thresholds=above(0.8, 0.9),
        queries=(
            Query(
                expr=f"1 - sum by (cluster) (node_memory_MemAvailable_bytes{{{SCOPE}}}) "
                f"/ sum by (cluster) (node_memory_MemTotal_bytes{{{SCOPE}}})",
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Pods that do not run",
        description="Pods that are pending, failed or unknown, over all namespaces.",
        unit="short",
        width=12,
        thresholds=above(5, 20),
        queries=(
            Query(
                expr=f'sum by (cluster) (kube_pod_status_phase{{{SCOPE},phase=~"Pending|Failed|Unknown"}})',
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Containers that restart",
        description="Restarts of containers in the last hour, over all namespaces.",
        unit="short",
        width=12,
        thresholds=above(5, 20),
        queries=(
            Query(
                expr=f"sum by (cluster) (increase(kube_pod_container_status_restarts_total{{{SCOPE}}}[1h]))",
                legend="{{cluster}}",
            ),
        ),
    ),
)

_MONITORING = (
    Panel(
        title="Series",
        description="Active series of a Prometheus replica: each region's own, without the copies.",
        unit="short",
        thresholds=above(300_000, 400_000),
        queries=(
            Query(
                expr=f"max by (cluster) (prometheus_tsdb_head_series{{{of(PROMETHEUS)}}})",
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Remote write behind",
        description="Age of the newest sample not yet sent, of the replica that is further behind.",
        unit="s",
        thresholds=above(60, 600),
        queries=(
            Query(
                expr="max by (cluster) "
                f"(prometheus_remote_storage_queue_highest_timestamp_seconds{{{of(PROMETHEUS)}}} "
                f"- prometheus_remote_storage_queue_highest_sent_timestamp_seconds{{{of(PROMETHEUS)}}})",
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Writes refused by Thanos",
        description="Share of remote-write requests that were not stored.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        queries=(
            Query(
                expr=ratio(
                    "http_requests_total",
                    "http_requests_total",
                    by="cluster",
                    matchers=f'{of(RECEIVE_ROUTER)},handler="receive"',
                    of_part=',code!~"2.."',
                ),
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Operations on Blob that fail",
        description="Share of reads and writes of the object store that end in an error.",
        unit="percentunit",
        width=12,
        thresholds=above(0.01, 0.05),
        queries=(
            Query(
                expr=ratio(
                    "thanos_objstore_bucket_operation_failures_total",
                    "thanos_objstore_bucket_operations_total",
                    by="cluster",
                    matchers=of(RECEIVE_INGESTOR, STORE_GATEWAY, COMPACTOR),
                ),
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Compactor halted",
        description="1: the region's compactor waits for a person.",
        unit="short",
        kind="figure",
        width=12,
        thresholds=NEVER,
        queries=(Query(expr=f"max by (cluster) (thanos_compact_halted{{{of(COMPACTOR)}}})", legend="{{cluster}}"),),
    ),
)
