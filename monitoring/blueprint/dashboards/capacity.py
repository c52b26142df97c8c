"""What grows, and how long it still fits: series, samples, disks, memory, Blob."""

from __future__ import annotations

from monitoring.blueprint.components.workloads import COMPACTOR, PROMETHEUS, RECEIVE_INGESTOR, STORE_GATEWAY
from monitoring.blueprint.dashboards.page import CLUSTER, FLOWING, SCOPE, Page, Panel, above, below, one
from monitoring.blueprint.dashboards.promql import NAMESPACES, of, rate, ratio

_VOLUMES = f'{SCOPE},namespace="{PROMETHEUS.namespace}"'
_CONTAINERS = f'{SCOPE},{NAMESPACES},container!=""'
_DAY = 86400
_STORES = of(RECEIVE_INGESTOR, STORE_GATEWAY, COMPACTOR)


def page() -> Page:
    """The dashboard."""
    return Page(
        uid="capacity",
        title="Oversight / Capacity",
        description="What grows, and how long it still fits.",
        variables=(CLUSTER,),
        rows={
            "Series and samples": _SERIES,
            "Teams": _TEAMS,
            "Disks": _DISKS,
            "Pods": _PODS,
            "Nodes": _NODES,
            "Blob": _BLOB,
        },
        since="now-7d",
    )


