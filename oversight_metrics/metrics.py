"""The metric objects of the contract, and the few calls that fill them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Literal, TypeVar

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from oversight_metrics.contract import CONTRACT, MetricFamily
from oversight_metrics.labels import LabelSets, request_labels
from oversight_metrics.workers import set_aside_damaged

_M = TypeVar("_M", bound=MetricWrapperBase)
_S = TypeVar("_S")


class Metrics:
    """All metrics of the contract in one registry. `METRICS` are the process' own; tests make others."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.registry = registry
        self.objects = {family.name: _made(family, registry) for family in CONTRACT}
        self._over = self._one("oversight_metrics_over_limit_total", Counter)
        durations = self._one("http_request_duration_seconds", Histogram)
        requests = self._one("http_requests_total", Counter)
        self._requests = self._limited(
            "http_requests_total", lambda labels: (durations.labels(*labels), requests.labels(*labels))
        )
        self._queries = self._bounded("db_query_duration_seconds", Histogram)
        self._hits = self._bounded("cache_hits_total", Counter)
        self._misses = self._bounded("cache_misses_total", Counter)
        self._figures = self._bounded("business_metric", Gauge)
        self._users = self._bounded("business_active_users", Gauge)
        self._transactions = self._bounded("business_transactions_total", Counter)
        self._revenue = self._bounded("business_revenue_total", Counter)

    def _one(self, name: str, kind: type[_M]) -> _M:
        metric = self.objects[name]
        assert isinstance(metric, kind)  # noqa: S101  (the contract says so)
        return metric

    def _bounded(self, name: str, kind: type[_M]) -> LabelSets[_M]:
        metric = self._one(name, kind)
        return self._limited(name, lambda labels: metric.labels(*labels))

    def _limited(self, name: str, make: Callable[[tuple[str, ...]], _S]) -> LabelSets[_S]:
        family = next(family for family in CONTRACT if family.name == name)
        return LabelSets(family, make, lambda: self._over.labels(name).inc())

    def observe_request(self, *, method: str, route: str | None, status: int, seconds: float) -> None:
        """A request that is over. `route` is a template, None where none matched; the middlewares call this."""
        duration, requests = self._requests(*request_labels(method, route, status))
        duration.observe(seconds)
        requests.inc()

    @contextmanager
    def observe_query(self, *, operation: str, table: str) -> Iterator[None]:
        """Measures the query in the `with` block, also one that fails. `operation` is a word of SQL: select, insert."""
        start = perf_counter()
        try:
            yield
        finally:
            self._queries(operation, table).observe(perf_counter() - start)

    def cache_hit(self, cache_name: str) -> None:
        """A look-up found something."""
        self._hits(cache_name).inc()

    def cache_miss(self, cache_name: str) -> None:
        """A look-up found nothing."""
        self._misses(cache_name).inc()

    def set_business_metric(self, metric_name: str, value: float) -> None:
        """A figure as it is now. Its name is fixed in the code: each name is a series."""
        self._figures(metric_name).set(value)

    def set_active_users(self, count: int, *, window: str) -> None:
        """Distinct users within the window (`5m`, `24h`), over all pods: the database counts, one query."""
        self._users(window).set(count)

    def count_transaction(self, *, type: str, status: Literal["completed", "failed", "cancelled"]) -> None:  # noqa: A002
        """A transaction came to an end."""
        self._transactions(type, status).inc()

    def add_revenue(self, amount: float, *, currency: str) -> None:
        """Revenue, at least 0, in units of the currency (ISO 4217: `EUR`). A refund is a transaction of that type.

        ValueError for a negative amount: a counter that falls reads as a restart.
        """
        self._revenue(currency).inc(amount)


def _made(family: MetricFamily, registry: CollectorRegistry) -> MetricWrapperBase:
    if family.type == "histogram":
        return Histogram(family.name, family.help, family.labels, buckets=family.buckets, registry=registry)
    if family.type == "counter":
        return Counter(family.name, family.help, family.labels, registry=registry)
    assert family.multiprocess_mode  # noqa: S101  (`all`, the default, would be a series per process)
    return Gauge(family.name, family.help, family.labels, registry=registry, multiprocess_mode=family.multiprocess_mode)


set_aside_damaged()
os.register_at_fork(after_in_child=set_aside_damaged)
METRICS = Metrics()
observe_query = METRICS.observe_query
cache_hit = METRICS.cache_hit
cache_miss = METRICS.cache_miss
set_business_metric = METRICS.set_business_metric
set_active_users = METRICS.set_active_users
count_transaction = METRICS.count_transaction
add_revenue = METRICS.add_revenue
