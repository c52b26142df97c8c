"""oauth2-proxy's alpha configuration from the rows of paths.py: upstreams, headers, API routes.

Source: oauth2-proxy pkg/apis/options/upstreams.go, pkg/upstream/proxy.go. A rewrite is matched before all else; the
rest by the length of the path as it is written, the longest first.
"""

from __future__ import annotations

from typing import Any

from monitoring.blueprint.access.paths import ALLOWED_PATHS, DENIED_PATHS, PORTS, ROOTS, below
from monitoring.blueprint.components.model import Component
from monitoring.blueprint.components.of_region import components_of
from monitoring.fleet.model import Region

UPSTREAM_TIMEOUT = "150s"
"""How long an upstream may think: above the 2 minutes of a query."""

REFUSED = 403

USER_HEADER = "X-Oversight-User"
ROLE_HEADER = "X-Oversight-Role"
"""By which Grafana learns who comes, and as what."""

ROLE_CLAIM = "roles"
"""The claim in which Entra puts the application's roles that a person's groups have: Viewer, Editor or Admin."""

CLAIMS = {USER_HEADER: "email", ROLE_HEADER: ROLE_CLAIM}

STRIPPED = (
    "Authorization",
    "Cookie",
    "Forwarded",
    "X-Forwarded-Access-Token",
    "X-Forwarded-Email",
    "X-Forwarded-For",
    "X-Forwarded-Groups",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Proto",
    "X-Forwarded-Uri",
    "X-Forwarded-User",
    "X-Original-Url",
    "X-Real-Ip",
    "X-Rewrite-Url",
    "X-Webauth-User",
)
"""What no component gets: the password, the session, and what a client may say of itself."""


def upstreams(region: Region) -> list[dict[str, Any]]:
    """Every open path of a region, the closed ones below them, and the refusal of all else."""
    here = components_of(region)
    return [
        *(_open(one.component, path) for one in ALLOWED_PATHS if one.component in here for path in one.paths),
        *(_refused(below(closing.component, path)) for closing in DENIED_PATHS for path in closing.paths),
        _refused("/*"),
    ]


def request_headers() -> list[dict[str, Any]]:
    """Who has signed in, in headers that a client cannot set; without values: taken away."""
    said = [{"name": name, "values": [{"claimSource": {"claim": claim}}]} for name, claim in CLAIMS.items()]
    return [*said, *({"name": name, "values": []} for name in STRIPPED)]


def api_route() -> str:
    """The pattern of paths where who has not signed in gets 401, not the way to Entra: no page is loaded there."""
    return f"^({'|'.join(ROOTS.values())})/apis?/"


def _open(component: Component, path: str) -> dict[str, Any]:
    where = below(component, path)
    upstream: dict[str, Any] = {
        "id": where,
        "uri": component.url(PORTS[component]),
        "timeout": UPSTREAM_TIMEOUT,
    }
    if path == "/":  # a path with a slash at its end means all below, unless it is an expression
        return {**upstream, "path": rf"^{where}\z", "rewriteTarget": where}
    return {**upstream, "path": where.removesuffix("*")}


def _refused(where: str) -> dict[str, Any]:
    return {"id": f"closed {where}", "path": where.removesuffix("*"), "static": True, "staticCode": REFUSED}
