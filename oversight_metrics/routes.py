"""The route template of a request, as the frameworks leave it behind when they have routed it; None where none matched.

A raw path is never an answer: it would be a series per customer, order and typing error.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
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


def own_root(scope: Mapping[str, Any]) -> str:
    """The server's part of `root_path`, of a request that has not been routed yet; FastAPI writes its own over it."""
    root = str(scope.get("app_root_path", scope.get("root_path", "")))
    return "" if root and root == getattr(scope.get("app"), "root_path", None) else root


def asgi_route(server_root: str, scope: Mapping[str, Any]) -> str | None:
    """Template of Starlette and FastAPI, with those of the mounts before it and the `root_path` of an application.

    `server_root` is `own_root` before the request was routed. Any other framework: a resolver.
    """
    route, endpoint = scope.get("route"), scope.get("endpoint")
    if route is None and endpoint is None:
        return None
    root = str(scope.get("app_root_path", scope.get("root_path", "")))
    if route is not None and "app_root_path" not in scope:
        template = _noted(route, scope)
    else:  # below a mount; older Starlette, and Starlette's own routes in FastAPI
        again = {**scope, "root_path": root, "path_params": {}, "fastapi": {}}
        template = _matched(_routes(scope.get("router")), again, route, endpoint)
    return None if template is None else root.removeprefix(server_root) + template


def _noted(route: Any, scope: Mapping[str, Any]) -> str | None:
    """Template of the route that the router has left in the scope."""
    included = scope.get("fastapi", {}).get("effective_route_context")  # it knows the prefix of FastAPI's routers
    whole = included if getattr(included, "original_route", None) is route else route
    template = getattr(whole, "path_format", None)
    return template if isinstance(template, str) else None


def _matched(routes: Iterable[Any], scope: Mapping[str, Any], route: object, endpoint: object) -> str | None:
    """Template of the route, or of the endpoint where no route was noted, as the router comes to it: the first match.

    Only mounts and what may be it are matched; `scope` is that before the first of these routes.
    """
    for candidate in routes:
        if hasattr(candidate, "effective_candidates"):  # FastAPI's included router
            below = _matched(candidate.effective_candidates(), scope, route, endpoint)
            if below is not None:
                return below
            continue
        original = getattr(candidate, "original_route", candidate)
        one = getattr(candidate, "starlette_route", None) or candidate
        mount = hasattr(one, "routes")
        sought = getattr(one, "endpoint", None) is endpoint if route is None else original is route
        if not mount and not sought:
            continue
        match, child = one.matches(scope)
        if match.name != "FULL":
            continue
        template = str(getattr(one, "path_format", "/{path}"))  # a Host has none
        if not mount:
            return template
        below = _matched(_routes(one.app), {**scope, **child}, route, endpoint)
        return template if below is None else template.removesuffix("/{path}") + below
    return None


def _routes(app: Any) -> Iterable[Any]:
    """Routes of an application, below the middlewares around it."""
    while app is not None:
        routes = getattr(app, "routes", None)
        if routes is not None:
            return list(routes)
        app = getattr(app, "app", None)
    return ()


def wsgi_route(environ: Mapping[str, Any]) -> str | None:
    """Template of Flask, below the path that its application is mounted at. Any other framework: a resolver.

    Flask leaves its request in the environment; whoever mounts applications writes into SCRIPT_NAME.
    """
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return None if rule is None else f"{environ.get('SCRIPT_NAME', '')}{rule.rule}"
