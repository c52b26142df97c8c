"""What a service does for the business: panels of the page of services, from what `business_rules.yaml` records."""

from __future__ import annotations

from monitoring.blueprint.dashboards.page import FLOWING, Panel, above, one
from monitoring.blueprint.dashboards.promql import recorded

_SERVICE = 'namespace=~"$namespace",job=~"$job"'
_TRANSACTIONS = "job_type_status:business_transactions:rate5m"

BUSINESS = (
    Panel(
        title="Active users",
        description="Distinct users within each window, as the service counts them itself. Regions are not added up: "
        "a user may be in two.",
        unit="short",
        width=6,
        thresholds=FLOWING,
        queries=one(
            recorded("job_window:business_active_users:max", by="cluster, namespace, job, window", matchers=_SERVICE),
            legend="{{cluster}} {{namespace}} {{job}} {{window}}",
        ),
    ),
    Panel(
        title="Transactions",
        description="Transactions per second that came to an end, by type and status, all services chosen.",
        unit="ops",
        width=6,
        thresholds=FLOWING,
        queries=one(
            "sum by (type, status) ("
            + recorded(_TRANSACTIONS, by="cluster, namespace, job, type, status", matchers=_SERVICE)
            + ")",
            legend="{{type}} {{status}}",
        ),
    ),
    Panel(
        title="Transactions that fail",
        description="Share of a service's transactions with the status failed. None where there are no transactions.",
        unit="percentunit",
        width=6,
        thresholds=above(0.05, 0.2),
        queries=one(
            recorded(
                "job:business_transaction_failures_per_transaction:ratio_rate5m",
                by="cluster, namespace, job",
                matchers=_SERVICE,
            ),
            legend="{{cluster}} {{namespace}} {{job}}",
        ),
    ),
    Panel(
        title="Revenue per minute",
        description="In units of each currency, which have no sum; all services chosen.",
        unit="short",
        width=6,
        thresholds=FLOWING,
        queries=one(
            "sum by (currency) ("
            + recorded(
                "job_currency:business_revenue_per_minute:rate5m",
                by="cluster, namespace, job, currency",
                matchers=_SERVICE,
            )
            + ")",
            legend="{{currency}}",
        ),
    ),
)
