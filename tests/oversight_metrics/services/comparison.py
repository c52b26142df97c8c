"""What measuring costs, per request and per scrape, beside no middleware and beside other libraries: in one run.

`comparison.py REQUESTS ROUNDS` prints JSON. No network and no server: the time is the application's and the
middleware's alone, in seconds of the processor. The rounds take turns; a figure is the best round.
"""

import asyncio
import json
import sys
import tracemalloc
from time import process_time

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from flask import Flask
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_fastapi_instrumentator import Instrumentator
from prometheus_flask_exporter import PrometheusMetrics
from starlette_exporter import PrometheusMiddleware

from oversight_metrics import CONTRACT, ASGIMetricsMiddleware, Metrics, WSGIMetricsMiddleware
from oversight_metrics.page import page

ROUTES = 50


def fastapi():
    """The service; the route that is timed is its first: whoever looks the route up again finds it at once."""
    app = FastAPI(openapi_url=None)

    async def find(number: int) -> PlainTextResponse:
        return PlainTextResponse(str(number))

    for one in range(ROUTES):
        app.get(f"/things{one}/{{number}}")(find)
    return app


def flask():
    app = Flask("shop")
    for one in range(ROUTES):
        app.add_url_rule(f"/things{one}/<int:number>", f"find{one}", lambda number: f"{number}")
    return app


def asgi_run(app):
    """Seconds of so many requests to the route of a number."""

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        pass

    async def requests(count, route):
        scopes = [
            {
                "type": "http",
                "method": "GET",
                "path": f"/things{route}/7",
                "headers": [],
                "query_string": b"",
                "root_path": "",
                "scheme": "http",
                "server": ("127.0.0.1", 80),
                "client": ("127.0.0.1", 1),
            }
            for _ in range(count)
        ]
        start = process_time()
        for scope in scopes:
            await app(scope, receive, send)
        return process_time() - start

    return lambda count, route=0: asyncio.run(requests(count, route))


def wsgi_run(app):
    """Seconds of so many requests to the route of a number."""

    def requests(count, route=0):
        environs = [
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": f"/things{route}/7",
                "SERVER_NAME": "shop",
                "SERVER_PORT": "80",
                "wsgi.url_scheme": "http",
            }
            for _ in range(count)
        ]
        start = process_time()
        for environ in environs:
            body = app(environ, lambda *_: lambda _: None)
            b"".join(body)
            if hasattr(body, "close"):
                body.close()
        return process_time() - start

    return requests


def setups():
    """By framework and library: what requests are sent by, and what is scraped."""
    plain = fastapi()
    yield "FastAPI", "no middleware", asgi_run(plain), None
    metrics, app = Metrics(CollectorRegistry()), fastapi()
    app.add_middleware(ASGIMetricsMiddleware, metrics=metrics)
    yield "FastAPI", "oversight-metrics", asgi_run(app), page(metrics.registry)
    registry, app = CollectorRegistry(), fastapi()
    Instrumentator(registry=registry).instrument(app)
    yield "FastAPI", "prometheus-fastapi-instrumentator", asgi_run(app), registry
    app = fastapi()
    app.add_middleware(PrometheusMiddleware)
    yield "FastAPI", "starlette_exporter", asgi_run(app), REGISTRY
    yield "Flask", "no middleware", wsgi_run(flask().wsgi_app), None
    metrics = Metrics(CollectorRegistry())
    app = WSGIMetricsMiddleware(flask().wsgi_app, metrics=metrics)
    yield "Flask", "oversight-metrics", wsgi_run(app), page(metrics.registry)
    registry, app = CollectorRegistry(), flask()
    PrometheusMetrics(app, registry=registry, path=None)
    yield "Flask", "prometheus-flask-exporter", wsgi_run(app.wsgi_app), registry


def scrape(source):
    """Seconds of a scrape, and its samples."""
    start = process_time()
    text = generate_latest(source)
    seconds = process_time() - start
    return seconds, sum(not line.startswith(b"#") for line in text.splitlines())


def at_the_bound():
    """Bytes that all label sets take that there can be, and seconds and samples of a scrape."""
    tracemalloc.start()
    metrics = Metrics(CollectorRegistry())
    before, _ = tracemalloc.get_traced_memory()
    for number in range(max(family.label_sets for family in CONTRACT) + 1):
        word = f"word_{number}"
        metrics.observe_request(method="GET", route=f"/orders/{number}", status=200, seconds=0.1)
        with metrics.observe_query(operation="select", table=word):
            pass
        metrics.cache_hit(word)
        metrics.cache_miss(word)
        metrics.set_business_metric(word, 1)
        metrics.set_active_users(1, window=word)
        metrics.count_transaction(type=word, status="completed")
        metrics.add_revenue(1, currency=word)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    seconds, samples = min(scrape(page(metrics.registry)) for _ in range(3))
    return {"bytes": after - before, "scrape": seconds, "samples": samples}


def main(count, rounds):
    made = list(setups())
    for _, _, run, _ in made:
        for route in range(ROUTES):
            run(1, route)
    times = [[run(count) / count for _, _, run, _ in made] for _ in range(rounds)]
    rows = []
    for at, (framework, library, _, source) in enumerate(made):
        row = {"framework": framework, "library": library, "request": min(one[at] for one in times)}
        if source is not None:
            row["scrape"], row["samples"] = min(scrape(source) for _ in range(rounds))
        rows.append(row)
    json.dump({"rows": rows, "bound": at_the_bound()}, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
