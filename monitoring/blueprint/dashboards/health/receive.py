"""Thanos Receive: the ring, and what it refuses."""

from __future__ import annotations

from monitoring.blueprint.components.workloads import RECEIVE_INGESTOR, RECEIVE_ROUTER
from monitoring.blueprint.dashboards.page import FLOWING, NEVER, Panel, Query, above, below, one
from monitoring.blueprint.dashboards.promql import of, quantile, rate, ratio, recorded

RECEIVE = (
    Panel(
        title="Ring: nodes the routers know",
        description="Endpoints in the hashring, by router. Routers that disagree send a series to different ingestors.",
        unit="short",
        kind="figure",
        width=6,
        thresholds=below(3, 2),
        alerts=("ThanosReceiveHashringMismatch", "ThanosReceiveRoutersDisagree"),
        queries=(
            Query(
                expr=f"min by (cluster) (thanos_receive_hashring_nodes{{{of(RECEIVE_ROUTER)}}})",
                legend="{{cluster}} fewest",
            ),
            Query(
                expr=f"max by (cluster) (thanos_receive_hashring_nodes{{{of(RECEIVE_ROUTER)}}})",
                legend="{{cluster}} most",
            ),
        ),
    ),
    Panel(
        title="Copies above quorum",
        description="Copies beyond the quorum of a write (half the replication factor, and one) that the series that "
        "has it worst can still get. At 0 the next loss in another zone stops remote write; below, it has stopped.",
        unit="short",
        kind="figure",
        width=6,
        thresholds=below(1, 0),
        alerts=("ThanosReceiveBelowQuorum", "ThanosReceiveQuorumAtRisk"),
        queries=one(
            recorded("namespace:thanos_receive_copies_dispensable:count")
            + " - "
            + recorded("namespace:thanos_receive_copies_missing:max"),
            legend="{{cluster}}",
        ),
    ),
    Panel(
        title="Writes by answer",
        description="Remote-write requests per second at the routers, by status. 200 stored; 409 a conflict, dropped; "
        "413 and 429 a limit; 503 not ready, sent again.",
        unit="reqps",
        width=12,
        thresholds=FLOWING,
        alerts=("ThanosReceiveConflicts", "ThanosReceiveThrottles", "ThanosReceiveTooLarge"),
        queries=one(
            rate("http_requests_total", by="cluster, code", matchers=f'{of(RECEIVE_ROUTER)},handler="receive"'),
            legend="{{cluster}} {{code}}",
        ),
    ),
    Panel(
        title="Writes refused",
        description="Share of remote-write requests that were not stored.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("ThanosReceiveErrors",),
        queries=one(
            ratio(
                "http_requests_total",
                "http_requests_total",
                by="cluster",
                matchers=f'{of(RECEIVE_ROUTER)},handler="receive"',
                of_part=',code!~"2.."',
            ),
            legend="{{cluster}}",
        ),
    ),
    Panel(
        title="Copies that failed",
        description="Share of replications without a quorum, and of forwards to a single ingestor that failed. "
        "Forwards alone: one ingestor is away, and nothing is lost.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("ThanosReceiveForwardErrors",),
        queries=tuple(
            Query(
                expr=ratio(metric, metric, by="cluster", matchers=of(RECEIVE_ROUTER), of_part=',result="error"'),
                legend=f"{{{{cluster}}}} {what}",
            )
            for metric, what in (
                ("thanos_receive_replications_total", "replications"),
                ("thanos_receive_forward_requests_total", "forwards"),
            )
        ),
    ),
    Panel(
        title="Write, 99th percentile",
        description="Time until a router has a quorum of ingestors.",
        unit="s",
        thresholds=above(2, 10),
        queries=one(
            quantile(
                0.99,
                "http_request_duration_seconds",
                by="cluster",
                matchers=f'{of(RECEIVE_ROUTER)},handler="receive"',
            ),
            legend="{{cluster}}",
        ),
    ),
    Panel(
        title="Samples kept",
        description="Samples per second that each ingestor appends: twice (two Prometheus replicas) the replication "
        "factor of what one Prometheus takes in, over all ingestors.",
        unit="cps",
        thresholds=FLOWING,
        queries=one(
            rate("prometheus_tsdb_head_samples_appended_total", by="cluster, pod", matchers=of(RECEIVE_INGESTOR)),
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="Samples the ingestors could not take",
        description="Samples per second too old, out of bounds or out of order, by ingestor. Out of bounds after an "
        "outage: outage_window was too small.",
        unit="cps",
        thresholds=NEVER,
        queries=tuple(
            Query(
                expr=rate(metric, by="cluster, pod", matchers=of(RECEIVE_INGESTOR)),
                legend=f"{{{{cluster}}}} {{{{pod}}}} {what}",
            )
            for metric, what in (
                ("prometheus_tsdb_out_of_bound_samples_total", "out of bounds"),
                ("prometheus_tsdb_out_of_order_samples_total", "out of order"),
                ("prometheus_tsdb_too_old_samples_total", "too old"),
            )
        ),
    ),
    Panel(
        title="Blocks not brought to Blob",
        description="Failed uploads of blocks in the last hour. An ingestor keeps blocks for thanos.receive.retention: "
        "that long a failing upload loses nothing.",
        unit="short",
        thresholds=NEVER,
        alerts=("ThanosReceiveUploadsFailing", "ThanosReceiveUploadsStopped"),
        queries=one(
            f"sum by (cluster, pod) (increase(thanos_shipper_upload_failures_total{{{of(RECEIVE_INGESTOR)}}}[1h]))",
            legend="{{cluster}} {{pod}}",
        ),
    ),
)
