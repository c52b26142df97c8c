"""The service with Starlette: `uvicorn oversight_metrics.example.asgi:app`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from oversight_metrics import METRICS, ASGIMetricsMiddleware, Metrics, serve_metrics
from oversight_metrics.example.orders import OrderService


def create_app(metrics: Metrics = METRICS) -> Starlette:
    """The service, measured by these metrics."""
    shop = OrderService(metrics=metrics)

    async def order(request: Request) -> Response:
        number = shop.order(request.headers.get("user", "nobody"))
        return JSONResponse({"number": number}, status_code=201)

    async def find(request: Request) -> Response:
        user = shop.find(request.path_params["order_id"])
        return Response(status_code=404) if user is None else JSONResponse({"user": user})

    async def export(_: Request) -> Response:
        async def lines() -> AsyncIterator[str]:
            for number in list(shop.orders):
                yield json.dumps({"number": number}) + "\n"

        return StreamingResponse(lines())

    async def fail(_: Request) -> Response:
        raise RuntimeError("the report cannot be made")

    async def news(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("no news")
        await socket.close()

    reports = [Route("/orders", export), Route("/{year:int}", fail)]
    app = Starlette(
        routes=[
            Route("/orders", order, methods=["POST"]),
            Route("/orders/{order_id:int}", find),
            Mount("/shops/{shop}/reports", routes=reports),
            WebSocketRoute("/news", news),
        ]
    )
    app.add_middleware(ASGIMetricsMiddleware, metrics=metrics)
    return app


app = create_app()

if __name__ == "__main__":
    import uvicorn

    serve_metrics()
    uvicorn.run(app)
