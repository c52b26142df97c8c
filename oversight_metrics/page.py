"""The page that Prometheus scrapes: on a port of its own, or where an application puts it.

The page tells how much is sold and where the code is slow. It belongs on a port that only Prometheus reaches, so no
middleware serves it by itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    make_asgi_app,
    make_wsgi_app,
    start_http_server,
)
from prometheus_client.metrics_core import Metric

from oversight_metrics.workers import FOLDER, Workers

if TYPE_CHECKING:
    from threading import Thread
    from wsgiref.simple_server import WSGIServer
    from wsgiref.types import WSGIApplication

    from prometheus_client.registry import Collector, RestrictedRegistry

    from oversight_metrics.asgi import Application

PORT = 9464
"""The port of the page unless told otherwise."""


class Page:
    """A registry without prometheus_client's `_created` series: one more per label set, and nothing asks for them."""

    def __init__(self, source: CollectorRegistry | RestrictedRegistry) -> None:
        self.source = source

    def collect(self) -> Iterator[Metric]:
        """The metrics, as prometheus_client writes them out."""
        for metric in self.source.collect():
            if metric.type in {"counter", "histogram", "summary"}:
                created = f"{metric.name}_created"  # a gauge may be called so: `shop_reports_created`
                kept = Metric(metric.name, metric.documentation, metric.type, metric.unit)
                kept.samples = [sample for sample in metric.samples if sample.name != created]
                yield kept
            else:
                yield metric

    def restricted_registry(self, names: Iterable[str]) -> Page:
        """Only these names: `/metrics?name[]=…`."""
        source = self.source
        assert isinstance(source, CollectorRegistry)  # noqa: S101  (restricted once)
        return Page(source.restricted_registry(names))


def page(registry: CollectorRegistry = REGISTRY) -> Collector:
    """What is scraped: the registry, or, where worker processes share a folder, the sum of them all."""
    if os.environ.get(FOLDER):
        registry = CollectorRegistry()
        registry.register(Workers())
    return Page(registry)


def metrics_asgi_app(registry: CollectorRegistry = REGISTRY) -> Application:
    """The page as an ASGI application, to be mounted where only Prometheus comes."""
    return make_asgi_app(page(registry))


def metrics_wsgi_app(registry: CollectorRegistry = REGISTRY) -> WSGIApplication:
    """The page as a WSGI application, to be mounted where only Prometheus comes."""
    return make_wsgi_app(page(registry))


def serve_metrics(
    port: int = PORT,
    address: str = "0.0.0.0",  # noqa: S104  (Prometheus comes from another pod; network policies say who may)
    *,
    registry: CollectorRegistry = REGISTRY,
) -> tuple[WSGIServer, Thread]:
    """Serve the page on a port of its own, from a thread. `shutdown()` of the server ends it.

    One process only: of several workers, all but the first would find the port taken. They share a folder, and
    `python -m oversight_metrics` serves it.
    """
    return start_http_server(port, address, page(registry))
