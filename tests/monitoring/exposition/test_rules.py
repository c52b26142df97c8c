"""A team is told what is wrong with its page of metrics, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from monitoring.exposition.page import read_page
from monitoring.exposition.rules import lint
from oversight_metrics import Metrics
from oversight_metrics.example import asgi, wsgi
from oversight_metrics.page import page
from tests.oversight_metrics.support import ask, ask_wsgi, text

HELP = "# HELP {0} Some meaning.\n# TYPE {0} {1}\n"
CLEAN = HELP.format("shop_orders_total", "counter") + 'shop_orders_total{status="completed"} 3\n'


def found(page: str) -> list[tuple[str, str, str]]:
    """Metric, rule and message of each finding."""
    return [(one.metric, one.rule, one.message) for one in lint(read_page(page))]


def messages(page: str) -> list[str]:
    return [message for _, _, message in found(page)]


def asgi_example(metrics: Metrics) -> None:
    app = asgi.create_app(metrics)
    for method, path in (("POST", "/orders"), ("GET", "/orders/1"), ("GET", "/orders/99999"), ("GET", "/wp/7.php")):
        ask(app, method, path)


def wsgi_example(metrics: Metrics) -> None:
    app = wsgi.create_app(metrics)
    for method, path in (("POST", "/orders"), ("GET", "/orders/1"), ("GET", "/orders/99999"), ("BREW", "/wp/7.php")):
        ask_wsgi(app, method, path)


@pytest.mark.parametrize("example", [asgi_example, wsgi_example])
def test_example_pages_have_no_findings(example: Callable[[Metrics], None]) -> None:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    example(Metrics(registry))
    assert found(generate_latest(page(registry)).decode()) == []
    assert found(generate_openmetrics(page(registry)).decode()) == []  # type: ignore[no-untyped-call]
    assert found(generate_latest(registry).decode()) == [], "creation times are no metrics of their own"


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
def test_each_fault_has_its_finding(name: str, kind: str, series: str, rule: str, message: str) -> None:
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
def test_high_cardinality_label_value_is_reported(value: str, looks: str) -> None:
    messages = [message for _, _, message in found(CLEAN.replace("completed", value))]
    assert messages == [f"label status must be of few values, got {looks}: {value}"]


@pytest.mark.parametrize(
    "value",
    ["/orders/{order_id}", "/orders/<int:order_id>", "/orders/:id", "/login", "200", "3.11.2", "EUR", "24h"],
)
def test_constant_label_value_is_not_reported(value: str) -> None:
    assert found(CLEAN.replace("completed", value)) == []


@pytest.mark.parametrize(
    "label", ["user", "customer_id", "orderId", "email", "session", "path", "url", "client_ip", "ip"]
)
def test_unbounded_label_name_is_reported(label: str) -> None:
    assert [rule for _, rule, _ in found(CLEAN.replace("status", label))] == ["label"]


def test_metric_without_type_or_help_is_reported() -> None:
    assert [message for _, _, message in found("shop_orders_total 3\n")] == [
        "must have its meaning (# HELP)",
        "must have its type (# TYPE)",
    ]


def test_contract_metric_with_other_labels_is_reported() -> None:
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
            "must have the buckets 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1 by the contract, got 0.25",
        )
    ]


def test_openmetrics_faults_are_reported() -> None:
    page = CLEAN.replace("shop_orders_total c", "shop_orders c").replace("P shop_orders_total", "P shop_orders")
    assert found(page + "# EOF\n") == []
    assert [rule for _, rule, _ in found(page.replace("status", "userId") + "# EOF\n")] == ["label"]


def test_almost_openmetrics_page_gets_a_precise_finding() -> None:
    page = HELP.format("shop_logins", "counter") + "shop_logins 1\n"
    good = CLEAN.replace("shop_orders_total c", "shop_orders c").replace("P shop_orders_total", "P shop_orders")
    assert found(good + page + "# EOF\n") == [
        ("shop_logins", "suffix", "must end in _total, since it is a counter"),
        ("", "page", "must be OpenMetrics, got Clashing name: shop_logins"),
    ]


def test_metric_in_two_places_is_reported() -> None:
    other = HELP.format("shop_open", "gauge") + "shop_open 1\n"
    again = CLEAN.replace("completed", "failed")
    assert found(CLEAN + other + again) == [("shop_orders_total", "page", "must be said in one block")]


def test_the_contract_itself_is_clean_with_every_metric_filled() -> None:
    metrics = Metrics(CollectorRegistry())
    asgi_example(metrics)
    assert found(text(metrics)) == []


def test_too_many_series_are_reported() -> None:
    page = read_page(CLEAN + "".join(f'shop_orders_total{{status="s{number}"}} 1\n' for number in range(9)))
    assert lint(page, max_series=10) == []
    assert [one.message for one in lint(page, max_series=9)] == ["must have at most 9 label sets, got 10"]


def gauge(series: str, *, name: str = "shop_open") -> str:
    return HELP.format(name, "gauge") + series + "\n"


def histogram(*samples: str, name: str = "shop_wait_seconds", kind: str = "histogram") -> str:
    return HELP.format(name, kind) + "".join(f"{name}_{sample}\n" for sample in samples)


WHOLE = ('bucket{le="1"} 1', 'bucket{le="+Inf"} 2', "sum 3", "count 2")


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (gauge('shop_open{route=""} 1'), "label route must have a value: to Prometheus an empty one is no label"),
        (HELP.format("shop_open", "gauge") * 2 + "shop_open 1\n", "must have one # TYPE line"),
        ("shop_open 1\n# TYPE shop_open gauge\n", "must have its # TYPE line before its samples"),
        (
            histogram('bucket{le="+Inf"} 2', "sum 3", "count 2"),
            "must have a bucket below +Inf: without one there are no quantiles",
        ),
        (histogram('bucket{le="1"} 1', "sum 3", "count 2"), "must have a bucket +Inf"),
        (
            histogram('bucket{a="b",le="1"} 3', 'bucket{a="b",le="2"} 1', 'bucket{a="b",le="+Inf"} 3'),
            'must not fall from bucket to bucket, got 1 after 3 at le=2 in {a="b"}',
        ),
        (
            histogram('bucket{le="+Inf"} 3', 'bucket{le="1"} 4', "count 3"),
            "must not fall from bucket to bucket, got 3 after 4 at le=inf",
        ),
        (histogram(*WHOLE[:3], "count 7"), "must have the count of its bucket +Inf, got 7.0 and 2.0"),
        (histogram("bucket 1", *WHOLE), "must have the label le on each bucket"),
        (gauge("shop_memory_used 1", name="shop_memory_used"), "must end in its unit: a memory is probably in bytes"),
        (
            gauge("shop_request_size 1", name="shop_request_size"),
            "must end in its unit: a request size is probably in bytes",
        ),
    ],
)
def test_fault_in_one_series_is_reported_despite_correct_sum(page: str, message: str) -> None:
    assert message in messages(page)


def test_an_empty_label_beside_none_is_the_same_series() -> None:
    assert "must say each series once" in messages(gauge('shop_open{what=""} 1\nshop_open 2'))
    assert messages(gauge('shop_open{what="a"} 1\nshop_open 2')) == []


def test_each_series_keeps_the_contract_by_itself() -> None:
    half = 'http_requests_total{method="GET",route="/"} 1\nhttp_requests_total{status_code="200"} 1\n'
    assert messages(HELP.format("http_requests_total", "counter") + half) == [
        "must have the labels method, route, status_code by the contract, got method, route",
        "must have the labels method, route, status_code by the contract, got status_code",
    ]
    empty = 'http_requests_total{method="GET",route="",status_code="200"} 1\n'
    assert messages(HELP.format("http_requests_total", "counter") + empty) == [
        "must have the labels method, route, status_code by the contract, got method, status_code",
        "label route must have a value: to Prometheus an empty one is no label",
    ]


def test_buckets_missing_in_single_series_are_reported() -> None:
    bounds = {"read": ("0.001", "0.005", "0.01", "+Inf"), "write": ("0.05", "0.1", "0.5", "1", "+Inf")}
    buckets = [f'bucket{{operation="{one}",table="t",le="{le}"}} 1' for one in bounds for le in bounds[one]]
    assert messages(histogram(*buckets, name="db_query_duration_seconds")) == [
        "must have the buckets 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1 by the contract, got 0.001, 0.005, 0.01",
        "must have the buckets 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1 by the contract, got 0.05, 0.1, 0.5, 1",
    ]
    only = histogram('bucket{operation="a",table="t",le="+Inf"} 1', name="db_query_duration_seconds")
    assert "must have the buckets 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1 by the contract, got none" in messages(only)


@pytest.mark.parametrize(
    "page",
    [
        gauge('jvm_memory_used_bytes{area="heap",id="G1 Eden Space"} 1', name="jvm_memory_used_bytes"),
        gauge('go_build_info{path="example.com/shop",version="v1.2.3"} 1', name="go_build_info"),
        gauge('shop_build_info{revision="9f86d081884c7d659a2f"} 1', name="shop_build_info"),
        gauge('shop_build_info{path="example.com/shop",build_id="9f86d081884c7d65"} 1', name="shop_build_info"),
        gauge('shop_open{version="1.2.3.4"} 1'),
        gauge('shop_open{commit="9f86d081884c7d659a2f"} 1'),
        gauge('shop_open{port="50051"} 1'),
        gauge('shop_open{otel_scope_schema_url="https://example.com/1.0"} 1'),
        gauge('node_disk_info{path="pci-1",uuid="1b4e28ba-2fa1-11d2-883f-0016d3cca427"} 1', name="node_disk_info"),
        gauge('node_memory_MemFree_bytes 1\nnode_memory_MemFree_bytes{node="0"} 2', name="node_memory_MemFree_bytes"),
        gauge('windows_process_threads{process_id="70000"} 1', name="windows_process_threads"),
        gauge("system_cpu_count 8", name="system_cpu_count"),
        gauge('disk_free_bytes{path="/app"} 1', name="disk_free_bytes"),
        gauge("shop_queue_size 1", name="shop_queue_size"),
        gauge("shop_records_lag 1", name="shop_records_lag"),
        gauge("shop_sent_bytes_per_second 1", name="shop_sent_bytes_per_second"),
        gauge("shop_reports_created 1", name="shop_reports_created"),
        gauge("shop_reports_created 1", name="shop_reports_created") + "# EOF\n",
        HELP.format("shop_size_exceeded_total", "counter") + "shop_size_exceeded_total 1\n",
        HELP.format("shop_memory_allocation_failures_total", "counter") + "shop_memory_allocation_failures_total 1\n",
        HELP.format("shop_open", "untyped") + "shop_open 1\n",
        histogram(*WHOLE),
        histogram(*reversed(WHOLE)),
        histogram('bucket{le="100000"} 1', 'bucket{le="+Inf"} 2', "gsum 3", "gcount 2", kind="gaugehistogram"),
        histogram('bucket{le="1"} 5', 'bucket{le="+Inf"} 5', "gsum 3", "gcount 5", kind="gaugehistogram") + "# EOF\n",
        "# HELP shop Feature flags.\n# TYPE shop_features stateset\n# HELP shop_features On or off.\n"
        'shop_features{shop_features="a"} 1\nshop_features{shop_features="b"} 0\n# EOF\n',
    ],
)
def test_valid_features_of_real_pages_are_not_reported(page: str) -> None:
    assert [one for one in found(page) if one[0] != "shop"] == []


@pytest.mark.parametrize("label", ["user_id", "email", "session"])
def test_info_metric_about_users_is_reported(label: str) -> None:
    page = gauge(f'shop_user_info{{{label}="a"}} 1', name="shop_user_info")
    assert [rule for _, rule, _ in found(page)] == ["label"]


def test_foreign_histogram_without_inf_bucket_is_reported() -> None:
    page = HELP.format("jvm_gc_seconds", "histogram") + 'jvm_gc_seconds_bucket{le="1"} 1\n'
    assert messages(page) == ["must have a bucket +Inf"]


def test_the_text_format_may_end_like_openmetrics() -> None:
    assert found(CLEAN + "# EOF\n") == []
    info = '# TYPE shop_build info\n# HELP shop_build Version.\nshop_build_info{version="1"} 1\n# EOF\n'
    assert found(info) == []


def test_openmetrics_parser_error_has_its_line() -> None:
    page = gauge("shop_open 1") + "\n# EOF\n"
    assert [(one.line, one.message) for one in lint(read_page(page))] == [
        (4, "must be OpenMetrics, got Received blank line")
    ]


def test_duplicate_type_line_is_reported_once() -> None:
    page = "# HELP shop_open Some.\n# TYPE shop_open gauge\n# TYPE shop_open gauge\nshop_open 1\n# EOF\n"
    assert messages(page) == ["must have one # TYPE line"]


def test_times_of_one_series_are_no_repetition_in_openmetrics() -> None:
    page = gauge("shop_open 1 1.5\nshop_open 2 2.5") + "# EOF\n"
    assert messages(page) == ["must leave the time to the scrape: with one of its own, a series that ended goes on"]
