"""A team is told what is wrong with its page of metrics, and nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from monitoring.__main__ import main
from monitoring.commands._exposition import UnreadablePage, read_page
from monitoring.commands._metric_rules import lint as lint_page
from oversight_metrics import Metrics, serve_metrics
from oversight_metrics.example import asgi, wsgi
from oversight_metrics.page import page
from tests.oversight_metrics.support import ask, ask_wsgi, text

HELP = "# HELP {0} Some meaning.\n# TYPE {0} {1}\n"
CLEAN = HELP.format("shop_orders_total", "counter") + 'shop_orders_total{status="completed"} 3\n'


def lint(source: object, *options: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["lint-metrics", str(source), *options], input=given)


def found(given: str, *options: str) -> list[tuple[str, str, str]]:
    """Metric, rule and message of each finding."""
    result = lint("-", "--json", *options, given=given)
    assert result.exit_code in {0, 1}, result.output
    findings = [(one["metric"], one["rule"], one["message"]) for one in json.loads(result.stdout)]
    assert bool(findings) == (result.exit_code == 1)
    return findings


def asgi_example(metrics: Metrics) -> None:
    app = asgi.create_app(metrics)
    for method, path in (("POST", "/orders"), ("GET", "/orders/1"), ("GET", "/orders/99999"), ("GET", "/wp/7.php")):
        ask(app, method, path)


def wsgi_example(metrics: Metrics) -> None:
    app = wsgi.create_app(metrics)
    for method, path in (("POST", "/orders"), ("GET", "/orders/1"), ("GET", "/orders/99999"), ("BREW", "/wp/7.php")):
        ask_wsgi(app, method, path)


@pytest.mark.parametrize("example", [asgi_example, wsgi_example])
def test_the_examples_have_nothing_wrong(example: Callable[[Metrics], None]) -> None:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    example(Metrics(registry))
    assert found(generate_latest(page(registry)).decode()) == []
    assert found(generate_openmetrics(page(registry)).decode()) == []  # type: ignore[no-untyped-call]
    assert found(generate_latest(registry).decode()) == [], "creation times are no metrics of their own"


def test_a_page_is_read_where_it_is_served() -> None:
    metrics = Metrics(CollectorRegistry())
    asgi_example(metrics)
    server, thread = serve_metrics(0, "127.0.0.1", registry=metrics.registry)
    try:
        result = lint(f"http://127.0.0.1:{server.server_port}/metrics")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert (result.exit_code, result.stdout) == (0, "9 metrics, 0 findings\n")


@pytest.mark.parametrize(
    ("name", "kind", "series", "rule", "message"),
    [
        (
            "shop_logins_total",
            "counter",
            'shop_logins_total{userId="7"} 1',
            "label",
            "label userId must not be: each of its values is a series, and nobody can list them beforehand",
        ),
        (
            "shop_request_duration",
            "gauge",
            "shop_request_duration 1",
            "unit",
            "must end in its unit: a duration is probably in seconds",
        ),
        ("shop_orders", "counter", "shop_orders 1", "suffix", "must end in _total, since it is a counter"),
        ("shop_open_total", "gauge", "shop_open_total 1", "suffix", "must not end in _total, since it is a gauge"),
        (
            "shop_queue_count",
            "gauge",
            "shop_queue_count 1",
            "suffix",
            "must not end in _count, which is part of a histogram",
        ),
        (
            "shop_wait_milliseconds",
            "gauge",
            "shop_wait_milliseconds 1",
            "unit",
            "must be in the base unit seconds, got milliseconds",
        ),
        ("shop_cache_mb", "gauge", "shop_cache_mb 1", "unit", "must be in the base unit bytes, got mb"),
        ("shop_full_percent", "gauge", "shop_full_percent 1", "unit", "must be in the base unit ratio, got percent"),
        (
            "shop_answer",
            "summary",
            "shop_answer_sum 1\nshop_answer_count 1",
            "unit",
            "must end in its unit, since it is a summary: seconds, bytes, ratio, or what is counted",
        ),
        ("shopOrders_open", "gauge", "shopOrders_open 1", "name", "must be in snake_case"),
        (
            "orders_total",
            "counter",
            "orders_total 1",
            "name",
            "must begin with a namespace: {namespace}_{subsystem}_{name}_{unit}",
        ),
        (
            "shop:orders:rate5m",
            "gauge",
            "shop:orders:rate5m 1",
            "name",
            "must have no colon: those are the names of recording rules",
        ),
        ("shop_open_gauge", "gauge", "shop_open_gauge 1", "name", "must not have its type gauge in its name"),
        ("shop_open", "gauge", 'shop_open{job="shop"} 1', "label", "label job must be left to the scrape"),
        ("shop_open", "gauge", 'shop_open{le="1"} 1', "label", "label le must be on histograms only"),
        ("shop_open", "gauge", 'shop_open{quantile="1"} 1', "label", "label quantile must be on summaries only"),
        ("shop_open", "gauge", 'shop_open{Kind="a"} 1', "label", "label Kind must be in snake_case"),
        (
            "shop_open",
            "gauge",
            "shop_open 1 1700000000000",
            "page",
            "must leave the time to the scrape: with one of its own, a series that ended goes on",
        ),
        (
            "shop_wait_seconds",
            "histogram",
            'shop_wait_seconds_bucket{le="1s"} 1',
            "label",
            "label le must be a number, got 1s",
        ),
        ("shop_open", "gauge", "shop_open 1\nshop_open 2", "page", "must say each series once"),
        (
            "shop_open",
            "gauge",
            'shop_open{what="/orders/17"} 1',
            "cardinality",
            "label what must be of few values, got a raw path: /orders/17",
        ),
    ],
)
def test_each_fault_is_told(name: str, kind: str, series: str, rule: str, message: str) -> None:
    assert found(CLEAN + HELP.format(name, kind) + series + "\n") == [(name, rule, message)]


@pytest.mark.parametrize(
    ("value", "looks"),
    [
        ("1b4e28ba-2fa1-11d2-883f-0016d3cca427", "a UUID"),
        ("184467", "a number of many digits"),
        ("9f86d081884c7d65", "a hash"),
        ("ada@example.com", "an e-mail address"),
        ("10.0.0.1:80", "an IP address"),
        ("https://example.com/a", "a URL"),
        ("/a/9/b", "a raw path"),
    ],
)
def test_a_value_that_looks_like_one_of_many_is_told(value: str, looks: str) -> None:
    messages = [message for _, _, message in found(CLEAN.replace("completed", value))]
    assert messages == [f"label status must be of few values, got {looks}: {value}"]


@pytest.mark.parametrize(
    "value",
    ["/orders/{order_id}", "/orders/<int:order_id>", "/orders/:id", "/login", "200", "3.11.2", "EUR", "24h", ""],
)
def test_a_value_that_stands_in_the_code_is_fine(value: str) -> None:
    assert found(CLEAN.replace("completed", value)) == []


@pytest.mark.parametrize(
    "label", ["user", "customer_id", "orderId", "email", "session", "path", "url", "client_ip", "ip"]
)
def test_a_label_that_nobody_can_list_is_told(label: str) -> None:
    assert [rule for _, rule, _ in found(CLEAN.replace("status", label))] == ["label"]


def test_a_metric_without_a_type_or_a_meaning_is_told() -> None:
    assert [message for _, _, message in found("shop_orders_total 3\n")] == [
        "must have its meaning (# HELP)",
        "must have its type (# TYPE)",
    ]


def test_too_many_series_are_told() -> None:
    page = CLEAN + "".join(f'shop_orders_total{{status="s{number}"}} 1\n' for number in range(9))
    assert found(page, "--max-series", "10") == []
    assert found(page, "--max-series", "9") == [
        ("shop_orders_total", "cardinality", "must have at most 9 label sets, got 10")
    ]


def test_a_metric_of_the_contract_keeps_it() -> None:
    page = HELP.format("http_requests_total", "counter") + 'http_requests_total{method="GET",code="200"} 1\n'
    assert found(page) == [
        (
            "http_requests_total",
            "contract",
            "must have the labels method, route, status_code by the contract, got code, method",
        )
    ]
    page = HELP.format("db_query_duration_seconds", "histogram") + "".join(
        f'db_query_duration_seconds_bucket{{operation="a",table="b",le="{bound}"}} 1\n' for bound in ("0.25", "+Inf")
    )
    assert found(page) == [
        (
            "db_query_duration_seconds",
            "contract",
            "must have the buckets 0.01, 0.05, 0.1, 0.5, 1, 5 by the contract, got 0.25",
        )
    ]


def test_a_fault_is_told_in_openmetrics_too() -> None:
    page = CLEAN.replace("shop_orders_total c", "shop_orders c").replace("P shop_orders_total", "P shop_orders")
    assert found(page + "# EOF\n") == []
    assert [rule for _, rule, _ in found(page.replace("status", "userId") + "# EOF\n")] == ["label"]


def test_a_page_that_is_almost_openmetrics_is_told_what_is_wrong_with_it() -> None:
    page = HELP.format("shop_logins", "counter") + "shop_logins 1\n"
    good = CLEAN.replace("shop_orders_total c", "shop_orders c").replace("P shop_orders_total", "P shop_orders")
    assert found(good + page + "# EOF\n") == [
        ("", "page", "must be OpenMetrics, got Clashing name: shop_logins"),
        ("shop_logins", "suffix", "must end in _total, since it is a counter"),
    ]


def test_a_metric_in_two_places_is_told() -> None:
    other = HELP.format("shop_open", "gauge") + "shop_open 1\n"
    again = CLEAN.replace("completed", "failed")
    assert found(CLEAN + other + again) == [("shop_orders_total", "page", "must be said in one block")]


BITS = (
    "# TYPE ",
    "# HELP ",
    "a_total",
    "counter",
    "histogram",
    "{",
    "}",
    'le="1"',
    ",",
    '"',
    "\\",
    "\n",
    " ",
    "1",
    "# EOF\n",
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(BITS), max_size=25).map("".join)))
def test_whatever_a_page_holds_there_are_findings_or_it_is_unreadable(given_page: str) -> None:
    for whole in (given_page, given_page + "\n# EOF\n", CLEAN + given_page):
        with contextlib.suppress(UnreadablePage):
            assert all(1 <= one.line <= len(whole.splitlines()) for one in lint_page(read_page(whole)))


def test_a_person_sees_a_table_with_lines(tmp_path: Path) -> None:
    file = tmp_path / "page.txt"
    file.write_text(CLEAN + HELP.format("shop_orders", "counter") + "shop_orders 1\n")
    result = lint(file)
    assert result.exit_code == 1
    assert "4      shop_orders" in result.stdout
    assert "must end in _total, since it is a counter" in result.stdout
    assert result.stdout.endswith("2 metrics, 1 findings\n")


@pytest.mark.parametrize("given", ["", "<html>\n", "shop_orders_total{status=3} 1\n", "shop_orders_total\n"])
def test_what_is_no_page_of_metrics_cannot_be_read(given: str) -> None:
    result = lint("-", given=given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("-: must be a page of metrics: ")


@pytest.mark.parametrize("source", ["/no/such/file", "http://127.0.0.1:1/metrics"])
def test_a_page_that_cannot_be_had_is_told_in_one_line(source: str) -> None:
    result = lint(source)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{source}: must be a page of metrics: ")
    assert result.stderr.count("\n") == 1


def test_the_contract_itself_is_clean_with_every_metric_filled() -> None:
    metrics = Metrics(CollectorRegistry())
    asgi_example(metrics)
    assert found(text(metrics)) == []
