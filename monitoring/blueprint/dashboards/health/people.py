"""What people meet: notifications, oauth2-proxy, Grafana."""

from __future__ import annotations

from monitoring.blueprint.components.workloads import ALERTMANAGER, GRAFANA, SIGN_IN
from monitoring.blueprint.dashboards.page import FLOWING, Panel, above, below, one
from monitoring.blueprint.dashboards.promql import of, quantile, rate, ratio

NOTIFICATIONS = (
    Panel(
        title="Members that a member sees",
        description="Fewest members of the cluster that any Alertmanager sees. Fewer than run: the cluster is split, "
        "and people are notified twice.",
        unit="short",
        kind="figure",
        width=6,
        thresholds=below(3, 2),
        queries=one(f"min by (cluster) (alertmanager_cluster_members{{{of(ALERTMANAGER)}}})", legend="{{cluster}}"),
    ),
    Panel(
        title="Notifications that fail",
        description="Share of notifications that a receiver did not take, by kind of receiver.",
        unit="percentunit",
        width=6,
        thresholds=above(0.01, 0.1),
        queries=one(
            ratio(
                "alertmanager_notifications_failed_total",
                "alertmanager_notifications_total",
                by="cluster, integration",
                matchers=of(ALERTMANAGER),
            ),
            legend="{{cluster}} {{integration}}",
        ),
    ),
    Panel(
        title="Alerts held",
        description="Alerts that Alertmanager holds, by state: active ones notify, suppressed ones are "
        "silenced or inhibited.",
        unit="short",
        width=6,
        thresholds=above(50, 200),
        queries=one(
            f"max by (cluster, state) (alertmanager_alerts{{{of(ALERTMANAGER)}}})", legend="{{cluster}} {{state}}"
        ),
    ),
    Panel(
        title="Notification, 99th percentile",
        description="Time until a receiver has taken a notification.",
        unit="s",
        width=6,
        thresholds=above(5, 15),
        queries=one(
            quantile(
                0.99,
                "alertmanager_notification_latency_seconds",
                by="cluster, integration",
                matchers=of(ALERTMANAGER),
            ),
            legend="{{cluster}} {{integration}}",
        ),
    ),
)

SIGN_IN_PANELS = (
    Panel(
        title="Requests by answer",
        description="Requests per second, by status. 401 and 403 are people not signed in or not allowed.",
        unit="reqps",
        thresholds=FLOWING,
        queries=one(
            rate("oauth2_proxy_requests_total", by="cluster, code", matchers=of(SIGN_IN)), legend="{{cluster}} {{code}}"
        ),
    ),
    Panel(
        title="Requests that fail",
        description="Share of requests answered with 5xx: the sign-in at Entra fails, or an upstream does.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        alerts=("SignInErrors",),
        queries=one(
            ratio(
                "oauth2_proxy_requests_total",
                "oauth2_proxy_requests_total",
                by="cluster",
                matchers=of(SIGN_IN),
                of_part=',code=~"5.."',
            ),
            legend="{{cluster}}",
        ),
    ),
    Panel(
        title="Answer, 99th percentile",
        description="Time to answer, upstreams included.",
        unit="s",
        thresholds=above(2, 10),
        queries=one(
            quantile(0.99, "oauth2_proxy_response_duration_seconds", by="cluster, method", matchers=of(SIGN_IN)),
            legend="{{cluster}} {{method}}",
        ),
    ),
)

PAGES = (
    Panel(
        title="Requests by answer",
        description="Requests per second, by status.",
        unit="reqps",
        thresholds=FLOWING,
        queries=one(
            rate("grafana_http_request_duration_seconds_count", by="cluster, status_code", matchers=of(GRAFANA)),
            legend="{{cluster}} {{status_code}}",
        ),
    ),
    Panel(
        title="Requests that fail",
        description="Share of requests answered with 5xx.",
        unit="percentunit",
        thresholds=above(0.01, 0.05),
        queries=one(
            ratio(
                "grafana_http_request_duration_seconds_count",
                "grafana_http_request_duration_seconds_count",
                by="cluster",
                matchers=of(GRAFANA),
                of_part=',status_code=~"5.."',
            ),
            legend="{{cluster}}",
        ),
    ),
    Panel(
        title="Data sources that fail",
        description="Share of Grafana's requests to its data sources that were not answered with 2xx.",
        unit="percentunit",
        thresholds=above(0.01, 0.1),
        queries=one(
            ratio(
                "grafana_datasource_request_total",
                "grafana_datasource_request_total",
                by="cluster, datasource",
                matchers=of(GRAFANA),
                of_part=',code!~"2.."',
            ),
            legend="{{cluster}} {{datasource}}",
        ),
    ),
)
