"""The Prometheus pair: what it takes in, what it evaluates, what it sends on."""

from __future__ import annotations

from monitoring.blueprint.components.workloads import PROMETHEUS
from monitoring.blueprint.dashboards.page import FLOWING, NEVER, SCOPE, Panel, Query, above, one
from monitoring.blueprint.dashboards.promql import of, quantile, rate, ratio

PAIR = (
    Panel(
        title="Samples taken in",
        description="Samples per second that each replica appends. Both replicas scrape everything: the lines lie on "
        "each other.",
        unit="cps",
        thresholds=FLOWING,
        queries=one(
            rate("prometheus_tsdb_head_samples_appended_total", by="cluster, pod", matchers=of(PROMETHEUS)),
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="How far the replicas are apart",
        description="Difference in active series between the replica with the most and the one with the fewest. "
        "A replica that sees less has lost targets, or the other holds what is gone.",
        unit="percentunit",
        thresholds=above(0.05, 0.2),
        alerts=("PrometheusReplicasDisagree",),
        queries=one(
            f"1 - min by (cluster) (prometheus_tsdb_head_series{{{of(PROMETHEUS)}}}) "
            f"/ max by (cluster) (prometheus_tsdb_head_series{{{of(PROMETHEUS)}}})",
            legend="{{cluster}}",
        ),
    ),
    Panel(
        title="Targets that do not answer",
        description="Share of a job's targets that are down, jobs of all namespaces. An idle panel shows zeros.",
        unit="percentunit",
        thresholds=above(0.01, 0.1),
        queries=one(f"1 - avg by (cluster, job) (up{{{SCOPE}}})", legend="{{cluster}} {{job}}"),
    ),
    Panel(
        title="Rules: time used of their interval",
        description="The slowest group of each replica. At 100 % evaluations are skipped, and alerts come late.",
        unit="percentunit",
        thresholds=above(0.5, 0.9),
        alerts=("RuleGroupSlow", "RuleGroupMissesEvaluations"),
        queries=one(
            f"max by (cluster, pod) (prometheus_rule_group_last_duration_seconds{{{of(PROMETHEUS)}}} "
            f"/ prometheus_rule_group_interval_seconds{{{of(PROMETHEUS)}}})",
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="Rules that fail",
        description="Share of evaluations that end in an error. A failing alert rule cannot fire.",
        unit="percentunit",
        thresholds=NEVER,
        alerts=("RuleEvaluationsFailing",),
        queries=one(
            ratio(
                "prometheus_rule_evaluation_failures_total",
                "prometheus_rule_evaluations_total",
                by="cluster, pod",
                matchers=of(PROMETHEUS),
            ),
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="Queries, 99th percentile",
        description="Time to answer a query over HTTP, by replica. Dashboards mostly ask Thanos: this "
        "is people at oauth2-proxy and machines.",
        unit="s",
        thresholds=above(2, 10),
        queries=one(
            quantile(
                0.99,
                "prometheus_http_request_duration_seconds",
                by="cluster, pod",
                matchers=f'{of(PROMETHEUS)},handler=~"/api/v1/query.*"',
            ),
            legend="{{cluster}} {{pod}}",
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
                expr=f"sum by (cluster) (increase({metric}{{{of(PROMETHEUS)}}}[1h]))",
                legend=f"{{{{cluster}}}} {what}",
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
                expr=rate(metric, by="cluster", matchers=of(PROMETHEUS)),
                legend=f"{{{{cluster}}}} {what}",
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
        queries=one(
            ratio(
                "prometheus_notifications_errors_total",
                "prometheus_notifications_sent_total",
                by="cluster, pod",
                matchers=of(PROMETHEUS),
            ),
            legend="{{cluster}} {{pod}}",
        ),
    ),
)

REMOTE_WRITE = (
    Panel(
        title="Behind",
        description="Newest sample scraped against the newest one sent. An hour in the WAL is safe, more is luck; a "
        "restart of the sender meanwhile loses all that is unsent.",
        unit="s",
        thresholds=above(60, 600),
        alerts=("RemoteWriteBehind", "RemoteWriteSoonLosesSamples", "RemoteWriteSenderRestarted"),
        queries=one(
            f"max by (cluster, pod) (namespace_pod:prometheus_remote_write_behind_seconds:max{{{SCOPE}}})",
            legend="{{cluster}} {{pod}}",
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
        queries=one(
            f"max by (cluster, pod) (prometheus_remote_storage_shards_desired{{{of(PROMETHEUS)}}} "
            f"/ prometheus_remote_storage_shards_max{{{of(PROMETHEUS)}}})",
            legend="{{cluster}} {{pod}}",
        ),
    ),
)
