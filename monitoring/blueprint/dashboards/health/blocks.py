"""Thanos behind Receive: blocks in Blob, who tends them, who asks for them."""

from __future__ import annotations

from monitoring.blueprint.components.workloads import (
    COMPACTOR,
    GLOBAL_QUERY,
    GLOBAL_QUERY_FRONTEND,
    QUERY,
    QUERY_FRONTEND,
    RECEIVE_INGESTOR,
    STORE_GATEWAY,
)
from monitoring.blueprint.dashboards.page import FLOWING, NEVER, Panel, Query, above, below, one
from monitoring.blueprint.dashboards.promql import of, quantile, rate, ratio

_STORES = of(RECEIVE_INGESTOR, STORE_GATEWAY, COMPACTOR)
_ANSWERING = of(QUERY, QUERY_FRONTEND, GLOBAL_QUERY, GLOBAL_QUERY_FRONTEND)

STORE = (
    Panel(
        title="Operations on Blob that fail",
        description="Share of reads and writes of the object store that end in an error, by part.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("ObjectStoreErrors", "ObjectStoreUnreachable"),
        queries=one(
            ratio(
                "thanos_objstore_bucket_operation_failures_total",
                "thanos_objstore_bucket_operations_total",
                by="cluster, job",
                matchers=_STORES,
            ),
            legend="{{cluster}} {{job}}",
        ),
    ),
    Panel(
        title="Operations on Blob, 99th percentile",
        description="Time of an operation on the object store: the ten slowest pairs of part and operation.",
        unit="s",
        thresholds=above(5, 15),
        queries=one(
            "topk(10, "
            + quantile(0.99, "thanos_objstore_bucket_operation_duration_seconds", by="job, operation", matchers=_STORES)
            + ")",
            legend="{{job}} {{operation}}",
        ),
    ),
    Panel(
        title="Blocks that could not be loaded",
        description="Failed loads of blocks by a store gateway in the last hour: queries miss what they hold.",
        unit="short",
        thresholds=NEVER,
        alerts=("ThanosStoreBlocksNotLoading",),
        queries=one(
            "sum by (cluster, pod) "
            f"(increase(thanos_bucket_store_block_load_failures_total{{{of(STORE_GATEWAY)}}}[1h]))",
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="Store API calls that fail",
        description="Share of gRPC calls that store gateways and ingestors answer with an error of theirs.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("ThanosStoreErrors",),
        queries=one(
            ratio(
                "grpc_server_handled_total",
                "grpc_server_handled_total",
                by="cluster, job",
                matchers=of(RECEIVE_INGESTOR, STORE_GATEWAY),
                of_part=',grpc_code=~"Unknown|ResourceExhausted|Internal|Unavailable|DataLoss|DeadlineExceeded"',
            ),
            legend="{{cluster}} {{job}}",
        ),
    ),
    Panel(
        title="Waiting for a turn, 99th percentile",
        description="Time that a query waits at a store gateway, which answers a bounded number at once.",
        unit="s",
        thresholds=above(1, 5),
        queries=one(
            quantile(
                0.99,
                "thanos_bucket_store_series_gate_queries_duration_seconds",
                by="cluster, pod",
                matchers=of(STORE_GATEWAY),
            ),
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="Index cache: found",
        description="Share of look-ups that the index cache of a store gateway answers. Low: queries read "
        "Blob each time.",
        unit="percentunit",
        thresholds=below(0.5, 0.1),
        queries=one(
            ratio(
                "thanos_store_index_cache_hits_total",
                "thanos_store_index_cache_requests_total",
                by="cluster, item_type",
                matchers=of(STORE_GATEWAY),
            ),
            legend="{{cluster}} {{item_type}}",
        ),
    ),
)

COMPACT = (
    Panel(
        title="Halted",
        description="1: the compactor met blocks that it must not touch, and waits for a person. Nothing is lost, Blob "
        "grows, and long queries become slow.",
        unit="short",
        kind="figure",
        width=6,
        thresholds=NEVER,
        alerts=("ThanosCompactorHalted", "ThanosCompactorMissing"),
        queries=one(f"max by (cluster) (thanos_compact_halted{{{of(COMPACTOR)}}})", legend="{{cluster}}"),
    ),
    Panel(
        title="Rounds per hour",
        description="Complete rounds over the bucket in the last hour.",
        unit="short",
        kind="figure",
        width=6,
        thresholds=FLOWING,
        alerts=("ThanosCompactorNotIterating", "ThanosCompactorFailing"),
        queries=one(
            f"sum by (cluster) (increase(thanos_compact_iterations_total{{{of(COMPACTOR)}}}[1h]))", legend="{{cluster}}"
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
        queries=one(
            "sum by (cluster, job) "
            f"(increase(thanos_blocks_meta_sync_failures_total{{{of(COMPACTOR, STORE_GATEWAY)}}}[1h]))",
            legend="{{cluster}} {{job}}",
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

QUERIES = (
    Panel(
        title="Queries by answer",
        description="Requests per second at the query-frontend, by status.",
        unit="reqps",
        width=6,
        thresholds=FLOWING,
        queries=one(
            rate("http_requests_total", by="cluster, code", matchers=f'{of(QUERY_FRONTEND)},handler="query-frontend"'),
            legend="{{cluster}} {{code}}",
        ),
    ),
    Panel(
        title="Queries that fail",
        description="Share of queries answered with 5xx, at the query-frontend and at Query behind it; those of the "
        "global view too.",
        unit="percentunit",
        width=6,
        thresholds=above(0.01, 0.05),
        alerts=("ThanosQueryErrors",),
        queries=one(
            ratio(
                "http_requests_total",
                "http_requests_total",
                by="cluster, job",
                matchers=f'{_ANSWERING},handler=~"query|query_range|query-frontend"',
                of_part=',code=~"5.."',
            ),
            legend="{{cluster}} {{job}}",
        ),
    ),
    Panel(
        title="Query, 99th percentile",
        description="Time to answer, at Query, instant and range apart.",
        unit="s",
        width=6,
        thresholds=above(5, 20),
        alerts=("ThanosQuerySlow",),
        queries=one(
            quantile(
                0.99,
                "http_request_duration_seconds",
                by="cluster, handler",
                matchers=f'{of(QUERY)},handler=~"query|query_range"',
            ),
            legend="{{cluster}} {{handler}}",
        ),
    ),
    Panel(
        title="Stores that Query asks",
        description="Connected stores by kind: ingestors (receive) and store gateways (store). Fewer than there are: "
        "answers are partial.",
        unit="short",
        width=6,
        thresholds=below(2, 1),
        alerts=("ThanosQueryMissesStores",),
        queries=one(
            f"min by (cluster, store_type) (sum by (cluster, pod, store_type) "
            f"(thanos_store_nodes_grpc_connections{{{of(QUERY)}}}))",
            legend="{{cluster}} {{store_type}}",
        ),
    ),
    Panel(
        title="Places taken by queries",
        description="Queries that run, as a share of those allowed at once. At 100 % the rest waits.",
        unit="percentunit",
        thresholds=above(0.7, 1),
        queries=one(
            f"max by (cluster, pod) (thanos_query_concurrent_gate_queries_in_flight{{{of(QUERY)}}} "
            f"/ thanos_query_concurrent_gate_queries_max{{{of(QUERY)}}})",
            legend="{{cluster}} {{pod}}",
        ),
    ),
    Panel(
        title="Result cache: found",
        description="Share of range queries that the query-frontend's cache answers in part or whole.",
        unit="percentunit",
        thresholds=below(0.2, 0.01),
        queries=one(
            ratio(
                "cortex_cache_hits_total",
                "cortex_cache_fetched_keys_total",
                by="cluster",
                matchers=of(QUERY_FRONTEND),
            ),
            legend="{{cluster}}",
        ),
    ),
    Panel(
        title="Global query: calls to regions that fail",
        description="Share of the calls, one to each region every 5 s, that a region does not answer. One region of "
        "three is 33 %. Nothing in a region without the global view.",
        unit="percentunit",
        thresholds=above(0.02, 0.1),
        alerts=("GlobalQueryMissesRegions",),
        queries=one(
            ratio(
                "grpc_client_handled_total",
                "grpc_client_handled_total",
                by="cluster",
                matchers=f'{of(GLOBAL_QUERY)},grpc_method="Info"',
                of_part=',grpc_code!="OK"',
            ),
            legend="{{cluster}}",
        ),
    ),
)
