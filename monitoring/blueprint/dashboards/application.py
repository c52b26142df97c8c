"""Any service that keeps the contract of application metrics: rate, errors, duration, database, cache.

Thanos' own parts say `http_requests_total` and `http_request_duration_seconds` too, with other labels: the contract's
series are those with a `route`.
"""

from __future__ import annotations

from monitoring.blueprint.dashboards.business import BUSINESS
from monitoring.blueprint.dashboards.page import (
    CLUSTER,
    FLOWING,
    SCOPE,
    Page,
    Panel,
    Query,
    Variable,
    above,
    below,
    one,
)
from monitoring.blueprint.dashboards.promql import RATE, quantile, rate, ratio

_SERVICE = f'{SCOPE},namespace=~"$namespace",job=~"$job"'
_HTTP = f'{_SERVICE},route!=""'
_FAILED = ',status_code=~"5.."'


def page() -> Page:
    """The dashboard."""
    return Page(
        uid="application",
        title="Oversight / Application",
        description="A service by the contract of application metrics: requests, errors, duration, database, cache, "
        "business.",
        variables=(
            CLUSTER,
            Variable(
                name="namespace",
                title="Namespace",
                series=f'http_requests_total{{{SCOPE},route!=""}}',
                description="Namespaces with services that keep the contract.",
            ),
            Variable(
                name="job",
                title="Service",
                series=f'http_requests_total{{{SCOPE},namespace=~"$namespace",route!=""}}',
                description="The label job: the service's name.",
            ),
        ),
        rows={
            "Now": _NOW,
            "Requests": _REQUESTS,
            "Duration": _DURATION,
            "Database": _DATABASE,
            "Cache": _CACHE,
            "Business": BUSINESS,
        },
    )


_NOW = (
    Panel(
        title="Requests",
        description="Requests per second, all services chosen.",
        unit="reqps",
        kind="figure",
        width=6,
        height=4,
        thresholds=FLOWING,
        queries=one(f"sum(rate(http_requests_total{{{_HTTP}}}[{RATE}]))", legend="requests"),
    ),
    Panel(
        title="Errors",
        description="Share of requests answered with 5xx, all services chosen.",
        unit="percentunit",
        kind="figure",
        width=6,
        height=4,
        thresholds=above(0.001, 0.01),
        queries=one(
            f"(sum(rate(http_requests_total{{{_HTTP}{_FAILED}}}[{RATE}])) or vector(0)) "
            f"/ sum(rate(http_requests_total{{{_HTTP}}}[{RATE}]))",
            legend="errors",
        ),
    ),
    Panel(
        title="Duration, 95th percentile",
        description="95 of 100 requests are answered within this time, all services chosen.",
        unit="s",
        kind="figure",
        width=6,
        height=4,
        thresholds=above(0.5, 2),
        queries=one(
            f"histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{{{_HTTP}}}[{RATE}])))",
            legend="95 %",
        ),
    ),
    Panel(
        title="Replicas that answer their scrape",
        description="Share of the service's pods that are up.",
        unit="percentunit",
        kind="figure",
        width=6,
        height=4,
        thresholds=below(1, 0.5),
        queries=one(
            f"avg by (job) (up{{{_SERVICE}}} and on (cluster, namespace, job) "
            f"group by (cluster, namespace, job) (http_requests_total{{{_HTTP}}}))",
            legend="{{job}}",
        ),
    ),
)

_REQUESTS = (
    Panel(
        title="Requests by service",
        description="Requests per second.",
        unit="reqps",
        thresholds=FLOWING,
        alerts=("ApplicationTrafficGone",),
        queries=one(rate("http_requests_total", by="cluster, job", matchers=_HTTP), legend="{{cluster}} {{job}}"),
    ),
    Panel(
        title="Requests by answer",
        description="Requests per second by status.",
        unit="reqps",
        thresholds=FLOWING,
        queries=one(rate("http_requests_total", by="status_code", matchers=_HTTP), legend="{{status_code}}"),
    ),
    Panel(
        title="Requests by route",
        description="The ten busiest routes, requests per second.",
        unit="reqps",
        thresholds=FLOWING,
        queries=one(
            f"topk(10, {rate('http_requests_total', by='job, method, route', matchers=_HTTP)})",
            legend="{{job}} {{method}} {{route}}",
        ),
    ),
    Panel(
        title="Errors by service",
        description="Share of requests answered with 5xx.",
        unit="percentunit",
        width=12,
        thresholds=above(0.001, 0.01),
        alerts=("ApplicationErrorBudgetBurnsFast", "ApplicationErrorBudgetBurnsSlowly"),
        queries=one(
            ratio(
                "http_requests_total",
                "http_requests_total",
                by="cluster, job",
                matchers=_HTTP,
                of_part=_FAILED,
            ),
            legend="{{cluster}} {{job}}",
        ),
    ),
    Panel(
        title="Errors by route",
        description="The ten routes with the largest share of 5xx.",
        unit="percentunit",
        width=12,
        thresholds=above(0.01, 0.05),
        queries=one(
            "topk(10, "
            + ratio(
                "http_requests_total",
                "http_requests_total",
                by="job, method, route",
                matchers=_HTTP,
                of_part=_FAILED,
            )
            + ")",
            legend="{{job}} {{method}} {{route}}",
        ),
    ),
)

