"""The middleware of ASGI applications: Starlette, FastAPI, and any other with a resolver of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from time import perf_counter
from typing import Any

from oversight_metrics.contract import CLIENT_GONE
from oversight_metrics.labels import ERROR
from oversight_metrics.metrics import METRICS, Metrics
from oversight_metrics.routes import asgi_route, found, own_root

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class MetricsMiddleware:
    """Counts and times every HTTP request; websockets and lifespan pass untouched.

    The time ends with the last byte of the body, not with background tasks after it. A request whose application
    raises, also in the middle of the body, counts with status 500, and the exception goes on. One whose client is gone
    counts with the status that it saw, or with 499 where it saw none, whatever the application makes of it: the server
    cancels it, says so to who reads the body, or refuses what is sent. `resolver` gives the template of a request that
    has been answered, from its scope; None where no route matched.
    """

    def __init__(
        self,
        app: Application,
        *,
        metrics: Metrics = METRICS,
        resolver: Callable[[Scope], str | None] | None = None,
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.resolver = resolver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = _Request(self, scope, receive, send)
        try:
            await self.app(scope, request.receive, request.send)
        except asyncio.CancelledError:
            request.gone = True
            request.finish(ERROR)
            raise
        except BaseException:
            request.finish(ERROR)
            raise
        request.finish(request.status or ERROR)


class _Request:
    """One request and its response; `status` is 0 until the response begins."""

    __slots__ = ("_middleware", "_over", "_receive", "_root", "_scope", "_send", "_start", "gone", "status")

    def __init__(self, middleware: MetricsMiddleware, scope: Scope, receive: Receive, send: Send) -> None:
        self._middleware = middleware
        self._scope = scope
        self._receive = receive
        self._send = send
        self._root = own_root(scope)
        self.status = 0
        self.gone = self._over = False
        self._start = perf_counter()

    async def receive(self) -> Message:
        """As the server gives it."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.gone = True
        return message

    async def send(self, message: Message) -> None:
        """As the server takes it."""
        if message["type"] == "http.response.start":
            self.status = CLIENT_GONE if self.gone else message["status"]
        try:
            await self._send(message)
        except OSError:  # ASGI's word for a client that is gone
            self.gone = True
            raise
        if _ends(message):
            self.finish(self.status)

    def finish(self, status: int) -> None:
        """Record the request, once; where the client is gone, with what it saw."""
        if self._over:
            return
        self._over = True
        seconds = perf_counter() - self._start
        route = found(self._middleware.resolver or partial(asgi_route, self._root), self._scope)
        if self.gone:
            status = self.status or CLIENT_GONE
        self._middleware.metrics.observe_request(
            method=self._scope["method"], route=route, status=status, seconds=seconds
        )


def _ends(message: Message) -> bool:
    """Whether nothing of the response comes after it."""
    kind = message["type"]
    return kind == "http.response.pathsend" or (kind == "http.response.body" and not message.get("more_body", False))
