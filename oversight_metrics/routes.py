"""The route template of a request, as the frameworks leave it behind when they have routed it; None where none matched.

A raw path is never an answer: it would be a series per customer, order and typing error.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from oversight_metrics.contract import OTHER

_LOG = logging.getLogger(__name__)
_Request = TypeVar("_Request")


def found(resolver: Callable[[_Request], str | None], request: _Request) -> str | None:
    """What the resolver says, or `other`, with a line in the log: a fault in measuring must not fail the request."""
    try:
        return resolver(request)
    except Exception:
        _LOG.exception("the route of a request is not known")
        return OTHER


def asgi_route(app: Any, root_path: str, scope: Mapping[str, Any]) -> str | None:
    """Template of Starlette and FastAPI, with the templates of the mounts before it.

    `app` is what the middleware wraps, `root_path` the scope's before it was routed. Any other framework: a resolver.
    """
    route = scope.get("route")
    if route is None:  # older Starlette, and Starlette's own routes in FastAPI
        return _of_endpoint(_routes(app), scope.get("endpoint"))
    # FastAPI: a route may know its path below its router only; the router's prefix stands here.
    included = scope.get("fastapi", {}).get("effective_route_context")
    whole = included if getattr(included, "original_route", None) is route else route
    template = getattr(whole, "path_format", None)
    if not isinstance(template, str):
        return None
    mounted = str(scope.get("root_path", ""))[len(root_path) :]
    if not mounted:
        return template
    if hasattr(route, "routes"):  # a mount itself: of files, or nothing below it matched
        template = "/{path}"
    return _mounts(_routes(app), mounted) + template


def _of_endpoint(routes: Sequence[Any], endpoint: object) -> str | None:
    """Template of the first route to the endpoint."""
    if endpoint is None:
        return None
    for route in routes:
        template = str(getattr(route, "path_format", ""))
        if hasattr(route, "routes"):
            below = _of_endpoint(_routes(route), endpoint)
            if below is not None:
                return template.removesuffix("/{path}") + below
        if endpoint in (getattr(route, "endpoint", None), getattr(route, "app", None)):
            return template
    return None


def _routes(app: Any) -> Sequence[Any]:
    """Routes of an application, below the middlewares around it."""
    while app is not None:
        routes = getattr(app, "routes", None)
        if routes is not None:
            return list(routes)
        app = getattr(app, "app", None)
    return ()


def _mounts(routes: Sequence[Any], path: str) -> str:
    """Template of the mounts that lead to `path`, which is all that they matched."""
    for route in routes:
        regex = getattr(route, "path_regex", None)
        if regex is None or not hasattr(route, "routes"):
            continue
        match = regex.match(f"{path}/")
        if match:
            below = "/" + match.groupdict().get("path", "").rstrip("/")
            prefix = str(route.path_format).removesuffix("/{path}")
            return prefix + (_mounts(_routes(route.app), below) if below != "/" else "")
    return ""


def wsgi_route(environ: Mapping[str, Any]) -> str | None:
    """Template of Flask, which leaves its request in the environment. Any other framework: a resolver."""
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return None if rule is None else str(rule.rule)
