"""Where promtool has an opinion on a page of metrics, `monitoring lint-metrics` has it too."""

from __future__ import annotations

import subprocess

import pytest
from prometheus_client import CollectorRegistry

from monitoring.exposition.page import read_page
from monitoring.exposition.rules import lint
from oversight_metrics import Metrics
from tests.monitoring.exposition.test_rules import CLEAN, HELP, asgi_example, wsgi_example
from tests.oversight_metrics.support import text
from tests.stack.processes import tool

pytestmark = pytest.mark.rules

FINDINGS = 3
"""Exit code of promtool for a page that can be read and is not clean."""


def promtool(page: str) -> tuple[int, str]:
    """Exit code and what it says."""
    line = [tool("promtool"), "check", "metrics"]
    done = subprocess.run(line, input=page, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("example", [asgi_example, wsgi_example])
def test_promtool_accepts_the_example_pages(example: object) -> None:
    assert callable(example)
    metrics = Metrics(CollectorRegistry())
    example(metrics)
    assert promtool(text(metrics)) == (0, "")


@pytest.mark.parametrize(
    ("name", "kind", "series"),
    [
        ("shop_orders", "counter", "shop_orders 1"),
        ("shop_open_total", "gauge", "shop_open_total 1"),
        ("shop_wait_milliseconds", "gauge", "shop_wait_milliseconds 1"),
        ("shop_wait_ms", "gauge", "shop_wait_ms 1"),
        ("shop_wait_minutes", "gauge", "shop_wait_minutes 1"),
        ("shop_cache_kilobytes", "gauge", "shop_cache_kilobytes 1"),
        ("shop_open_gauge", "gauge", "shop_open_gauge 1"),
        ("shopOrders_open", "gauge", "shopOrders_open 1"),
        ("shop:open:sum", "gauge", "shop:open:sum 1"),
        ("shop_queue_count", "gauge", "shop_queue_count 1"),
        ("shop_open", "gauge", 'shop_open{quantile="1"} 1'),
        ("shop_open", "gauge", 'shop_open{userId="1"} 1'),
    ],
)
def test_linter_reports_everything_promtool_reports(name: str, kind: str, series: str) -> None:
    page = CLEAN + HELP.format(name, kind) + series + "\n"
    code, said = promtool(page)
    assert (code, said.split(" ", 1)[0]) == (FINDINGS, name)
    assert {one.metric for one in lint(read_page(page))} == {name}


def test_metric_without_help_is_reported_by_linter_and_promtool() -> None:
    page = "# TYPE shop_orders_total counter\nshop_orders_total 3\n"
    assert promtool(page)[0] == FINDINGS
    assert [one.rule for one in lint(read_page(page))] == ["page"]
