"""All parts of the monitoring system on one page: what is up, what falls behind, what loses data."""

from __future__ import annotations

from monitoring.blueprint.components.workloads import ALERTMANAGER, PROMETHEUS, RECEIVE_ROUTER
from monitoring.blueprint.dashboards.alerts import SEVERITIES
from monitoring.blueprint.dashboards.health import blocks, people, prometheus, receive
from monitoring.blueprint.dashboards.page import CLUSTER, SCOPE, Page, Panel, Query, below, one
from monitoring.blueprint.dashboards.promql import NAMESPACES, of


def page() -> Page:
    """The dashboard."""
    return Page(
        uid="monitoring-health",
        title="Oversight / Monitoring health",
        description="All parts of the monitoring system. All green: samples arrive, are kept, and alerts go out.",
        variables=(CLUSTER,),
        rows={
            "All parts": _PARTS,
            "Prometheus pair": prometheus.PAIR,
            "Remote write": prometheus.REMOTE_WRITE,
            "Thanos Receive": receive.RECEIVE,
            "Thanos Store Gateway and Blob": blocks.STORE,
            "Thanos Compactor": blocks.COMPACT,
            "Thanos Query": blocks.QUERIES,
            "Alertmanager": people.NOTIFICATIONS,
            "Sign-in (oauth2-proxy)": people.SIGN_IN_PANELS,
            "Grafana": people.PAGES,
        },
    )


_PARTS = (
    Panel(
        title="Replicas that answer their scrape",
        description="Share of each part's targets that are up. Below 100 % a replica is missing; the worst come first.",
        unit="percentunit",
        kind="figure",
        width=24,
        thresholds=below(1, 0.5),
        alerts=("PrometheusReplicaMissing", "ThanosPartDown", "SignInDown"),
        queries=one(f"sort(avg by (job) (up{{{SCOPE},{NAMESPACES}}}))", legend="{{job}}"),
    ),
    *(
        Panel(
            title=title,
            description=description,
            unit="short",
            kind="figure",
            width=4,
            height=4,
            thresholds=thresholds,
            queries=one(
                f'count(max by (cluster, alertname) (ALERTS{{{SCOPE},alertstate="firing",severity="{severity}"}})) '
                f"or 0 * count(up{{{SCOPE}}})",
                legend=severity,
            ),
        )
        for severity, title, description, thresholds in SEVERITIES
    ),
    Panel(
        title="Last reload of the configuration",
        description="1: the last change was taken. 0: it was refused, and the part runs with the one before.",
        unit="short",
        kind="figure",
        width=12,
        height=4,
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
