"""The service with nothing but the standard library: `python -m oversight_metrics.example.wsgi`.

It has a router of its own, so it tells the middleware how to find the template of a request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.simple_server import make_server

from oversight_metrics import METRICS, Metrics, WSGIMetricsMiddleware, serve_metrics
from oversight_metrics.example.orders import OrderService

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

ROUTES = {"/orders": re.compile(r"/orders"), "/orders/{order_id}": re.compile(r"/orders/(\d{1,9})")}


def route(environ: WSGIEnvironment) -> str | None:
    """The template that matches."""
    path = environ.get("PATH_INFO", "")
    return next((template for template, pattern in ROUTES.items() if pattern.fullmatch(path)), None)


def create_app(metrics: Metrics = METRICS) -> WSGIApplication:
    """The service, measured by these metrics."""
    shop = OrderService(metrics=metrics)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        template, method = route(environ), environ["REQUEST_METHOD"]
        if template == "/orders" and method == "POST":
            return answer(start_response, "201 Created", {"number": shop.order(environ.get("HTTP_USER", "nobody"))})
        if template == "/orders/{order_id}" and method == "GET":
            user = shop.find(int(environ["PATH_INFO"].rpartition("/")[2]))
            return answer(start_response, "200 OK" if user else "404 Not Found", {"user": user})
        return answer(start_response, "404 Not Found", {})

    return WSGIMetricsMiddleware(app, metrics=metrics, resolver=route)


def answer(start_response: StartResponse, status: str, content: object) -> Iterable[bytes]:
    """A response in JSON."""
    body = json.dumps(content).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


app = create_app()

if __name__ == "__main__":
    serve_metrics()
    with make_server("127.0.0.1", 8000, app) as server:
        server.serve_forever()
