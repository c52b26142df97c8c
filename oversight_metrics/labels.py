"""Label values and label sets that stay few, whatever a client sends and whatever the code names."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from oversight_metrics.contract import OTHER, OTHER_METHOD, UNMATCHED, MetricFamily

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


def beyond(family: MetricFamily) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """What becomes of a label set beyond the limit: all are one, and of requests one more, for our failures."""
    return _other_request if "status_code" in family.labels else lambda labels: (OTHER,) * len(labels)


def _other_request(labels: tuple[str, ...]) -> tuple[str, ...]:
    return OTHER_METHOD, OTHER, str(ERROR) if labels[-1].startswith("5") else OTHER


class LabelSets(Generic[_Series]):
    """The series of a metric by their label sets: at most those of the contract, and `beyond` for all that come later.

    `make` gives the series of a label set; `over` is called for each use beyond the limit.
    """

    def __init__(
        self,
        family: MetricFamily,
        make: Callable[[tuple[str, ...]], _Series],
        over: Callable[[], None],
    ) -> None:
        self._make = make
        self._limit = family.label_sets
        self._over = over
        self._beyond = beyond(family)
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
