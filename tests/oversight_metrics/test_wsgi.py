"""The middleware of WSGI applications."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from oversight_metrics import Metrics, WSGIMetricsMiddleware
from tests.oversight_metrics.support import ask_wsgi, new_metrics, requests, text, total


@pytest.fixture
def metrics() -> Metrics:
    return new_metrics()


class Body:
    """Chunks that know whether they were closed."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self.chunks = chunks
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed = True


def answering(body: Any, status: str = "200 OK") -> Any:
    def app(_environ: Any, start_response: Any) -> Any:
        start_response(status, [])
        return body

    return app


def test_a_request_counts_when_its_body_is_closed(metrics: Metrics) -> None:
    body = Body(b"a", b"b")
    response = WSGIMetricsMiddleware(answering(body), metrics=metrics, resolver=lambda _: "/orders")(
        {"REQUEST_METHOD": "GET"}, lambda *_: lambda _: None
    )
    assert list(response) == [b"a", b"b"]
    assert requests(text(metrics)) == {}
    response.close()  # type: ignore[attr-defined]
    assert body.closed
    assert requests(text(metrics)) == {("GET", "/orders", "200"): 1}


def test_the_template_is_that_of_flask(metrics: Metrics) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        environ["werkzeug.request"] = SimpleNamespace(url_rule=SimpleNamespace(rule="/orders/<int:order_id>"))
        body = answering([b""])(environ, start_response)
        environ["werkzeug.request"] = None  # as Flask does when it is done
        return body

    ask_wsgi(WSGIMetricsMiddleware(app, metrics=metrics), "GET", "/orders/7")
    assert requests(text(metrics)) == {("GET", "/orders/<int:order_id>", "200"): 1}


def test_a_request_without_a_template_is_unmatched(metrics: Metrics) -> None:
    ask_wsgi(WSGIMetricsMiddleware(answering([b""], "404 Not Found"), metrics=metrics), "GET", "/wp-admin")
    unmatched = {"werkzeug.request": SimpleNamespace(url_rule=None)}
    ask_wsgi(WSGIMetricsMiddleware(answering([b""], "404 Not Found"), metrics=metrics), "GET", "/x", **unmatched)
    assert requests(text(metrics)) == {("GET", "unmatched", "404"): 2}


def test_exception_counts_as_500_and_is_reraised(metrics: Metrics) -> None:
    def app(_environ: Any, _start_response: Any) -> Any:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        ask_wsgi(WSGIMetricsMiddleware(app, metrics=metrics), "GET", "/")
    assert requests(text(metrics)) == {("GET", "unmatched", "500"): 1}


def test_an_exception_in_the_middle_of_the_body_counts_as_500(metrics: Metrics) -> None:
    body = Body(b"first", RuntimeError("broken"))
    with pytest.raises(RuntimeError, match="broken"):
        ask_wsgi(WSGIMetricsMiddleware(answering(body), metrics=metrics), "GET", "/")
    assert body.closed
    assert requests(text(metrics)) == {("GET", "unmatched", "500"): 1}


def test_client_disconnect_counts_with_the_sent_status(metrics: Metrics) -> None:
    body = Body(b"first", b"second")
    response: Any = WSGIMetricsMiddleware(answering(body), metrics=metrics)(
        {"REQUEST_METHOD": "GET"}, lambda *_: lambda _: None
    )
    next(iter(response))
    response.close()
    assert body.closed
    assert requests(text(metrics)) == {("GET", "unmatched", "200"): 1}


