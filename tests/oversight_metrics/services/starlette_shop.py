"""Starlette under uvicorn: `python starlette_shop.py PORT PAGE_PORT`."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from oversight_metrics import ASGIMetricsMiddleware, serve_metrics


async def fine(_: Request) -> Response:
    return PlainTextResponse("fine")


async def broken(_: Request) -> Response:
    raise RuntimeError("broken")


async def read(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


shop = Starlette(routes=[Route("/orders/{number}", fine), Route("/broken", broken)])
app = Starlette(
    routes=[
        Route("/", fine),
        Route("/first/{number}", fine),
        Route("/second/{number}", fine),
        Route("/read", read, methods=["POST"]),
        Mount("/eu", shop),
        Mount("/us", shop),
    ]
)
app.add_middleware(ASGIMetricsMiddleware)

if __name__ == "__main__":
    serve_metrics(int(sys.argv[2]), "127.0.0.1")
    uvicorn.run(app, port=int(sys.argv[1]))
