"""However a client asks, the number of series stays bounded."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.blueprint.scraping import limits
from oversight_metrics import Metrics
from oversight_metrics.contract import MetricFamily
from oversight_metrics.example import asgi, wsgi
from oversight_metrics.labels import METHODS, LabelSets, request_labels
from tests.oversight_metrics.support import ask, ask_wsgi, new_metrics, requests, text, total

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
def test_asgi_client_cannot_create_label_values(asked: list[tuple[str, str]]) -> None:
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
def test_wsgi_client_cannot_create_label_values(asked: list[tuple[str, str]]) -> None:
    metrics = new_metrics()
    app = wsgi.create_app(metrics)
    for method, path in asked:
        ask_wsgi(app, method, path)
    seen = requests(text(metrics)) if asked else {}
    assert {method for method, _, _ in seen} <= METHODS | {"OTHER"}
    assert {route for _, route, _ in seen} <= ROUTES | FIXED
    assert sum(seen.values()) == len(asked)


def fill_beyond(metrics: Metrics) -> None:
    """Into every metric more label sets than any page may hold."""
    for number in range(1200):
        word = f"word_{number}"
        metrics.observe_request(method="GET", route=f"/orders/{number}", status=200, seconds=0.1)
        metrics.observe_request(method="GET", route=f"/orders/{number}", status=503, seconds=0.1)
        with metrics.observe_query(operation="select", table=word):
            pass
        metrics.cache_hit(word)
        metrics.cache_miss(word)
        metrics.set_business_metric(word, 1)
        metrics.set_active_users(1, window=word)
        metrics.count_transaction(type=word, status="completed")
        metrics.add_revenue(1, currency=word)


def test_page_stays_below_the_sample_limit() -> None:
    metrics = new_metrics()
    fill_beyond(metrics)
    samples = [line for line in text(metrics).splitlines() if not line.startswith("#")]
    assert 8_000 < len(samples) < 8_500
    assert limits.SAMPLES == 10_000  # the rest is for the process' own and the service's


def test_label_sets_beyond_the_limit_share_one_set_and_are_counted() -> None:
    metrics = new_metrics()
    fill_beyond(metrics)
    seen = requests(text(metrics))
    assert len(seen) == 502
    assert seen["OTHER", "other", "other"] == 950
    assert seen["OTHER", "other", "500"] == 950  # to every rule a failure is one
    page = text(metrics)
    assert 'oversight_metrics_over_limit_total{metric="http_requests_total"} 1900.0' in page
    assert 'oversight_metrics_over_limit_total{metric="cache_hits_total"} 1100.0' in page
    assert 'cache_hits_total{cache_name="other"} 1100.0' in page
    assert total(page, "cache_hits_total") == 1200


def test_label_sets_of_route_and_method_are_limited() -> None:
    metrics = new_metrics()
    routes = [f"/things_{number}" for number in range(110)]
    for route in routes:
        for method in sorted(METHODS):
            metrics.observe_request(method=method, route=route, status=200 if method == "GET" else 405, seconds=0.1)
    seen = requests(text(metrics))
    assert {route for _, route, code in seen if code == "405"} == {"unmatched"}
    assert len(seen) == 110 + len(METHODS) - 1
    assert "oversight_metrics_over_limit_total{" not in text(metrics)


def test_a_known_set_keeps_its_name_when_the_limit_is_reached() -> None:
    over: list[str] = []
    family = MetricFamily(name="shop_orders_total", type="counter", labels=("kind",), help="Orders.", label_sets=1)
    sets = LabelSets(family, lambda labels: labels, lambda: over.append("one more"))
    assert [sets("/a"), sets("/b"), sets("/a")] == [("/a",), ("other",), ("/a",)]
    assert over == ["one more"]


def test_no_label_value_is_empty() -> None:
    metrics = new_metrics()
    metrics.observe_request(method="", route="", status=200, seconds=0.1)
    with metrics.observe_query(operation="", table=""):
        pass
    metrics.cache_hit("")
    metrics.cache_miss("")
    metrics.set_business_metric("", 1)
    metrics.set_active_users(1, window="")
    metrics.count_transaction(type="", status="completed")
    metrics.add_revenue(1, currency="")
    assert requests(text(metrics)) == {("OTHER", "/", "200"): 1}
    assert '=""' not in text(metrics)


def test_a_method_is_one_of_http_or_other() -> None:
    assert [request_labels(method, "/", 200)[0] for method in ("GET", "get", "BREW")] == ["GET", "OTHER", "OTHER"]


def test_a_status_is_one_of_http_or_other() -> None:
    assert [request_labels("GET", "/", code)[2] for code in (100, 599, 99, 600)] == ["100", "599", "other", "other"]
