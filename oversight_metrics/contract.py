"""The contract of application metrics, as plain data: what every service says about itself, in whatever language.

Dashboards, rules and alerts ask for these names and labels and for no others. The metric objects (`metrics.py`), the
Node middleware (`node/contract.json`) and the table in the documentation are made of `CONTRACT`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

HTTP_BUCKETS = (0.1, 0.3, 0.5, 0.7, 1.0, 3.0, 5.0, 7.0, 10.0)
"""Upper bounds in seconds, without +Inf: a quantile between two bounds is interpolated, above the last it stays there.

All services have the same: histograms with different bounds cannot be added up over services and regions. 0.5 is the
bound of the latency objective (helm-values/rules/alerts-application-slo.yaml); no rule needs one that is not here.
"""

DB_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)
"""The same of database queries, which are far shorter than requests; no rule asks for one of them by its bound."""

UNMATCHED = "unmatched"
"""The route of every request that no route matches."""

OTHER_METHOD = "OTHER"
"""The method of every request whose method is none of HTTP's own (RFC 9110, RFC 5789)."""

OTHER = "other"
"""What stands for a label value that is none: the status that is none of HTTP's, a route that could not be found out.

Beyond `MetricFamily.label_sets` it is every label: method `OTHER`, route and status `other`. Only a status of 500 and
more becomes `500`, so that failures stay failures to every rule.
"""

CLIENT_GONE = 499
"""The status of a request that the client left before there was any answer (nginx' word for it)."""

HTTP_LABEL_SETS = 500
"""Of method, route and status: 13 series each in both metrics, 6,500 of the 10,000 that a target may have."""


@dataclass(frozen=True, kw_only=True)
class MetricFamily:
    """One metric: its full name (with the unit, and `_total` for a counter), its labels, and what it means.

    `label_sets` is how many label sets it may have besides that of `other`: all metrics together stay below the samples
    that Prometheus takes of a target (monitoring/blueprint/scraping/limits.py), whatever clients and code come up with.
    `multiprocess_mode` says how the values of several worker processes become one; counters and histograms add up.
    """

    name: str
    type: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str
    label_sets: int = 100
    buckets: tuple[float, ...] = ()
    multiprocess_mode: Literal["", "mostrecent"] = ""


CONTRACT = (
    MetricFamily(
        name="http_request_duration_seconds",
        type="histogram",
        labels=("method", "route", "status_code"),
        help="Time from a request to the last byte of its response.",
        label_sets=HTTP_LABEL_SETS,
        buckets=HTTP_BUCKETS,
    ),
    MetricFamily(
        name="http_requests_total",
        type="counter",
        labels=("method", "route", "status_code"),
        help="Requests answered, or failed (status_code 500).",
        label_sets=HTTP_LABEL_SETS,
    ),
    MetricFamily(
        name="db_query_duration_seconds",
        type="histogram",
        labels=("operation", "table"),
        help="Time of a database query.",
        buckets=DB_BUCKETS,
    ),
    MetricFamily(
        name="cache_hits_total",
        type="counter",
        labels=("cache_name",),
        help="Look-ups that found something in the cache.",
    ),
    MetricFamily(
        name="cache_misses_total",
        type="counter",
        labels=("cache_name",),
        help="Look-ups that found nothing in the cache.",
    ),
    MetricFamily(
        name="business_metric",
        type="gauge",
        labels=("metric_name",),
        help="A figure of the business that has no metric of its own.",
        multiprocess_mode="mostrecent",
    ),
    # A distinct count cannot be made of counters: a user on two pods would count twice, and a series per user is the
    # end of any Prometheus. Whoever knows the users (the database) counts them.
    MetricFamily(
        name="business_active_users",
        type="gauge",
        labels=("window",),
        help="Distinct users within the window, counted by the application.",
        multiprocess_mode="mostrecent",
    ),
    MetricFamily(
        name="business_transactions_total",
        type="counter",
        labels=("type", "status"),
        help="Transactions that came to an end.",
    ),
    MetricFamily(
        name="business_revenue_total",
        type="counter",
        labels=("currency",),
        help="Revenue in units of the currency.",
    ),
    MetricFamily(
        name="oversight_metrics_over_limit_total",
        type="counter",
        labels=("metric",),
        help="Events that count in the label set of `other`, since the metric has all the label sets it may have.",
    ),
)


def contract_json() -> str:
    """What the Node middleware reads: the contract and the fixed label values."""
    fixed = {"unmatched": UNMATCHED, "other_method": OTHER_METHOD, "other": OTHER, "client_gone": CLIENT_GONE}
    return json.dumps({"fixed": fixed, "metrics": [asdict(family) for family in CONTRACT]}, indent=2) + "\n"


def contract_table() -> str:
    """The page of the documentation: a row per metric."""
    rows = [
        f"| `{family.name}` | {family.type} | {', '.join(f'`{label}`' for label in family.labels)} "
        f"| {family.label_sets} | {family.help} |"
        for family in CONTRACT
    ]
    buckets = [
        f"- `{family.name}` has the buckets {', '.join(f'{bound:g}' for bound in family.buckets)} (seconds) and +Inf."
        for family in CONTRACT
        if family.buckets
    ]
    lines = (
        "# The contract of application metrics",
        "",
        "This page lists every application metric, generated from `oversight_metrics/contract.py`. "
        "[application-metrics.md](../application-metrics.md) says how a service comes to keep it.",
        "",
        "| metric | type | labels | label sets | meaning |",
        "|---|---|---|---|---|",
        *rows,
        "",
        *buckets,
        "",
        "Beyond its label sets a metric counts in one more, of `other`, and the last counter says so. Requests have "
        "two: failures of ours keep the status 500.",
    )
    return "\n".join(lines) + "\n"