def test_an_application_that_is_a_generator_is_timed_to_its_end(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [10.0]
    monkeypatch.setattr("oversight_metrics.wsgi.perf_counter", lambda: seconds[-1])

    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("202 Accepted", [])
        yield b"first"
        seconds.append(12.5)
        yield b"last"

    assert ask_wsgi(WSGIMetricsMiddleware(app, metrics=metrics), "POST", "/") == "202 Accepted"
    assert requests(text(metrics)) == {("POST", "unmatched", "202"): 1}
    assert total(text(metrics), "http_request_duration_seconds_sum") == 2.5


def test_a_status_that_is_taken_back_counts_as_the_last_one(metrics: Metrics) -> None:
    def app(_environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        start_response("503 Service Unavailable", [], (RuntimeError, RuntimeError(), None))
        return [b""]

    ask_wsgi(WSGIMetricsMiddleware(app, metrics=metrics), "GET", "/")
    assert requests(text(metrics)) == {("GET", "unmatched", "503"): 1}


def test_a_resolver_that_fails_does_not_fail_the_request(metrics: Metrics, caplog: pytest.LogCaptureFixture) -> None:
    app = WSGIMetricsMiddleware(answering([b""]), metrics=metrics, resolver=lambda environ: str(environ["no such key"]))
    assert ask_wsgi(app, "GET", "/") == "200 OK"
    assert requests(text(metrics)) == {("GET", "other", "200"): 1}
    assert "the route of a request is not known" in caplog.text


class Broken:
    """A body of 1,000 bytes that ends after three, in one of two ways."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.data = io.BytesIO(b"abc")

    def read(self, *size: int) -> bytes:
        data = self.data.read(*size)
        if self.error and len(data) < 3:
            raise self.error
        return data

    readline = read


@pytest.mark.parametrize("error", [ConnectionResetError("reset by peer"), None])
@pytest.mark.parametrize(
    "read",
    [
        lambda stream: stream.read(),
        lambda stream: stream.read(1000),
        lambda stream: [stream.read(3), stream.read(3)],
        lambda stream: [stream.readline(), stream.readline()],
        list,
    ],
)
@pytest.mark.parametrize("caught", [True, False])
def test_client_disconnect_during_request_body_is_no_server_error(
    metrics: Metrics, error: Exception | None, read: Any, caught: bool
) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        try:
            read(environ["wsgi.input"])
            if error:
                environ["wsgi.input"].read(1)  # the next packet
        except ConnectionResetError:
            if not caught:
                raise
        return answering([b""], "500 Internal Server Error")(environ, start_response)

    body = {"CONTENT_LENGTH": "1000", "wsgi.input": Broken(error)}
    measured = WSGIMetricsMiddleware(app, metrics=metrics)
    with nullcontext() if caught or not error else pytest.raises(ConnectionResetError):
        ask_wsgi(measured, "POST", "/", **body)
    assert requests(text(metrics)) == {("POST", "unmatched", "499"): 1}


@pytest.mark.parametrize("length", ["10", ""])
def test_a_request_that_is_read_to_its_end_or_not_at_all_counts_as_answered(metrics: Metrics, length: str) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        if length:
            assert environ["wsgi.input"].readline() == b"first\n"
            assert environ["wsgi.input"].readlines() == [b"last"]
            assert environ["wsgi.input"].read() == b""
            assert environ["wsgi.input"].getvalue() == b"first\nlast"  # what a server's own has besides
        return answering([b""])(environ, start_response)

    body = {"CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(b"first\nlast")}
    ask_wsgi(WSGIMetricsMiddleware(app, metrics=metrics), "POST", "/", **body)
    assert requests(text(metrics)) == {("POST", "unmatched", "200"): 1}


def test_failure_after_reading_the_body_counts_as_500(metrics: Metrics) -> None:
    def app(environ: Any, _start_response: Any) -> Any:
        environ["wsgi.input"].read()
        raise RuntimeError("broken")

    body = {"CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"abc")}
    with pytest.raises(RuntimeError, match="broken"):
        ask_wsgi(WSGIMetricsMiddleware(app, metrics=metrics), "POST", "/", **body)
    assert requests(text(metrics)) == {("POST", "unmatched", "500"): 1}


def test_applications_that_are_mounted_have_their_prefix(metrics: Metrics) -> None:
    request = {"werkzeug.request": SimpleNamespace(url_rule=SimpleNamespace(rule="/orders"))}
    for name in ("/eu", "/us", ""):
        ask_wsgi(
            WSGIMetricsMiddleware(answering([b""]), metrics=metrics), "GET", "/orders", SCRIPT_NAME=name, **request
        )
    assert {route for _, route, _ in requests(text(metrics))} == {"/eu/orders", "/us/orders", "/orders"}