_SERIES = (
    Panel(
        title="Active series of Prometheus",
        description="Series in the head of each replica. A series costs about 8 KiB of memory, and a quarter more for "
        "remote write.",
        unit="short",
        thresholds=above(300_000, 400_000),
        alerts=("PrometheusSeriesTowardsLimit",),
        queries=one(
            f"max by (cluster, pod) (prometheus_tsdb_head_series{{{of(PROMETHEUS)}}})", legend="{{cluster}} {{pod}}"
        ),
    ),
    Panel(
        title="Active series of the ingestors",
        description="Series in the head of each ingestor: the region's series, times Prometheus replicas, times "
        "replication factor, over all ingestors.",
        unit="short",
        thresholds=above(1_500_000, 2_500_000),
        queries=one(
            f"sum by (cluster, pod) (prometheus_tsdb_head_series{{{of(RECEIVE_INGESTOR)}}})",
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="Series of the largest jobs",
        description="The ten jobs with the most samples per scrape: who grows.",
        unit="short",
        thresholds=above(50_000, 100_000),
        queries=one(
            f"topk(10, sum by (cluster, job) (scrape_samples_post_metric_relabeling{{{SCOPE}}}))",
            legend="{{cluster}} {{job}}",
        ),
    ),
    Panel(
        title="Samples taken in",
        description="Samples per second of each replica: series over scrape interval.",
        unit="cps",
        thresholds=FLOWING,
        queries=one(
            rate("prometheus_tsdb_head_samples_appended_total", by="cluster, pod", matchers=of(PROMETHEUS)),
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="New series",
        description="Series made per second. Much against few active ones: labels that change with every deployment or "
        "request.",
        unit="cps",
        thresholds=above(100, 500),
        queries=one(
            rate("prometheus_tsdb_head_series_created_total", by="cluster, pod", matchers=of(PROMETHEUS)),
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="Cost of rules",
        description="Seconds that the groups of rules took at their last evaluation, the ten most expensive.",
        unit="s",
        thresholds=above(5, 20),
        alerts=("RulesCostly", "RulesRecordTooMuch"),
        queries=one(
            f"topk(10, max by (cluster, rule_group) (prometheus_rule_group_last_duration_seconds{{{of(PROMETHEUS)}}}))",
            legend="{{cluster}} {{rule_group}}",
        ),
    ),
)

_USED = f"max by (cluster, namespace) (namespace:scrape_samples_post_metric_relabeling:sum{{{SCOPE}}})"
_TEAM = "{{cluster}} {{namespace}}"

_TEAMS = (
    Panel(
        title="Series by namespace",
        description="The ten namespaces whose targets have the most series: at the last scrape, after relabelling, in "
        "one replica. What kube-state-metrics says of a team counts for its own namespace.",
        unit="short",
        thresholds=above(50_000, 100_000),
        alerts=("ScrapeLimitNear",),
        queries=one(f"topk(10, {_USED})", legend=_TEAM),
    ),
    Panel(
        title="Budget of series used",
        description="Share of what the region's file gives a namespace (series_budgets); a namespace without a budget "
        "is not here.",
        unit="percentunit",
        thresholds=above(0.9, 1),
        alerts=("SeriesBudgetNearlyUsed",),
        queries=one(
            f"{_USED} / max by (cluster, namespace) (namespace:series_budget:limit{{{SCOPE}}})",
            legend=_TEAM,
        ),
    ),
    Panel(
        title="Samples by namespace",
        description="Samples per second of a namespace's targets, in one replica: what is stored, sent and paid for.",
        unit="cps",
        thresholds=above(2_000, 5_000),
        queries=one(
            "topk(10, max by (cluster, namespace) "
            f"(namespace:scrape_samples_post_metric_relabeling:rate5m{{{SCOPE}}}))",
            legend=_TEAM,
        ),
    ),
    Panel(
        title="New series of an hour by namespace",
        description="Series that the last hour's scrapes brought for the first time. As many as there are active ones: "
        "labels that change with every deployment or request.",
        unit="short",
        thresholds=above(20_000, 100_000),
        queries=one(
            f"topk(10, max by (cluster, namespace) (namespace:scrape_series_added:increase1h{{{SCOPE}}}))",
            legend=_TEAM,
        ),
    ),
)

_DISKS = (
    Panel(
        title="Space used",
        description="Share of each volume that is used.",
        unit="percentunit",
        thresholds=above(0.8, 0.9),
        alerts=("VolumeAlmostFull",),
        queries=one(
            f"max by (cluster, persistentvolumeclaim) (kubelet_volume_stats_used_bytes{{{_VOLUMES}}} "
            f"/ kubelet_volume_stats_capacity_bytes{{{_VOLUMES}}})",
            legend="{{cluster}} {{persistentvolumeclaim}}",
        ),
    ),
    Panel(
        title="Days left",
        description="Days until the volume is full, if it grows on as in the last day; 365 means a year or more, or "
        "that it does not grow.",
        unit="short",
        thresholds=below(14, 4),
        alerts=("VolumeFullSoon",),
        queries=one(
            "min by (cluster, persistentvolumeclaim) (clamp_max("
            f"kubelet_volume_stats_available_bytes{{{_VOLUMES}}} "
            f"/ clamp_min(deriv(kubelet_volume_stats_used_bytes{{{_VOLUMES}}}[1d]), 1) / {_DAY}, 365))",
            legend="{{cluster}} {{persistentvolumeclaim}}",
        ),
    ),
    Panel(
        title="Inodes used",
        description="Share of each volume's inodes that is used.",
        unit="percentunit",
        thresholds=above(0.8, 0.9),
        queries=one(
            f"max by (cluster, persistentvolumeclaim) (kubelet_volume_stats_inodes_used{{{_VOLUMES}}} "
            f"/ kubelet_volume_stats_inodes{{{_VOLUMES}}})",
            legend="{{cluster}} {{persistentvolumeclaim}}",
        ),
    ),
    Panel(
        title="Retention reached",
        description="Age of the oldest sample as a share of the retention by time. Below 100 % for longer than the "
        "retention: the limit by size cuts it short.",
        unit="percentunit",
        thresholds=below(0.9, 0.5),
        alerts=("PrometheusRetentionCutShort",),
        queries=one(
            f"min by (cluster, pod) ((time() - prometheus_tsdb_lowest_timestamp_seconds{{{of(PROMETHEUS)}}}) "
            f"/ prometheus_tsdb_retention_limit_seconds{{{of(PROMETHEUS)}}})",
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="Blocks and WAL of the limit by size",
        description="What the blocks, the head's chunks and the WAL take of the retention by size. At 100 % the oldest "
        "block goes, whatever its age.",
        unit="percentunit",
        thresholds=above(0.9, 1),
        queries=one(
            f"max by (cluster, pod) ((prometheus_tsdb_storage_blocks_bytes{{{of(PROMETHEUS)}}} "
            f"+ prometheus_tsdb_head_chunks_storage_size_bytes{{{of(PROMETHEUS)}}} "
            f"+ prometheus_tsdb_wal_storage_size_bytes{{{of(PROMETHEUS)}}}) "
            f"/ prometheus_tsdb_retention_limit_bytes{{{of(PROMETHEUS)}}})",
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="Blocks deleted for size",
        description="Blocks that the limit by size deleted in the last day, before their time.",
        unit="short",
        thresholds=above(1),
        queries=one(
            f"sum by (cluster, pod) (increase(prometheus_tsdb_size_retentions_total{{{of(PROMETHEUS)}}}[1d]))",
            legend="{{cluster}} {{pod}}",
        ),
    ),
)

_PODS = (
    Panel(
        title="Memory of its limit",
        description="Working set of each container as a share of its limit. At 100 % the kernel stops it.",
        unit="percentunit",
        thresholds=above(0.8, 0.95),
        alerts=("MemoryNearLimit",),
        queries=one(
            f"max by (cluster, pod, container) (container_memory_working_set_bytes{{{_CONTAINERS}}}) "
            "/ on (cluster, pod, container) max by (cluster, pod, container) "
            f'(kube_pod_container_resource_limits{{{_CONTAINERS},resource="memory"}})',
            legend="{{cluster}} {{pod}} {{container}}",
        ),
    ),
    Panel(
        title="CPU of what is reserved",
        description="Processor time of each container as a share of its request.",
        unit="percentunit",
        thresholds=above(1, 2),
        queries=one(
            f"{rate('container_cpu_usage_seconds_total', by='cluster, pod, container', matchers=_CONTAINERS)} "
            "/ on (cluster, pod, container) max by (cluster, pod, container) "
            f'(kube_pod_container_resource_requests{{{_CONTAINERS},resource="cpu"}})',
            legend="{{cluster}} {{pod}} {{container}}",
        ),
    ),
    Panel(
        title="Held back",
        description="Share of scheduling periods in which a container was stopped at its CPU limit.",
        unit="percentunit",
        thresholds=above(0.25, 0.5),
        queries=one(
            ratio(
                "container_cpu_cfs_throttled_periods_total",
                "container_cpu_cfs_periods_total",
                by="cluster, pod, container",
                matchers=_CONTAINERS,
            ),
            legend="{{cluster}} {{pod}} {{container}}",
        ),
    ),
)

_NODES = tuple(
    Panel(
        title=f"{name} reserved",
        description=f"Share of each node's {what} that pods of all namespaces have reserved. "
        "At 100 % nothing more fits.",
        unit="percentunit",
        width=12,
        thresholds=above(0.85, 0.95),
        queries=one(
            f'sum by (cluster, node) (kube_pod_container_resource_requests{{{SCOPE},resource="{resource}"}}) '
            f'/ sum by (cluster, node) (kube_node_status_allocatable{{{SCOPE},resource="{resource}"}})',
            legend="{{cluster}} {{node}}",
        ),
    )
    for name, what, resource in (("CPU", "processors", "cpu"), ("Memory", "memory", "memory"))
)

_BLOB = (
    Panel(
        title="Written to Blob per day",
        description="Bytes that ingestors and compactor upload, at the pace of the last day.",
        unit="bytes",
        thresholds=above(100 * 2**30, 500 * 2**30),
        queries=one(
            "sum by (cluster, job) (rate(thanos_objstore_bucket_operation_transferred_bytes_sum"
            f'{{{_STORES},operation="upload"}}[1d])) * {_DAY}',
            legend="{{cluster}} {{job}}",
        ),
    ),
    Panel(
        title="Operations on Blob",
        description="Reads, writes and lists per second, which Azure bills, by operation.",
        unit="ops",
        thresholds=above(50, 200),
        queries=one(
            rate("thanos_objstore_bucket_operations_total", by="cluster, operation", matchers=_STORES),
            legend="{{cluster}} {{operation}}",
        ),
    ),
    Panel(
        title="Blocks",
        description="Blocks that the compactor sees in the bucket. It grows slowly with the years; a steep line means "
        "that compaction stands still.",
        unit="short",
        thresholds=above(5_000, 20_000),
        queries=one(
            f'max by (cluster) (thanos_blocks_meta_synced{{{of(COMPACTOR)},state="loaded"}})', legend="{{cluster}}"
        ),
    ),
)
