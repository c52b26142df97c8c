"""The middleware of ASGI applications."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles

from oversight_metrics import ASGIMetricsMiddleware, Metrics
from tests.oversight_metrics.support import ask, call, http_scope, new_metrics, requests, text, total


@pytest.fixture
def metrics() -> Metrics:
    return new_metrics()


async def fine(_: Request) -> Response:
    return PlainTextResponse("fine")


async def broken(_: Request) -> Response:
    raise RuntimeError("broken")


def measured(metrics: Metrics, *routes: Any) -> ASGIMetricsMiddleware:
    return ASGIMetricsMiddleware(Starlette(routes=list(routes)), metrics=metrics)


def only(metrics: Metrics) -> tuple[str, str, str]:
    (labels,) = requests(text(metrics))
    return labels


def test_a_request_counts_under_its_template(metrics: Metrics) -> None:
    app = measured(metrics, Route("/orders/{order_id:int}", fine))
    assert [ask(app, "GET", f"/orders/{number}") for number in (1, 2)] == [200, 200]
    assert requests(text(metrics)) == {("GET", "/orders/{order_id}", "200"): 2}
    assert total(text(metrics), "http_request_duration_seconds_count") == 2


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/a/acme/b/1/c/2", "/a/{tenant}/b/{shop}/c/{order}"),
        ("/a/acme/b/1/none", "/a/{tenant}/b/{shop}/{path}"),
        ("/files/none.css", "/files/{path}"),
        ("/none", "unmatched"),
    ],
)
@pytest.mark.parametrize("root_path", ["", "/below"])
def test_mounts_give_their_templates_too(
    metrics: Metrics, path: str, route: str, root_path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    inner = Starlette(routes=[Mount("/b/{shop}", routes=[Route("/c/{order}", fine)])])
    files = StaticFiles(directory=tmp_path_factory.mktemp("files"))
    app = measured(metrics, Mount("/a/{tenant}", inner), Mount("/files", files))
    ask(app, "GET", root_path + path, root_path=root_path)
    assert only(metrics)[1] == route


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/a/acme/b/1/c/2", "/a/{tenant}/b/{shop}/c/{order}"),
        ("/a/acme/none", "/a/{tenant}/{path}"),
        ("/x", "unmatched"),
    ],
)
def test_a_framework_that_tells_the_endpoint_alone_is_understood(metrics: Metrics, path: str, route: str) -> None:
    inner = Starlette(routes=[Mount("/b/{shop}", routes=[Route("/c/{order}", fine)])])
    ask(older(metrics, Mount("/a/{tenant}", inner)), "GET", path)
    assert only(metrics)[1] == route


def older(metrics: Metrics, *routes: Any) -> ASGIMetricsMiddleware:
    """Starlette before it said the route: its scope has the endpoint alone."""
    app = Starlette(routes=list(routes))

    async def forgetful(scope: Any, receive: Any, send: Any) -> None:
        async def forget(message: Any) -> None:
            scope.pop("route", None)
            await send(message)

        await app(scope, receive, forget)

    return ASGIMetricsMiddleware(forgetful, metrics=metrics)


@pytest.mark.parametrize("made", [measured, older])
@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/first/1", "/first/{order}"),
        ("/second/1", "/second/{order}"),
        ("/eu/orders", "/eu/orders"),
        ("/us/orders", "/us/orders"),
        ("/us/none", "/us/{path}"),
        ("/de/x/orders", "/{locale}/x/orders"),
        ("/open/orders", "/open/orders"),
    ],
)
def test_the_label_is_what_the_router_matched(metrics: Metrics, made: Any, path: str, route: str) -> None:
    shop = Starlette(routes=[Route("/orders", fine)])  # one application, mounted several times
    routes = [Route(f"/{name}/{{order}}", fine) for name in ("first", "second")]  # one handler of two routes
    mounts = [Mount("/eu", shop), Mount("/us", shop), Host("open.example.org", Router([Mount("/open", shop)]))]
    last = Mount("/{locale}", routes=[Mount("/x", shop)])
    ask(
        made(metrics, *routes, *mounts, last),
        "GET",
        path,
        headers=[(b"host", path.split("/")[1].encode() + b".example.org")],
    )
    assert only(metrics) == ("GET", route, "200" if "none" not in path else "404")


def test_applications_below_a_parent_have_its_prefix_when_each_is_measured_by_itself(metrics: Metrics) -> None:
    def shop() -> Starlette:
        app = Starlette(routes=[Route("/orders", fine)])
        app.add_middleware(ASGIMetricsMiddleware, metrics=metrics)
        return app

    parent = Starlette(routes=[Mount(f"/{name}", shop()) for name in ("eu", "us", "asia")])
    for name in ("eu", "us", "asia"):
        ask(parent, "GET", f"/{name}/orders")
    assert {route for _, route, _ in requests(text(metrics))} == {"/eu/orders", "/us/orders", "/asia/orders"}


def test_it_works_as_a_middleware_of_the_framework(metrics: Metrics) -> None:
    app = Starlette(routes=[Mount("/a/{tenant}", routes=[Route("/b", fine)])])
    app.add_middleware(ASGIMetricsMiddleware, metrics=metrics)
    ask(app, "GET", "/a/acme/b")
    assert only(metrics) == ("GET", "/a/{tenant}/b", "200")


def test_a_method_that_the_route_has_not_counts_under_none(metrics: Metrics) -> None:
    ask(measured(metrics, Route("/orders", fine)), "DELETE", "/orders")
    assert only(metrics) == ("DELETE", "unmatched", "405")


def test_exception_counts_as_500_and_is_reraised(metrics: Metrics) -> None:
    with pytest.raises(RuntimeError, match="broken"):
        ask(measured(metrics, Route("/orders", broken)), "GET", "/orders")
    assert requests(text(metrics)) == {("GET", "/orders", "500"): 1}


def test_an_exception_in_the_middle_of_the_body_counts_as_500(metrics: Metrics) -> None:
    async def export(_: Request) -> Response:
        async def lines() -> Any:
            yield "first"
            raise RuntimeError("broken")

        return StreamingResponse(lines())

    with pytest.raises(RuntimeError, match="broken"):
        ask(measured(metrics, Route("/orders", export)), "GET", "/orders")
    assert requests(text(metrics)) == {("GET", "/orders", "500"): 1}


def test_client_disconnect_during_response_is_no_server_error(metrics: Metrics) -> None:
    async def endless(_: Request) -> Response:
        await asyncio.Event().wait()
        return Response()

    async def leave() -> None:
        request = asyncio.create_task(call(measured(metrics, Route("/orders", endless)), http_scope("GET", "/orders")))
        await asyncio.sleep(0)
        request.cancel()
        await request

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(leave())
    assert only(metrics) == ("GET", "/orders", "499")


async def leave_after(app: Any, *sent: Any, refuse: bool = False) -> None:
    """A request whose client sends these parts of its body and is gone; the server may refuse what comes then."""
    parts = iter([{"type": "http.request", "body": part, "more_body": True} for part in sent])

    async def receive() -> Any:
        return next(parts, {"type": "http.disconnect"})

    async def send(_: Any) -> None:
        if refuse:
            raise OSError("the client is gone")

    await app(http_scope("POST", "/orders"), receive, send)


async def read(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def read_and_forgive(request: Request) -> Response:
    try:
        return await read(request)
    except ClientDisconnect:
        return PlainTextResponse("what a pity", status_code=400)


@pytest.mark.parametrize("inside", [True, False])
def test_client_disconnect_during_request_body_is_no_server_error(metrics: Metrics, inside: bool) -> None:
    app = Starlette(routes=[Route("/orders", read, methods=["POST"])])
    wrapped: Any = ASGIMetricsMiddleware(app, metrics=metrics)
    if inside:
        app.add_middleware(ASGIMetricsMiddleware, metrics=metrics)
        wrapped = app
    with pytest.raises(ClientDisconnect):
        asyncio.run(leave_after(wrapped, b"abc"))
    assert requests(text(metrics)) == {("POST", "/orders", "499"): 1}


def test_response_after_client_disconnect_is_not_counted(metrics: Metrics) -> None:
    asyncio.run(leave_after(measured(metrics, Route("/orders", read_and_forgive, methods=["POST"])), b"abc"))
    assert requests(text(metrics)) == {("POST", "/orders", "499"): 1}


def test_unsendable_response_counts_with_the_status_sent_to_the_client(metrics: Metrics) -> None:
    with pytest.raises(OSError, match="gone"):
        asyncio.run(leave_after(measured(metrics, Route("/orders", fine, methods=["POST"])), refuse=True))
    assert requests(text(metrics)) == {("POST", "/orders", "200"): 1}


def test_an_application_that_answers_nothing_counts_as_500(metrics: Metrics) -> None:
    async def silent(_scope: Any, _receive: Any, _send: Any) -> None:
        pass

    asyncio.run(call(ASGIMetricsMiddleware(silent, metrics=metrics), http_scope("GET", "/")))
    assert only(metrics) == ("GET", "unmatched", "500")


def test_the_time_is_that_of_the_whole_body_without_the_background_task(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    seconds = [10.0]
    monkeypatch.setattr("oversight_metrics.asgi.perf_counter", lambda: seconds[-1])

    async def background() -> None:
        seconds.append(99.0)
        counted.append(sum(requests(text(metrics)).values()))

    async def export(_: Request) -> Response:
        async def lines() -> Any:
            yield "first"
            counted.append(len(requests(text(metrics))))
            seconds.append(12.5)
            yield "last"

        return StreamingResponse(lines(), background=BackgroundTask(background))

    ask(measured(metrics, Route("/orders", export)), "GET", "/orders")
    assert counted == [0, 1]
    assert total(text(metrics), "http_request_duration_seconds_sum") == 2.5
    assert sum(requests(text(metrics)).values()) == 1


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_non_http_scopes_pass_through_unchanged(metrics: Metrics, kind: str) -> None:
    seen: list[tuple[Any, ...]] = []

    async def app(*arguments: Any) -> None:
        seen.append(arguments)

    async def receive() -> dict[str, Any]:
        return {}

    async def send(_: Any) -> None:
        pass

    scope = {"type": kind}
    asyncio.run(ASGIMetricsMiddleware(app, metrics=metrics)(scope, receive, send))
    assert seen == [(scope, receive, send)]
    assert requests(text(metrics)) == {}


def test_custom_resolver_sets_the_route(metrics: Metrics) -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        scope["template"] = "/things/{id}"
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    ask(ASGIMetricsMiddleware(app, metrics=metrics, resolver=lambda scope: scope.get("template")), "PUT", "/things/1")
    assert only(metrics) == ("PUT", "/things/{id}", "204")


def test_a_file_that_the_server_sends_by_its_path_ends_the_request(metrics: Metrics) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": "/file"})
        assert requests(text(metrics)) == {("GET", "unmatched", "200"): 1}

    ask(ASGIMetricsMiddleware(app, metrics=metrics), "GET", "/file")
    assert sum(requests(text(metrics)).values()) == 1


def test_a_resolver_that_fails_does_not_fail_the_request(metrics: Metrics, caplog: pytest.LogCaptureFixture) -> None:
    app = ASGIMetricsMiddleware(
        Starlette(routes=[Route("/", fine)]), metrics=metrics, resolver=lambda scope: str(scope["no such key"])
    )
    assert ask(app, "GET", "/") == 200
    assert only(metrics) == ("GET", "other", "200")
    assert "the route of a request is not known" in caplog.text
