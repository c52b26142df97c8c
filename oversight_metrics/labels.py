"""Label values and label sets that stay few, whatever a client sends and whatever the code names."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from oversight_metrics.contract import OTHER, OTHER_METHOD, UNMATCHED

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})

ERROR = 500

_NOT_ALLOWED = 405
_Series = TypeVar("_Series")


def request_labels(method: str, route: str | None, status: int) -> tuple[str, str, str]:
    """Method, route and status of a request as label values; never empty, which Prometheus reads as no label.

    A method is one of HTTP's or `OTHER`: a client may send any word. Of 405 the route does not count, since any client
    makes one with each route and each method.
    """
    if route is None or status == _NOT_ALLOWED:
        route = UNMATCHED
    code = str(status) if 100 <= status <= 599 else OTHER  # noqa: PLR2004  (RFC 9110, section 15)
    return method if method in METHODS else OTHER_METHOD, route or "/", code


def other_request(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The label set of a request beyond the limit: one for our failures, one for all else."""
    return OTHER_METHOD, OTHER, str(ERROR) if labels[-1].startswith("5") else OTHER


def other(labels: tuple[str, ...]) -> tuple[str, ...]:
    """The label set of anything else beyond the limit."""
    return (OTHER,) * len(labels)


class LabelSets(Generic[_Series]):
    """The series of a metric by their label sets: at most `limit`, and one of `other` for all that come later.

    `make` gives the series of a label set; `over` is called for each use beyond the limit.
    """

    def __init__(
        self,
        make: Callable[[tuple[str, ...]], _Series],
        *,
        limit: int,
        over: Callable[[], None],
        beyond: Callable[[tuple[str, ...]], tuple[str, ...]] = other,
    ) -> None:
        self._make = make
        self._limit = limit
        self._over = over
        self._beyond = beyond
        self._known: dict[tuple[str, ...], _Series] = {}
        self._lock = Lock()

    def __call__(self, *labels: str) -> _Series:
        """The series of these label values; an empty one is `other`."""
        series = self._known.get(labels)
        return self._find(labels) if series is None else series

    def _find(self, labels: tuple[str, ...]) -> _Series:
        with self._lock:
            if len(self._known) < self._limit:
                return self._known.setdefault(labels, self._make(tuple(value or OTHER for value in labels)))
        self._over()
        return self._make(self._beyond(labels))
