"""The middleware of ASGI applications: Starlette, FastAPI, and any other with a resolver of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from time import perf_counter
from typing import Any

from oversight_metrics.contract import CLIENT_GONE
from oversight_metrics.metrics import METRICS, Metrics
from oversight_metrics.routes import asgi_route, found

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

ERROR = 500


class MetricsMiddleware:
    """Counts and times every HTTP request; websockets and lifespan pass untouched.

    The time ends with the last byte of the body, not with background tasks after it. A request whose application
    raises, also in the middle of the body, counts with status 500, and the exception goes on; one that the server
    cancels, since the client is gone, with 499. `resolver` gives the template of a request that has been answered, from
    its scope; None where no route matched.
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
        outermost = scope.get("app", self.app)
        root_path = str(scope.get("root_path", ""))
        status = ERROR
        over = False
        start = perf_counter()

        def finish(code: int) -> None:
            nonlocal over
            if over:
                return
            over = True
            seconds = perf_counter() - start
            route = found(self.resolver or partial(asgi_route, outermost, root_path), scope)
            self.metrics.observe_request(method=scope["method"], route=route, status=code, seconds=seconds)

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            if _ends(message):
                finish(status)

        try:
            await self.app(scope, receive, watch)
        except asyncio.CancelledError:
            finish(CLIENT_GONE)
            raise
        except BaseException:
            finish(ERROR)
            raise
        finish(status)


def _ends(message: Message) -> bool:
    """Whether nothing of the response comes after it."""
    kind = message["type"]
    return kind == "http.response.pathsend" or (kind == "http.response.body" and not message.get("more_body", False))
