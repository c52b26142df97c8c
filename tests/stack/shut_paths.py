"""Paths that the components have and that must stay shut: what a test of oauth2-proxy knocks at."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.blueprint.components.workloads import (
    ALERTMANAGER,
    GLOBAL_QUERY_FRONTEND,
    GRAFANA,
    PROMETHEUS,
    QUERY_FRONTEND,
)

_THANOS = (
    "/-/healthy",
    "/-/ready",
    "/blocks",
    "/config",
    "/debug/pprof/heap",
    "/flags",
    "/loaded",
    "/metrics",
    "/service-discovery",
)

SHUT: Mapping[str, tuple[str, ...]] = {
    PROMETHEUS.name: (
        "/-/healthy",
        "/-/quit",
        "/-/ready",
        "/-/reload",
        "/api/v1/admin/tsdb/clean_tombstones",
        "/api/v1/admin/tsdb/delete_series",
        "/api/v1/admin/tsdb/snapshot",
        "/api/v1/openapi.yaml",
        "/api/v1/otlp/v1/metrics",
        "/api/v1/read",
        "/api/v1/search/label_names",
        "/api/v1/status/config",
        "/api/v1/status/flags",
        "/api/v1/status/self_metrics",
        "/api/v1/status/tsdb/blocks",
        "/api/v1/targets/relabel_steps",
        "/api/v1/write",
        "/config",
        "/consoles/index.html",
        "/debug/pprof/heap",
        "/federate",
        "/flags",
        "/metrics",
        "/user/file",
        "/version",
    ),
    ALERTMANAGER.name: (
        "/-/healthy",
        "/-/ready",
        "/-/reload",
        "/api/v2/status",
        "/debug/pprof/heap",
        "/metrics",
    ),
    QUERY_FRONTEND.name: _THANOS,
    GLOBAL_QUERY_FRONTEND.name: _THANOS,
    GRAFANA.name: (
        "/api/admin/settings",
        "/api/alertmanager/alertmanager/api/v2/status",
        "/api/alertmanager/alertmanager/config/api/v1/alerts",
        "/api/datasources/1/resources/api/v1/status/config",
        "/api/datasources/proxy/1/api/v1/status/config",
        "/api/datasources/proxy/uid/prometheus/federate",
        "/api/datasources/uid/prometheus/resources/-/quit",
        "/api/datasources/uid/prometheus/resources/api/v1/status/config",
        "/api/datasources/uid/prometheus/resources/api/v1/status/flags",
        "/api/datasources/uid/prometheus/resources/debug/pprof/heap",
        "/api/datasources/uid/prometheus/resources/federate",
        "/api/ruler/prometheus/api/v1/rules",
        "/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources/prometheus/resource",
        "/debug/pprof/heap",
        "/metrics",
    ),
}
"""What each component has besides, one path of every kind."""
