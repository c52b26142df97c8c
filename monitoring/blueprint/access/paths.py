"""Allowed and denied paths at oauth2-proxy, with callers and reasons: source of its upstreams and of docs/access.md.

A path that no row opens is refused at oauth2-proxy, whoever asks. It looks at paths, not at methods: a row
opens all that the component does at that path.

Sources: Prometheus web/web.go and web/api/v1/api.go, Alertmanager ui/web.go and api/v2/openapi.yaml, Thanos pkg/ui and
pkg/api/query, Grafana pkg/api/api.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.workloads import (
    ALERTMANAGER,
    ALERTMANAGER_PATH,
    GLOBAL_PATH,
    GLOBAL_QUERY_FRONTEND,
    GRAFANA,
    GRAFANA_PATH,
    PROMETHEUS,
    QUERY_FRONTEND,
    THANOS_PATH,
)


class Caller(StrEnum):
    """Who comes through oauth2-proxy."""

    PERSON = "person"
    MACHINE = "machine"


SIGNED_IN = (Caller.PERSON, Caller.MACHINE)

ROOTS: Mapping[Component, str] = MappingProxyType(
    {
        PROMETHEUS: "",
        ALERTMANAGER: ALERTMANAGER_PATH,
        GRAFANA: GRAFANA_PATH,
        QUERY_FRONTEND: THANOS_PATH,
        GLOBAL_QUERY_FRONTEND: GLOBAL_PATH,
    }
)
"""Where each component stands under the region's host. It serves below the same path, so oauth2-proxy changes none."""

PORTS: Mapping[Component, str] = MappingProxyType(
    {
        PROMETHEUS: "http-web",
        ALERTMANAGER: "http-web",
        GRAFANA: "grafana",
        QUERY_FRONTEND: "http",
        GLOBAL_QUERY_FRONTEND: "http",
    }
)
"""The port of each that oauth2-proxy calls."""


@dataclass(frozen=True, kw_only=True)
class AllowedPaths:
    """Paths of a component that `callers` may use.

    A path is below the component's root, and means itself alone; `/*` at its end means all below. `{name}` is one
    segment, `{name:pattern}` one that the pattern (RE2) matches.
    """

    component: Component
    paths: tuple[str, ...]
    callers: tuple[Caller, ...] = SIGNED_IN
    why: str


@dataclass(frozen=True, kw_only=True)
class DeniedPaths:
    """Paths that are closed although an opening with `/*` is above them."""

    component: Component
    paths: tuple[str, ...]
    why: str


LABEL = "{label:[A-Za-z_][A-Za-z0-9_]*}"
"""A label's name; one in UTF-8 is escaped to this alphabet (`U__…`)."""

QUERIES = (
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/query_exemplars",
    "/api/v1/series",
    "/api/v1/labels",
    f"/api/v1/label/{LABEL}/values",
    "/api/v1/metadata",
)
"""What Prometheus and Thanos answer alike."""

_THANOS = (
    AllowedPaths(
        component=QUERY_FRONTEND,
        paths=("", "/", "/graph", "/stores", "/alerts", "/rules", "/targets", "/status", "/tsdb-status"),
        why="the pages of its own interface",
    ),
    AllowedPaths(
        component=QUERY_FRONTEND, paths=("/static/*", "/favicon.ico", "/manifest.json"), why="what the pages load"
    ),
    AllowedPaths(component=QUERY_FRONTEND, paths=QUERIES, why="ask for years of series, without doubles"),
    AllowedPaths(
        component=QUERY_FRONTEND,
        paths=("/api/v1/query_explain", "/api/v1/query_range_explain"),
        why="how a query runs",
    ),
    AllowedPaths(
        component=QUERY_FRONTEND,
        paths=("/api/v1/rules", "/api/v1/alerts", "/api/v1/targets"),
        why="what the pages show",
    ),
    AllowedPaths(
        component=QUERY_FRONTEND,
        paths=(
            "/api/v1/stores",
            "/api/v1/status/buildinfo",
            "/api/v1/status/runtimeinfo",
            "/api/v1/status/tsdb",
        ),
        why="which stores answer",
    ),
    AllowedPaths(
        component=QUERY_FRONTEND,
        paths=("/api/v1/status/flags",),
        why="the graph page takes its engine from Query's flags, and draws nothing without; none holds a secret",
    ),
)

