"""The middleware of WSGI applications: Flask, and any other with a resolver of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from oversight_metrics.metrics import METRICS, Metrics
from oversight_metrics.routes import found, wsgi_route

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

ERROR = 500


class MetricsMiddleware:
    """Counts and times every request, to the last byte of the body.

    A request whose application raises, also in the middle of the body, counts with status 500, and the exception goes
    on. `resolver` gives the template from the environment of a request whose response has begun; None where no route
    matched.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        metrics: Metrics = METRICS,
        resolver: Callable[[WSGIEnvironment], str | None] = wsgi_route,
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.resolver = resolver

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        request = _Request(self, environ)

        def watch(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            request.status = int(status.split(" ", 1)[0])
            request.route = found(self.resolver, environ)  # here, since Flask takes its request away when it is done
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        try:
            request.body = self.app(environ, watch)
        except BaseException:
            request.finish(ERROR)
            raise
        return request


class _Request:
    """The body of one response; over when the server closes it, which PEP 3333 makes it do in any case."""

    def __init__(self, middleware: MetricsMiddleware, environ: WSGIEnvironment) -> None:
        self.middleware = middleware
        self.environ = environ
        self.status = ERROR
        self.route: str | None = None
        self.body: Iterable[bytes] = ()
        self.start = perf_counter()
        self.over = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.body
        except GeneratorExit:
            raise
        except BaseException:
            self.finish(ERROR)
            raise

    def close(self) -> None:
        """The server has sent all, or the client is gone."""
        try:
            close = getattr(self.body, "close", None)
            if close is not None:
                close()
        except BaseException:
            self.finish(ERROR)
            raise
        self.finish(self.status)

    def finish(self, status: int) -> None:
        """Record the request, once."""
        if self.over:
            return
        self.over = True
        self.middleware.metrics.observe_request(
            method=self.environ["REQUEST_METHOD"],
            route=self.route or found(self.middleware.resolver, self.environ),
            status=status,
            seconds=perf_counter() - self.start,
        )
