"""The middleware of WSGI applications: Flask, and any other with a resolver of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from oversight_metrics.contract import CLIENT_GONE
from oversight_metrics.labels import ERROR
from oversight_metrics.metrics import METRICS, Metrics
from oversight_metrics.routes import found, wsgi_route

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class MetricsMiddleware:
    """Counts and times every request, to the last byte of the body.

    A request whose application raises, also in the middle of the body, counts with status 500, and the exception goes
    on. One whose client goes away while its body is read counts with 499, whatever the application answers. `resolver`
    gives the template from the environment of a request whose response has begun; None where no route matched.
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
            request.status = CLIENT_GONE if request.gone else int(status.split(" ", 1)[0])
            request.route = found(self.resolver, environ)  # here, since Flask takes its request away when it is done
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        try:
            request.body = self.app(environ, watch)
        except BaseException:
            request.fail()
            raise
        return request


class _Request:
    """The body of one response; over when the server closes it, which PEP 3333 makes it do in any case."""

    def __init__(self, middleware: MetricsMiddleware, environ: WSGIEnvironment) -> None:
        self.middleware = middleware
        self.environ = environ
        self.status = 0  # until the response begins
        self.route: str | None = None
        self.body: Iterable[bytes] = ()
        self.input: _Input | None = None
        length = environ.get("CONTENT_LENGTH")
        if (length and length != "0") or "HTTP_TRANSFER_ENCODING" in environ:
            self.input = environ["wsgi.input"] = _Input(environ["wsgi.input"], length)
        self.start = perf_counter()
        self.over = False

    @property
    def gone(self) -> bool:
        """Whether the client has gone away before its request was read."""
        return self.input is not None and self.input.broken

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.body
        except GeneratorExit:
            raise
        except BaseException:
            self.fail()
            raise

    def close(self) -> None:
        """The server has sent all, or the client is gone."""
        try:
            close = getattr(self.body, "close", None)
            if close is not None:
                close()
        except BaseException:
            self.fail()
            raise
        self.finish(self.status or ERROR)

    def fail(self) -> None:
        """The application has raised: our fault, unless it could not read the request to its end."""
        self.finish((self.status or CLIENT_GONE) if self.gone else ERROR)

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


class _Input:
    """The body of a request (`wsgi.input`), which knows whether it broke off: an error, or fewer bytes than told."""

    def __init__(self, stream: Any, length: str | None) -> None:
        self.stream = stream
        self.left = int(length) if length and length.isdecimal() else 0
        self.broken = False

    def read(self, size: int = -1) -> bytes:
        """As a file's."""
        return self._watched(self.stream.read, size, least=self.left if size is None or size < 0 else size)

    def readline(self, size: int = -1) -> bytes:
        """As a file's."""
        return self._watched(self.stream.readline, size, least=1)

    def readlines(self, _hint: int = -1) -> list[bytes]:
        """As a file's."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def _watched(self, read: Callable[..., bytes], size: int, *, least: int) -> bytes:
        try:
            data = read() if size is None or size < 0 else read(size)
        except BaseException:
            self.broken = True
            raise
        self.broken = self.broken or len(data) < min(least, self.left)
        self.left -= len(data)
        return data