ALLOWED_PATHS = (
    AllowedPaths(
        component=PROMETHEUS,
        paths=(
            "/",
            "/graph",
            "/query",
            "/alerts",
            "/rules",
            "/targets",
            "/service-discovery",
            "/alertmanager-discovery",
            "/status",
            "/tsdb-status",
        ),
        why="the pages of its own interface",
    ),
    AllowedPaths(
        component=PROMETHEUS,
        paths=("/assets/*", "/favicon.ico", "/favicon.svg", "/manifest.json"),
        why="what the pages load",
    ),
    AllowedPaths(component=PROMETHEUS, paths=QUERIES, why="ask for the last days' series"),
    AllowedPaths(
        component=PROMETHEUS, paths=("/api/v1/format_query", "/api/v1/parse_query"), why="the query editor and its tree"
    ),
    AllowedPaths(
        component=PROMETHEUS,
        paths=("/api/v1/rules", "/api/v1/alerts", "/api/v1/alertmanagers"),
        why="which rule fires, and to whom",
    ),
    AllowedPaths(
        component=PROMETHEUS,
        paths=("/api/v1/targets", "/api/v1/targets/metadata", "/api/v1/scrape_pools"),
        why="why a target is down or missing",
    ),
    AllowedPaths(
        component=PROMETHEUS,
        paths=(
            "/api/v1/status/buildinfo",
            "/api/v1/status/runtimeinfo",
            "/api/v1/status/tsdb",
            "/api/v1/status/walreplay",
            "/api/v1/features",
            "/api/v1/notifications",
            "/api/v1/notifications/live",
        ),
        why="its version, its health, what fills its memory",
    ),
    AllowedPaths(
        component=ALERTMANAGER,
        paths=("", "/", "/assets/*", "/favicon.ico"),
        why="the pages of its own interface",
    ),
    AllowedPaths(
        component=ALERTMANAGER,
        paths=("/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/receivers"),
        why="what fires, and whom it reaches",
    ),
    AllowedPaths(
        component=ALERTMANAGER,
        paths=("/api/v2/silences", "/api/v2/silence/{id:[0-9a-f-]+}"),
        why="silence, and end a silence",
    ),
    *_THANOS,
    *(replace(one, component=GLOBAL_QUERY_FRONTEND, why=f"{one.why}; of all regions") for one in _THANOS),
    AllowedPaths(
        component=GRAFANA,
        paths=("", "/*"),
        callers=(Caller.PERSON,),
        why="dashboards; Grafana itself decides by role",
    ),
    AllowedPaths(
        component=GRAFANA,
        paths=tuple(
            f"/api/datasources/uid/{{uid}}/resources{path}"
            for path in (*QUERIES, "/api/v1/rules", "/api/v1/status/buildinfo", "/suggestions")
        ),
        callers=(Caller.PERSON,),
        why="what the query editor asks of a data source",
    ),
)

DENIED_PATHS = (
    DeniedPaths(
        component=GRAFANA,
        paths=(
            "/api/datasources/proxy/*",
            "/api/datasources/{id}/resources/*",
            "/api/datasources/uid/{uid}/resources/*",
            "/apis/{group:[a-z0-9-]+[.]datasource[.]grafana[.]app}/*",
        ),
        why="a viewer reaches any path of a data source by these, configuration and flags of Prometheus among them",
    ),
    DeniedPaths(
        component=GRAFANA,
        paths=("/api/alertmanager/{uid}/config/*", "/api/alertmanager/{uid}/api/v2/status", "/api/ruler/*"),
        why="Alertmanager's configuration; rules are made in the repository alone",
    ),
    DeniedPaths(
        component=GRAFANA, paths=("/api/admin/*", "/metrics", "/debug/*"), why="its settings and its own state"
    ),
)


@dataclass(frozen=True, kw_only=True)
class EntryPoint:
    """A way to the data, by whomever: how the other side knows who calls."""

    caller: str
    to: str
    by: str
    authentication: str


BY_OAUTH2_PROXY = "the region's host, Gateway, oauth2-proxy"
IN_CLUSTER = "inside the namespace; network policies pass it alone"
ENTRY_POINTS = (
    EntryPoint(
        caller="person",
        to="Prometheus, Alertmanager, Thanos",
        by=BY_OAUTH2_PROXY,
        authentication="Entra: tenant, allowed group, e-mail domain; then the session cookie, for 8 hours",
    ),
    EntryPoint(
        caller="person",
        to="Grafana",
        by=BY_OAUTH2_PROXY,
        authentication="the same; Grafana takes name and role from oauth2-proxy's headers, from the pod network alone",
    ),
    EntryPoint(
        caller="machine",
        to="Prometheus, Alertmanager, Thanos",
        by=BY_OAUTH2_PROXY,
        authentication="basic auth against the htpasswd file (bcrypt)",
    ),
    EntryPoint(
        caller="Grafana",
        to="Prometheus, Alertmanager, Thanos",
        by=IN_CLUSTER,
        authentication="none: Grafana has checked the role; Prometheus and Alertmanager show it a certificate",
    ),
    EntryPoint(
        caller="the global view",
        to="each region's Thanos Query",
        by="the region's private address; network policies pass that node subnet alone",
        authentication="a client certificate of our own roots, TLS both ways",
    ),
    EntryPoint(
        caller="Prometheus",
        to="Thanos Receive (remote write)",
        by=IN_CLUSTER,
        authentication="a client certificate of our own roots, TLS both ways",
    ),
    EntryPoint(
        caller="Prometheus of a region with the global view",
        to="every other region's Prometheus: `/federate`, and no other path (federation)",
        by="an internal load balancer per replica, kube-rbac-proxy; network policies pass that region's nodes alone",
        authentication="a client certificate of our own roots with that region's name, TLS both ways",
    ),
)
"""Every way to what is stored; docs/access.md shows it."""


def below(component: Component, path: str) -> str:
    """The path under the region's host."""
    return f"{ROOTS[component]}{path}"
