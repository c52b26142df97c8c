"""However a client asks, the number of series stays bounded."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from oversight_metrics.example import asgi, wsgi
from oversight_metrics.labels import METHODS, RouteLabels, method_label, status_label
from tests.oversight_metrics.support import ask, ask_wsgi, new_metrics, requests, text

PATHS = st.one_of(
    st.text(max_size=30).map(lambda text: f"/{text}"),
    st.integers(min_value=0, max_value=10**8).map(lambda number: f"/orders/{number}"),
    st.text("abc/%.", max_size=8).map(lambda text: f"/shops/{text}/reports/orders"),
)
WORDS = st.one_of(st.sampled_from(sorted(METHODS)), st.text(min_size=1, max_size=10))
ROUTES = {"/orders", "/orders/{order_id}", "/shops/{shop}/reports/orders", "/shops/{shop}/reports/{year}"}
FIXED = {"unmatched", "/shops/{shop}/reports/{path}"}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(WORDS, PATHS), max_size=10))
def test_no_client_makes_a_label_value_of_its_own_asgi(asked: list[tuple[str, str]]) -> None:
    metrics = new_metrics()
    app = asgi.create_app(metrics)
    for method, path in asked:
        ask(app, method, path)
    seen = requests(text(metrics)) if asked else {}
    assert {method for method, _, _ in seen} <= METHODS | {"OTHER"}
    assert {route for _, route, _ in seen} <= ROUTES | FIXED
    assert sum(seen.values()) == len(asked)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(WORDS, PATHS), max_size=10))
def test_no_client_makes_a_label_value_of_its_own_wsgi(asked: list[tuple[str, str]]) -> None:
    metrics = new_metrics()
    app = wsgi.create_app(metrics)
    for method, path in asked:
        ask_wsgi(app, method, path)
    seen = requests(text(metrics)) if asked else {}
    assert {method for method, _, _ in seen} <= METHODS | {"OTHER"}
    assert {route for _, route, _ in seen} <= ROUTES | FIXED
    assert sum(seen.values()) == len(asked)


@given(st.lists(st.text(), max_size=50), st.integers(min_value=1, max_value=5))
def test_a_resolver_that_gives_raw_paths_by_mistake_is_bounded(paths: list[str], limit: int) -> None:
    label = RouteLabels(limit)
    assert len({label(path) for path in paths} - {"other"}) <= limit


def test_a_known_route_keeps_its_name_when_the_limit_is_reached() -> None:
    label = RouteLabels(1)
    assert [label("/a"), label("/b"), label("/a"), label(None)] == ["/a", "other", "/a", "unmatched"]


def test_a_method_is_one_of_http_or_other() -> None:
    assert [method_label(method) for method in ("GET", "get", "BREW")] == ["GET", "OTHER", "OTHER"]


def test_a_status_is_one_of_http_or_other() -> None:
    assert [status_label(status) for status in (100, 599, 99, 600)] == ["100", "599", "other", "other"]
