"""What the middleware costs per request: `python -m oversight_metrics.bench`, with and without it in one run.

No network and no server: the time is the application's and the middleware's alone, so the ratio is the worst case.
The rounds take turns, so that a busy machine slows both; the figure is each side's best round.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from oversight_metrics import ASGIMetricsMiddleware, Metrics, WSGIMetricsMiddleware

ROUNDS = 7


def asgi_run(app: Any) -> Callable[[int], float]:
    """Seconds of so many requests to an ASGI application."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    async def requests(count: int) -> float:
        start = perf_counter()
        for _ in range(count):
            scope = {"type": "http", "method": "GET", "path": "/orders/7", "headers": [], "query_string": b""}
            await app(scope, receive, send)
        return perf_counter() - start

    return lambda count: asyncio.run(requests(count))


def wsgi_run(app: Any) -> Callable[[int], float]:
    """Seconds of so many requests to a WSGI application."""

    def requests(count: int) -> float:
        start = perf_counter()
        for _ in range(count):
            body = app({"REQUEST_METHOD": "GET", "PATH_INFO": "/orders/7"}, lambda *_: lambda _: None)
            b"".join(body)
            if hasattr(body, "close"):
                body.close()
        return perf_counter() - start

    return requests


def compare(name: str, without: Callable[[int], float], measured: Callable[[int], float], count: int) -> str:
    """One line of the table."""
    pairs = [(without(count), measured(count)) for _ in range(ROUNDS)]
    bare, whole = (min(times) / count * 1e6 for times in zip(*pairs, strict=True))
    return f"{name:<28}{bare:>10.1f}{whole:>10.1f}{whole - bare:>10.1f}{whole / bare:>8.2f}"


async def _order(_: Request) -> PlainTextResponse:
    return PlainTextResponse("7")


def _plain(_: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"7"]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m oversight_metrics.bench", description=__doc__)
    parser.add_argument("--requests", type=int, default=5000, help="per round (default: %(default)s)")
    count = parser.parse_args().requests
    starlette = Starlette(routes=[Route("/orders/{order_id}", _order)])
    measured = ASGIMetricsMiddleware(starlette, metrics=Metrics(CollectorRegistry()))
    wsgi = WSGIMetricsMiddleware(_plain, metrics=Metrics(CollectorRegistry()), resolver=lambda _: "/orders/{order_id}")
    lines = (
        f"{'microseconds per request':<28}{'without':>10}{'with':>10}{'cost':>10}{'ratio':>8}",
        compare("Starlette, a route", asgi_run(starlette), asgi_run(measured), count),
        compare("WSGI, a bare function", wsgi_run(_plain), wsgi_run(wsgi), count),
    )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
