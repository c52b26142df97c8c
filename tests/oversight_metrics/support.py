"""What the tests of oversight_metrics share: requests without a server, and pages as data."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from oversight_metrics import Metrics
from oversight_metrics.page import page

Labels = tuple[str, str, str]


def new_metrics() -> Metrics:
    """In a registry of their own."""
    return Metrics(CollectorRegistry())


def text(metrics: Metrics) -> str:
    """The page."""
    return generate_latest(page(metrics.registry)).decode()


def scrape(address: str, **headers: str) -> str:
    """The page, from a real server."""
    return httpx.get(address, headers=headers, timeout=60).raise_for_status().text


def families(page: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Type and labels by the name of the family, which for a counter is without `_total`."""
    return {
        family.name: (family.type, frozenset(label for one in family.samples for label in one.labels) - {"le"})
        for family in text_string_to_metric_families(page)
    }


def buckets(page: str) -> dict[str, set[float]]:
    """Upper bounds by histogram."""
    return {
        family.name: {float(one.labels["le"]) for one in family.samples if "le" in one.labels}
        for family in text_string_to_metric_families(page)
        if family.type == "histogram"
    }


def requests(page: str) -> dict[Labels, int]:
    """How many requests by method, route and status."""
    return {
        (one.labels["method"], one.labels["route"], one.labels["status_code"]): int(one.value)
        for family in text_string_to_metric_families(page)
        for one in family.samples
        if one.name == "http_requests_total"
    }


def samples(page: str) -> list[tuple[str, float]]:
    """Name and value of each series."""
    return [(one.name, one.value) for family in text_string_to_metric_families(page) for one in family.samples]


def total(page: str, name: str) -> float:
    """Sum of all series of a name."""
    found = [value for at, value in samples(page) if at == name]
    assert found
    return sum(found)


def http_scope(method: str, path: str, **more: Any) -> dict[str, Any]:
    """What a server gives an ASGI application for a request."""
    return {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"", "root_path": "", **more}


async def call(app: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages of the application's answer to a request without a body."""
    sent: list[dict[str, Any]] = []
    parts = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        part = next(parts, None)
        if part is None:  # the client waits, until the application is done
            await asyncio.Event().wait()
        assert part
        return part

    async def send(message: Any) -> None:
        sent.append(dict(message))

    await app(scope, receive, send)
    return sent


def ask(app: Any, method: str, path: str, **more: Any) -> int:
    """The status of an ASGI application's answer; `root_path`, `headers` as a server would give them."""
    return int(asyncio.run(call(app, http_scope(method, path, **more)))[0]["status"])


def ask_wsgi(app: Any, method: str, path: str, **environ: Any) -> str:
    """The status line of a WSGI application's answer, read to its end and closed, as a server does."""
    lines: list[str] = []

    def start_response(status: str, _headers: Any, _exc_info: Any = None) -> Any:
        lines.append(status)
        return lambda _: None

    body: Iterable[bytes] = app({"REQUEST_METHOD": method, "PATH_INFO": path, **environ}, start_response)
    try:
        for _ in body:
            pass
    finally:
        if hasattr(body, "close"):
            body.close()
    return lines[-1]
