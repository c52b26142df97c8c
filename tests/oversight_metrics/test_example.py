"""The examples say what they do, the same in both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from oversight_metrics import Metrics
from oversight_metrics.example import asgi, wsgi
from tests.oversight_metrics.support import ask, ask_wsgi, call, http_scope, new_metrics, requests, text, total

Ask = Callable[[str, str], object]


def asgi_example(metrics: Metrics) -> Ask:
    return partial(ask, asgi.create_app(metrics))


def wsgi_example(metrics: Metrics) -> Ask:
    return partial(ask_wsgi, wsgi.create_app(metrics))


@pytest.mark.parametrize("example", [asgi_example, wsgi_example])
def test_orders_are_taken_and_found_and_measured(example: Callable[[Metrics], Ask]) -> None:
    metrics = new_metrics()
    ask_it = example(metrics)
    for method, path in (("POST", "/orders"), ("POST", "/orders"), ("GET", "/orders/1"), ("GET", "/orders/9")):
        ask_it(method, path)
    page = text(metrics)
    assert requests(page) == {
        ("POST", "/orders", "201"): 2,
        ("GET", "/orders/{order_id}", "200"): 1,
        ("GET", "/orders/{order_id}", "404"): 1,
    }
    assert total(page, "business_revenue_total") == pytest.approx(39.8)
    assert (total(page, "cache_hits_total"), total(page, "cache_misses_total")) == (1, 1)
    assert total(page, "db_query_duration_seconds_count") == 4
    assert total(page, "business_active_users") == 1


def test_a_report_that_fails_counts_as_an_error() -> None:
    metrics = new_metrics()
    with pytest.raises(RuntimeError):
        ask(asgi.create_app(metrics), "GET", "/shops/a/reports/2026")
    assert requests(text(metrics)) == {("GET", "/shops/{shop}/reports/{year}", "500"): 1}


def test_a_websocket_works_and_is_no_request() -> None:
    metrics = new_metrics()
    app = asgi.create_app(metrics)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope = {"type": "websocket", "path": "/news", "headers": [], "query_string": b"", "subprotocols": []}
    asyncio.run(app(scope, receive, send))
    assert sent == ["websocket.accept", "websocket.send", "websocket.close"]
    assert requests(text(metrics)) == {}


def test_an_export_streams_every_order() -> None:
    app = asgi.create_app(new_metrics())
    for _ in range(3):
        ask(app, "POST", "/orders")
    sent = asyncio.run(call(app, http_scope("GET", "/shops/a/reports/orders")))
    assert b"".join(message.get("body", b"") for message in sent).count(b"number") == 3
