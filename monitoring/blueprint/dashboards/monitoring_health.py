"""All parts of the monitoring system on one page: what is up, what falls behind, what loses data."""

from __future__ import annotations

from monitoring.blueprint.components import (
    ALERTMANAGER,
    COMPACTOR,
    GRAFANA,
    PROMETHEUS,
    QUERY,
    QUERY_FRONTEND,
    RECEIVE_INGESTOR,
    RECEIVE_ROUTER,
    SIGN_IN,
    STORE_GATEWAY,
)
from monitoring.blueprint.dashboards.page import (
    CLUSTER,
    FLOWING,
    NEVER,
    SCOPE,
    Page,
    Panel,
    Query,
    above,
    below,
)
from monitoring.blueprint.dashboards.promql import NAMESPACES, of, quantile, rate, ratio

_STORES = of(RECEIVE_INGESTOR, STORE_GATEWAY, COMPACTOR)


def page() -> Page:
    """The dashboard."""
    return Page(
        uid="monitoring-health",
        title="Oversight / Monitoring health",
        description="All parts of the monitoring system. All green: samples arrive, are kept, and alerts go out.",
        variables=(CLUSTER,),
        rows={
            "All parts": _PARTS,
            "Prometheus pair": _PROMETHEUS,
            "Remote write": _REMOTE_WRITE,
            "Thanos Receive": _RECEIVE,
            "Thanos Store Gateway and Blob": _STORE,
            "Thanos Compactor": _COMPACT,
            "Thanos Query": _QUERY,
            "Alertmanager": _ALERTMANAGER,
            "Sign-in (oauth2-proxy)": _SIGN_IN,
            "Grafana": _GRAFANA,
        },
    )


_PARTS = (
    Panel(
        title="Replicas that answer their scrape",
        description="Share of each part's targets that are up. Below 100 % a replica is missing.",
        unit="percentunit",
        kind="figure",
        width=24,
        thresholds=below(1, 0.5),
        alerts=("PrometheusReplicaMissing", "ThanosPartDown", "SignInDown"),
        queries=(Query(expr=f"avg by (job) (up{{{SCOPE},{NAMESPACES}}})", legend="{{job}}"),),
    ),
    Panel(
        title="Alerts that fire",
        description="Alerts now firing, by severity. The Watchdog always fires: severity none.",
        unit="short",
        kind="figure",
        width=12,
        thresholds=above(2, 10),
        queries=(
            Query(
                expr="count by (severity) (max by (cluster, alertname, severity) "
                f'(ALERTS{{{SCOPE},alertstate="firing"}}))',
                legend="{{severity}}",
            ),
        ),
    ),
    Panel(
        title="Last reload of the configuration",
        description="1: the last change was taken. 0: it was refused, and the part runs with the one before.",
        unit="short",
        kind="figure",
        width=12,
        thresholds=below(1),
        queries=(
            Query(
                expr=f"min by (job) (prometheus_config_last_reload_successful{{{of(PROMETHEUS)}}})",
                legend="{{job}}",
            ),
            Query(
                expr=f"min by (job) (alertmanager_config_last_reload_successful{{{of(ALERTMANAGER)}}})",
                legend="{{job}}",
            ),
            Query(
                expr=f"min by (job) (thanos_receive_config_last_reload_successful{{{of(RECEIVE_ROUTER)}}})",
                legend="{{job}} (hashring)",
            ),
        ),
    ),
)

