"""The page that Prometheus scrapes: where it is served, and where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from oversight_metrics import Metrics, metrics_asgi_app, metrics_wsgi_app, serve_metrics
from oversight_metrics.example import asgi, wsgi
from oversight_metrics.page import page
from tests.oversight_metrics.support import ask, ask_wsgi, call, http_scope, new_metrics, requests, scrape, total

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def metrics() -> Metrics:
    metrics = new_metrics()
    metrics.cache_hit("sessions")
    return metrics


@pytest.fixture
def address(metrics: Metrics) -> Iterator[str]:
    server, thread = serve_metrics(0, "127.0.0.1", registry=metrics.registry)
    yield f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_page_is_served_on_a_port_of_its_own(address: str) -> None:
    assert total(scrape(address), "cache_hits_total") == 1


def test_page_is_openmetrics_when_accepted(address: str) -> None:
    answer = scrape(address, Accept=OPENMETRICS)
    names = {family.name for family in text_string_to_metric_families(answer)}  # type: ignore[no-untyped-call]
    assert {"cache_hits", "http_requests", "business_metric"} <= names
    assert answer.endswith("# EOF\n")


def test_a_part_of_the_page_can_be_asked_for(address: str) -> None:
    answer = scrape(f"{address}?name[]=cache_hits_total&name[]=cache_hits_created")
    assert [line for line in answer.splitlines() if line[0] != "#"] == ['cache_hits_total{cache_name="sessions"} 1.0']


def test_the_page_is_an_application_to_be_mounted(metrics: Metrics) -> None:
    sent = asyncio.run(call(metrics_asgi_app(metrics.registry), http_scope("GET", "/")))
    assert total(sent[1]["body"].decode(), "cache_hits_total") == 1
    http = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    body: Any = metrics_wsgi_app(metrics.registry)(http, lambda *_: lambda _: None)
    assert total(b"".join(body).decode(), "cache_hits_total") == 1


def test_the_port_of_the_service_does_not_show_the_page(metrics: Metrics, address: str) -> None:
    assert ask(asgi.create_app(metrics), "GET", "/metrics") == 404
    assert ask_wsgi(wsgi.create_app(new_metrics()), "GET", "/metrics") == "404 Not Found"
    assert requests(scrape(address)) == {("GET", "unmatched", "404"): 1}


def test_only_the_times_of_creation_are_left_out_whatever_is_called_so() -> None:
    registry = CollectorRegistry()
    Gauge("shop_reports_created", "Reports.", registry=registry).set(3)
    Counter("shop_orders_created", "Orders.", registry=registry).inc()
    Histogram("shop_wait_seconds", "Wait.", registry=registry, buckets=[1]).observe(0.1)
    Summary("shop_size_bytes", "Size.", registry=registry).observe(1)
    lines = [line for line in generate_latest(page(registry)).decode().splitlines() if not line.startswith("#")]
    assert lines == [
        "shop_reports_created 3.0",
        "shop_orders_created_total 1.0",
        'shop_wait_seconds_bucket{le="1.0"} 1.0',
        'shop_wait_seconds_bucket{le="+Inf"} 1.0',
        "shop_wait_seconds_count 1.0",
        "shop_wait_seconds_sum 0.1",
        "shop_size_bytes_count 1.0",
        "shop_size_bytes_sum 1.0",
    ]
