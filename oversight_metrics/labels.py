"""Label values that stay few, whatever a client sends."""

from __future__ import annotations

from oversight_metrics.contract import OTHER, OTHER_METHOD, UNMATCHED

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})

MAX_ROUTES = 500
"""Route values per process, should a resolver give raw paths by mistake; what comes later is `other`."""


def method_label(method: str) -> str:
    """The method, or `OTHER`. A client may send any word as a method."""
    return method if method in METHODS else OTHER_METHOD


def status_label(status: int) -> str:
    """The status, or `other` for what is no status of HTTP."""
    return str(status) if 100 <= status <= 599 else OTHER  # noqa: PLR2004  (RFC 9110, section 15)


class RouteLabels:
    """Routes as label values: None becomes `unmatched`, and after `limit` different ones all others are `other`."""

    def __init__(self, limit: int = MAX_ROUTES) -> None:
        self.limit = limit
        self._known: set[str] = set()

    def __call__(self, route: str | None) -> str:
        """The label value of a route."""
        if route is None:
            return UNMATCHED
        if route not in self._known:
            if len(self._known) >= self.limit:
                return OTHER
            self._known.add(route)
        return route