_PROMETHEUS = (
    Panel(
        title="Samples taken in",
        description="Samples per second that each replica appends. Both replicas scrape everything: the lines lie on "
        "each other.",
        unit="cps",
        thresholds=FLOWING,
        queries=(
            Query(
                expr=rate("prometheus_tsdb_head_samples_appended_total", by="cluster, pod", matchers=of(PROMETHEUS)),
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
    Panel(
        title="How far the replicas are apart",
        description="Difference in active series between the replica with the most and the one with the fewest. "
        "A replica that sees less has lost targets, or the other holds what is gone.",
        unit="percentunit",
        thresholds=above(0.05, 0.2),
        alerts=("PrometheusReplicasDisagree",),
        queries=(
            Query(
                expr=f"1 - min by (cluster) (prometheus_tsdb_head_series{{{of(PROMETHEUS)}}}) "
                f"/ max by (cluster) (prometheus_tsdb_head_series{{{of(PROMETHEUS)}}})",
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Targets that do not answer",
        description="Share of a job's targets that are down, jobs of all namespaces. An idle panel shows zeros.",
        unit="percentunit",
        thresholds=above(0.01, 0.1),
        queries=(Query(expr=f"1 - avg by (cluster, job) (up{{{SCOPE}}})", legend="{{cluster}} {{job}}"),),
    ),
    Panel(
        title="Rules: time used of their interval",
        description="The slowest group of each replica. At 100 % evaluations are skipped, and alerts come late.",
        unit="percentunit",
        thresholds=above(0.5, 0.9),
        alerts=("RuleGroupSlow", "RuleGroupMissesEvaluations"),
        queries=(
            Query(
                expr=f"max by (cluster, pod) (prometheus_rule_group_last_duration_seconds{{{of(PROMETHEUS)}}} "
                f"/ prometheus_rule_group_interval_seconds{{{of(PROMETHEUS)}}})",
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
    Panel(
        title="Rules that fail",
        description="Share of evaluations that end in an error. A failing alert rule cannot fire.",
        unit="percentunit",
        thresholds=NEVER,
        alerts=("RuleEvaluationsFailing",),
        queries=(
            Query(
                expr=ratio(
                    "prometheus_rule_evaluation_failures_total",
                    "prometheus_rule_evaluations_total",
                    by="cluster, pod",
                    matchers=of(PROMETHEUS),
                ),
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
    Panel(
        title="Queries, 99th percentile",
        description="Time to answer a query over HTTP, by replica. Dashboards mostly ask Thanos: this "
        "is people at the door and machines.",
        unit="s",
        thresholds=above(2, 10),
        queries=(
            Query(
                expr=quantile(
                    0.99,
                    "prometheus_http_request_duration_seconds",
                    by="cluster, pod",
                    matchers=f'{of(PROMETHEUS)},handler=~"/api/v1/query.*"',
                ),
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
    Panel(
        title="Disk faults",
        description="Corruptions of the WAL, failed compactions, truncations, checkpoints and reloads of blocks in the "
        "last hour. Any of them can mean lost samples.",
        unit="short",
        thresholds=NEVER,
        alerts=("PrometheusWalCorrupted", "PrometheusWalWritesFailing"),
        queries=tuple(
            Query(
                expr=f"sum by (cluster, pod) (increase({metric}{{{of(PROMETHEUS)}}}[1h]))",
                legend=f"{{{{cluster}}}} {{{{pod}}}} {what}",
            )
            for metric, what in (
                ("prometheus_tsdb_wal_corruptions_total", "WAL corrupt"),
                ("prometheus_tsdb_wal_writes_failed_total", "WAL writes"),
                ("prometheus_tsdb_compactions_failed_total", "compactions"),
                ("prometheus_tsdb_head_truncations_failed_total", "truncations"),
                ("prometheus_tsdb_checkpoint_creations_failed_total", "checkpoints"),
                ("prometheus_tsdb_reloads_failures_total", "reloads"),
            )
        ),
    ),
    Panel(
        title="Scrapes cut off by a limit",
        description="Scrapes per second that a limit on samples or body size, or the pool's limit on labels, refused. "
        "The whole scrape is lost.",
        unit="cps",
        thresholds=NEVER,
        alerts=("ScrapeLimitHit",),
        queries=tuple(
            Query(
                expr=rate(metric, by="cluster, pod", matchers=of(PROMETHEUS)),
                legend=f"{{{{cluster}}}} {{{{pod}}}} {what}",
            )
            for metric, what in (
                ("prometheus_target_scrapes_exceeded_sample_limit_total", "samples"),
                ("prometheus_target_scrapes_exceeded_body_size_limit_total", "body"),
                ("prometheus_target_scrape_pool_exceeded_label_limits_total", "labels"),
                ("prometheus_target_scrape_pool_exceeded_target_limit_total", "targets"),
            )
        ),
    ),
    Panel(
        title="Alerts that did not reach Alertmanager",
        description="Share of notifications from Prometheus to Alertmanager that failed.",
        unit="percentunit",
        thresholds=above(0.01, 0.1),
        queries=(
            Query(
                expr=ratio(
                    "prometheus_notifications_errors_total",
                    "prometheus_notifications_sent_total",
                    by="cluster, pod",
                    matchers=of(PROMETHEUS),
                ),
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
)

_REMOTE_WRITE = (
    Panel(
        title="Behind",
        description="Newest sample scraped against the newest one sent. An hour in the WAL is safe, more is luck; a "
        "restart of the sender meanwhile loses all that is unsent.",
        unit="s",
        thresholds=above(60, 600),
        alerts=("RemoteWriteBehind", "RemoteWriteSoonLosesSamples", "RemoteWriteSenderRestarted"),
        queries=(
            Query(
                expr=f"max by (cluster, pod) (namespace_pod:prometheus_remote_write_behind_seconds:max{{{SCOPE}}})",
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
    Panel(
        title="Samples failed, retried, dropped",
        description="Share of samples that the receiver refused for good (failed), that were sent again (retried), or "
        "given up for their age (dropped: the outage was longer than outage_window).",
        unit="percentunit",
        thresholds=above(0.001, 0.01),
        alerts=("RemoteWriteFailing", "RemoteWriteDropsOldSamples"),
        queries=tuple(
            Query(
                expr=ratio(
                    f"prometheus_remote_storage_samples_{what}_total",
                    "prometheus_remote_storage_samples_in_total",
                    by="cluster, pod",
                    matchers=of(PROMETHEUS),
                ),
                legend=f"{{{{cluster}}}} {{{{pod}}}} {what}",
            )
            for what in ("failed", "retried", "dropped")
        ),
    ),
    Panel(
        title="Shards wanted of those allowed",
        description="Parallel senders that the queue asks for, as a share of maxShards. At 100 % the queue "
        "cannot catch up.",
        unit="percentunit",
        thresholds=above(0.7, 1),
        queries=(
            Query(
                expr=f"max by (cluster, pod) (prometheus_remote_storage_shards_desired{{{of(PROMETHEUS)}}} "
                f"/ prometheus_remote_storage_shards_max{{{of(PROMETHEUS)}}})",
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
)

_RECEIVE = (
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
        title="Ingestors above quorum",
        description="Ready ingestors beyond the quorum of a write (half the replication factor, and one). At 0 the "
        "next loss stops remote write; below, it has stopped.",
        unit="short",
        kind="figure",
        width=6,
        thresholds=below(1, 0),
        alerts=("ThanosReceiveBelowQuorum", "ThanosReceiveQuorumAtRisk"),
        queries=(
            Query(
                expr=f'sum by (cluster) (thanos_status{{{of(RECEIVE_INGESTOR)},check="ready"}}) '
                f"- (floor(max by (cluster) (thanos_receive_replication_factor{{{of(RECEIVE_ROUTER)}}}) / 2) + 1)",
                legend="{{cluster}}",
            ),
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
        queries=(
            Query(
                expr=rate(
                    "http_requests_total", by="cluster, code", matchers=f'{of(RECEIVE_ROUTER)},handler="receive"'
                ),
                legend="{{cluster}} {{code}}",
            ),
        ),
    ),
    Panel(
        title="Writes refused",
        description="Share of remote-write requests that were not stored.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("ThanosReceiveErrors",),
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
        queries=(
            Query(
                expr=quantile(
                    0.99,
                    "http_request_duration_seconds",
                    by="cluster",
                    matchers=f'{of(RECEIVE_ROUTER)},handler="receive"',
                ),
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Samples kept",
        description="Samples per second that each ingestor appends: twice (two Prometheus replicas) the replication "
        "factor of what one Prometheus takes in, over all ingestors.",
        unit="cps",
        thresholds=FLOWING,
        queries=(
            Query(
                expr=rate(
                    "prometheus_tsdb_head_samples_appended_total", by="cluster, pod", matchers=of(RECEIVE_INGESTOR)
                ),
                legend="{{cluster}} {{pod}}",
            ),
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
        queries=(
            Query(
                expr="sum by (cluster, pod) "
                f"(increase(thanos_shipper_upload_failures_total{{{of(RECEIVE_INGESTOR)}}}[1h]))",
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
)

_STORE = (
    Panel(
        title="Operations on Blob that fail",
        description="Share of reads and writes of the object store that end in an error, by part.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("ObjectStoreErrors", "ObjectStoreUnreachable"),
        queries=(
            Query(
                expr=ratio(
                    "thanos_objstore_bucket_operation_failures_total",
                    "thanos_objstore_bucket_operations_total",
                    by="cluster, job",
                    matchers=_STORES,
                ),
                legend="{{cluster}} {{job}}",
            ),
        ),
    ),
    Panel(
        title="Operations on Blob, 99th percentile",
        description="Time of an operation on the object store, by part and operation.",
        unit="s",
        thresholds=above(5, 15),
        queries=(
            Query(
                expr=quantile(
                    0.99, "thanos_objstore_bucket_operation_duration_seconds", by="job, operation", matchers=_STORES
                ),
                legend="{{job}} {{operation}}",
            ),
        ),
    ),
    Panel(
        title="Blocks that could not be loaded",
        description="Failed loads of blocks by a store gateway in the last hour: queries miss what they hold.",
        unit="short",
        thresholds=NEVER,
        alerts=("ThanosStoreBlocksNotLoading",),
        queries=(
            Query(
                expr="sum by (cluster, pod) "
                f"(increase(thanos_bucket_store_block_load_failures_total{{{of(STORE_GATEWAY)}}}[1h]))",
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
    Panel(
        title="Store API calls that fail",
        description="Share of gRPC calls that store gateways and ingestors answer with an error of theirs.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("ThanosStoreErrors",),
        queries=(
            Query(
                expr=ratio(
                    "grpc_server_handled_total",
                    "grpc_server_handled_total",
                    by="cluster, job",
                    matchers=of(RECEIVE_INGESTOR, STORE_GATEWAY),
                    of_part=',grpc_code=~"Unknown|ResourceExhausted|Internal|Unavailable|DataLoss|DeadlineExceeded"',
                ),
                legend="{{cluster}} {{job}}",
            ),
        ),
    ),
    Panel(
        title="Waiting for a turn, 99th percentile",
        description="Time that a query waits at a store gateway, which answers a bounded number at once.",
        unit="s",
        thresholds=above(1, 5),
        queries=(
            Query(
                expr=quantile(
                    0.99,
                    "thanos_bucket_store_series_gate_queries_duration_seconds",
                    by="cluster, pod",
                    matchers=of(STORE_GATEWAY),
                ),
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
    Panel(
        title="Index cache: found",
        description="Share of look-ups that the index cache of a store gateway answers. Low: queries read "
        "Blob each time.",
        unit="percentunit",
        thresholds=below(0.5, 0.1),
        queries=(
            Query(
                expr=ratio(
                    "thanos_store_index_cache_hits_total",
                    "thanos_store_index_cache_requests_total",
                    by="cluster, item_type",
                    matchers=of(STORE_GATEWAY),
                ),
                legend="{{cluster}} {{item_type}}",
            ),
        ),
    ),
)

_COMPACT = (
    Panel(
        title="Halted",
        description="1: the compactor met blocks that it must not touch, and waits for a person. Nothing is lost, Blob "
        "grows, and long queries become slow.",
        unit="short",
        kind="figure",
        width=6,
        thresholds=NEVER,
        alerts=("ThanosCompactorHalted", "ThanosCompactorMissing"),
        queries=(Query(expr=f"max by (cluster) (thanos_compact_halted{{{of(COMPACTOR)}}})", legend="{{cluster}}"),),
    ),
    Panel(
        title="Rounds per hour",
        description="Complete rounds over the bucket in the last hour.",
        unit="short",
        kind="figure",
        width=6,
        thresholds=FLOWING,
        alerts=("ThanosCompactorNotIterating", "ThanosCompactorFailing"),
        queries=(
            Query(
                expr=f"sum by (cluster) (increase(thanos_compact_iterations_total{{{of(COMPACTOR)}}}[1h]))",
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Work left",
        description="Compactions, blocks to downsample and blocks to delete that are still to do. It must fall to near "
        "zero within a day.",
        unit="short",
        width=12,
        thresholds=above(50, 200),
        alerts=("ThanosCompactorBacklog",),
        queries=tuple(
            Query(expr=f"sum by (cluster) ({metric}{{{of(COMPACTOR)}}})", legend=f"{{{{cluster}}}} {what}")
            for metric, what in (
                ("thanos_compact_todo_compactions", "compactions"),
                ("thanos_compact_todo_downsample_blocks", "to downsample"),
                ("thanos_compact_todo_deletion_blocks", "to delete"),
            )
        ),
    ),
    Panel(
        title="Reading the bucket's list fails",
        description="Failed synchronizations of the blocks' metadata in the last hour, by part.",
        unit="short",
        width=12,
        thresholds=NEVER,
        queries=(
            Query(
                expr="sum by (cluster, job) "
                f"(increase(thanos_blocks_meta_sync_failures_total{{{of(COMPACTOR, STORE_GATEWAY)}}}[1h]))",
                legend="{{cluster}} {{job}}",
            ),
        ),
    ),
    Panel(
        title="Clean-up fails",
        description="Failed deletions of marked blocks and failed garbage collections in the last hour.",
        unit="short",
        width=12,
        thresholds=NEVER,
        queries=tuple(
            Query(
                expr=f"sum by (cluster) (increase({metric}{{{of(COMPACTOR)}}}[1h]))", legend=f"{{{{cluster}}}} {what}"
            )
            for metric, what in (
                ("thanos_compact_block_cleanup_failures_total", "deletions"),
                ("thanos_compact_garbage_collection_failures_total", "garbage collection"),
            )
        ),
    ),
)

_QUERY = (
    Panel(
        title="Queries by answer",
        description="Requests per second at the query-frontend, by status.",
        unit="reqps",
        thresholds=FLOWING,
        queries=(
            Query(
                expr=rate(
                    "http_requests_total", by="cluster, code", matchers=f'{of(QUERY_FRONTEND)},handler="query-frontend"'
                ),
                legend="{{cluster}} {{code}}",
            ),
        ),
    ),
    Panel(
        title="Queries that fail",
        description="Share of queries answered with 5xx, at the query-frontend and at Query behind it.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("ThanosQueryErrors",),
        queries=(
            Query(
                expr=ratio(
                    "http_requests_total",
                    "http_requests_total",
                    by="cluster, job",
                    matchers=f'{of(QUERY, QUERY_FRONTEND)},handler=~"query|query_range|query-frontend"',
                    of_part=',code=~"5.."',
                ),
                legend="{{cluster}} {{job}}",
            ),
        ),
    ),
    Panel(
        title="Query, 99th percentile",
        description="Time to answer, at Query, instant and range apart.",
        unit="s",
        thresholds=above(5, 20),
        alerts=("ThanosQuerySlow",),
        queries=(
            Query(
                expr=quantile(
                    0.99,
                    "http_request_duration_seconds",
                    by="cluster, handler",
                    matchers=f'{of(QUERY)},handler=~"query|query_range"',
                ),
                legend="{{cluster}} {{handler}}",
            ),
        ),
    ),
    Panel(
        title="Stores that Query asks",
        description="Connected stores by kind: ingestors (receive) and store gateways (store). Fewer than there are: "
        "answers are partial.",
        unit="short",
        thresholds=below(2, 1),
        alerts=("ThanosQueryMissesStores",),
        queries=(
            Query(
                expr=f"min by (cluster, store_type) (sum by (cluster, pod, store_type) "
                f"(thanos_store_nodes_grpc_connections{{{of(QUERY)}}}))",
                legend="{{cluster}} {{store_type}}",
            ),
        ),
    ),
    Panel(
        title="Places taken by queries",
        description="Queries that run, as a share of those allowed at once. At 100 % the rest waits.",
        unit="percentunit",
        thresholds=above(0.7, 1),
        queries=(
            Query(
                expr=f"max by (cluster, pod) (thanos_query_concurrent_gate_queries_in_flight{{{of(QUERY)}}} "
                f"/ thanos_query_concurrent_gate_queries_max{{{of(QUERY)}}})",
                legend="{{cluster}} {{pod}}",
            ),
        ),
    ),
    Panel(
        title="Result cache: found",
        description="Share of range queries that the query-frontend's cache answers in part or whole.",
        unit="percentunit",
        thresholds=below(0.2, 0.01),
        queries=(
            Query(
                expr=ratio(
                    "cortex_cache_hits_total",
                    "cortex_cache_fetched_keys_total",
                    by="cluster",
                    matchers=of(QUERY_FRONTEND),
                ),
                legend="{{cluster}}",
            ),
        ),
    ),
)

_ALERTMANAGER = (
    Panel(
        title="Members that a member sees",
        description="Fewest members of the cluster that any Alertmanager sees. Fewer than run: the cluster is split, "
        "and people are notified twice.",
        unit="short",
        kind="figure",
        width=6,
        thresholds=below(3, 2),
        queries=(
            Query(expr=f"min by (cluster) (alertmanager_cluster_members{{{of(ALERTMANAGER)}}})", legend="{{cluster}}"),
        ),
    ),
    Panel(
        title="Notifications that fail",
        description="Share of notifications that a receiver did not take, by kind of receiver.",
        unit="percentunit",
        width=6,
        thresholds=above(0.01, 0.1),
        queries=(
            Query(
                expr=ratio(
                    "alertmanager_notifications_failed_total",
                    "alertmanager_notifications_total",
                    by="cluster, integration",
                    matchers=of(ALERTMANAGER),
                ),
                legend="{{cluster}} {{integration}}",
            ),
        ),
    ),
    Panel(
        title="Alerts held",
        description="Alerts that Alertmanager holds, by state: active ones notify, suppressed ones are "
        "silenced or inhibited.",
        unit="short",
        width=6,
        thresholds=above(50, 200),
        queries=(
            Query(
                expr=f"max by (cluster, state) (alertmanager_alerts{{{of(ALERTMANAGER)}}})",
                legend="{{cluster}} {{state}}",
            ),
        ),
    ),
    Panel(
        title="Notification, 99th percentile",
        description="Time until a receiver has taken a notification.",
        unit="s",
        width=6,
        thresholds=above(5, 15),
        queries=(
            Query(
                expr=quantile(
                    0.99,
                    "alertmanager_notification_latency_seconds",
                    by="cluster, integration",
                    matchers=of(ALERTMANAGER),
                ),
                legend="{{cluster}} {{integration}}",
            ),
        ),
    ),
)

_SIGN_IN = (
    Panel(
        title="Requests by answer",
        description="Requests per second at the door, by status. 401 and 403 are people not signed in or not allowed.",
        unit="reqps",
        thresholds=FLOWING,
        queries=(
            Query(
                expr=rate("oauth2_proxy_requests_total", by="cluster, code", matchers=of(SIGN_IN)),
                legend="{{cluster}} {{code}}",
            ),
        ),
    ),
    Panel(
        title="Requests that fail",
        description="Share of requests answered with 5xx: the sign-in at Entra fails, or what stands behind the door.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("SignInErrors",),
        queries=(
            Query(
                expr=ratio(
                    "oauth2_proxy_requests_total",
                    "oauth2_proxy_requests_total",
                    by="cluster",
                    matchers=of(SIGN_IN),
                    of_part=',code=~"5.."',
                ),
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Answer, 99th percentile",
        description="Time to answer, what stands behind the door included.",
        unit="s",
        thresholds=above(2, 10),
        queries=(
            Query(
                expr=quantile(
                    0.99, "oauth2_proxy_response_duration_seconds", by="cluster, method", matchers=of(SIGN_IN)
                ),
                legend="{{cluster}} {{method}}",
            ),
        ),
    ),
)

_GRAFANA = (
    Panel(
        title="Requests by answer",
        description="Requests per second, by status.",
        unit="reqps",
        thresholds=FLOWING,
        queries=(
            Query(
                expr=rate(
                    "grafana_http_request_duration_seconds_count", by="cluster, status_code", matchers=of(GRAFANA)
                ),
                legend="{{cluster}} {{status_code}}",
            ),
        ),
    ),
    Panel(
        title="Requests that fail",
        description="Share of requests answered with 5xx.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        queries=(
            Query(
                expr=ratio(
                    "grafana_http_request_duration_seconds_count",
                    "grafana_http_request_duration_seconds_count",
                    by="cluster",
                    matchers=of(GRAFANA),
                    of_part=',status_code=~"5.."',
                ),
                legend="{{cluster}}",
            ),
        ),
    ),
    Panel(
        title="Data sources that fail",
        description="Share of Grafana's requests to its data sources that were not answered with 2xx.",
        unit="percentunit",
        thresholds=above(0.01, 0.1),
        queries=(
            Query(
                expr=ratio(
                    "grafana_datasource_request_total",
                    "grafana_datasource_request_total",
                    by="cluster, datasource",
                    matchers=of(GRAFANA),
                    of_part=',code!~"2.."',
                ),
                legend="{{cluster}} {{datasource}}",
            ),
        ),
    ),
)