_DURATION = (
    Panel(
        title="Duration by service",
        description="Half, 95 and 99 of 100 requests are answered within this time. From buckets, so that pods and "
        "regions add up; it cannot show more than the largest bucket.",
        unit="s",
        thresholds=above(0.5, 2),
        alerts=("ApplicationLatencyBudgetBurns",),
        queries=tuple(
            Query(
                expr=quantile(q, "http_request_duration_seconds", by="job", matchers=_HTTP),
                legend=f"{{{{job}}}} {q * 100:.0f} %",
            )
            for q in (0.5, 0.95, 0.99)
        ),
    ),
    Panel(
        title="Duration by route, 95th percentile",
        description="The ten slowest routes.",
        unit="s",
        thresholds=above(0.5, 2),
        queries=one(
            "topk(10, "
            + quantile(0.95, "http_request_duration_seconds", by="job, method, route", matchers=_HTTP)
            + ")",
            legend="{{job}} {{method}} {{route}}",
        ),
    ),
    Panel(
        title="Duration by region, 95th percentile",
        description="The same service in each region.",
        unit="s",
        thresholds=above(0.5, 2),
        queries=one(
            quantile(0.95, "http_request_duration_seconds", by="cluster, job", matchers=_HTTP),
            legend="{{cluster}} {{job}}",
        ),
    ),
)

_DATABASE = (
    Panel(
        title="Queries",
        description="Database queries per second, by operation.",
        unit="ops",
        thresholds=FLOWING,
        queries=one(
            rate("db_query_duration_seconds_count", by="job, operation", matchers=_SERVICE),
            legend="{{job}} {{operation}}",
        ),
    ),
    Panel(
        title="Query, 95th percentile",
        description="The ten slowest pairs of operation and table.",
        unit="s",
        thresholds=above(0.1, 1),
        queries=one(
            "topk(10, "
            + quantile(0.95, "db_query_duration_seconds", by="job, operation, table", matchers=_SERVICE)
            + ")",
            legend="{{job}} {{operation}} {{table}}",
        ),
    ),
    Panel(
        title="Database time of a request",
        description="Seconds of queries for each second of requests. Near 100 % the database is what is slow; above, "
        "queries run side by side.",
        unit="percentunit",
        thresholds=above(0.7, 1),
        queries=one(
            f"{rate('db_query_duration_seconds_sum', by='cluster, job', matchers=_SERVICE)} "
            f"/ {rate('http_request_duration_seconds_sum', by='cluster, job', matchers=_HTTP)}",
            legend="{{cluster}} {{job}}",
        ),
    ),
)

_CACHE = (
    Panel(
        title="Found in the cache",
        description="Share of look-ups that hit.",
        unit="percentunit",
        width=12,
        thresholds=below(0.8, 0.5),
        queries=one(
            f"{rate('cache_hits_total', by='job, cache_name', matchers=_SERVICE)} / "
            f"({rate('cache_hits_total', by='job, cache_name', matchers=_SERVICE)} "
            f"+ {rate('cache_misses_total', by='job, cache_name', matchers=_SERVICE)})",
            legend="{{job}} {{cache_name}}",
        ),
    ),
    Panel(
        title="Look-ups",
        description="Look-ups per second, hits and misses.",
        unit="ops",
        width=12,
        thresholds=FLOWING,
        queries=(
            Query(
                expr=rate("cache_hits_total", by="job, cache_name", matchers=_SERVICE),
                legend="{{job}} {{cache_name}} hits",
            ),
            Query(
                expr=rate("cache_misses_total", by="job, cache_name", matchers=_SERVICE),
                legend="{{job}} {{cache_name}} misses",
            ),
        ),
    ),
)
