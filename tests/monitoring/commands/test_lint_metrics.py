"""`monitoring lint-metrics`: where a page comes from, how findings are said, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from prometheus_client import CollectorRegistry

from monitoring.__main__ import main
from oversight_metrics import Metrics, serve_metrics
from tests.monitoring.exposition.test_rules import CLEAN, HELP, asgi_example

WRONG = CLEAN + HELP.format("shop_orders", "counter") + "shop_orders 1\n"
WRONG_MESSAGE = "must end in _total, since it is a counter"


def lint(source: object, *options: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["lint-metrics", str(source), *options], input=given)


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
    assert (result.exit_code, result.stdout) == (0, "10 metrics, 0 findings\n")


def test_default_output_is_a_table_with_line_numbers(tmp_path: Path) -> None:
    file = tmp_path / "page.txt"
    file.write_text(CLEAN + HELP.format("shop_orders", "counter") + "shop_orders 1\n")
    result = lint(file)
    assert result.exit_code == 1
    assert "4      shop_orders" in result.stdout
    assert "must end in _total, since it is a counter" in result.stdout
    assert result.stdout.endswith("2 metrics, 1 findings\n")


@pytest.mark.parametrize("given", ["", "<html>\n", "shop_orders_total{status=3} 1\n", "shop_orders_total\n"])
def test_page_without_metrics_format_is_rejected(given: str) -> None:
    result = lint("-", given=given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("-: must be a page of metrics: ")


@pytest.mark.parametrize("source", ["/no/such/file", "http://127.0.0.1:1/metrics"])
def test_unreachable_page_is_reported_in_one_line(source: str) -> None:
    result = lint(source)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{source}: must be a page of metrics: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("options", [("--json",), ("--format", "json")])
def test_json_option_prints_findings_as_json(options: tuple[str, ...]) -> None:
    result = lint("-", *options, given=WRONG)
    assert (result.exit_code, json.loads(result.stdout)) == (
        1,
        [{"line": 4, "metric": "shop_orders", "rule": "suffix", "message": WRONG_MESSAGE}],
    )
    clean = lint("-", *options, given=CLEAN)
    assert (clean.exit_code, json.loads(clean.stdout)) == (0, [])


def test_github_annotations_have_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "a,b:c%.txt"
    file.write_text(WRONG)
    result = lint(file, "--format", "github")
    assert (result.exit_code, result.stdout) == (
        1,
        f"::error file={tmp_path}/a%2Cb%3Ac%25.txt,line=4::shop_orders (suffix): {WRONG_MESSAGE}\n",
    )
    assert lint("-", "--format", "github", given=WRONG).stdout.startswith("::error title=-::shop_orders (suffix): ")
    assert lint("-", "--format", "github", given=CLEAN).stdout == ""


def test_github_shows_where_a_page_breaks_off(tmp_path: Path) -> None:
    file = tmp_path / "page.txt"
    file.write_text(CLEAN + "shop_open{a=1} 2\nmore 50% nonsense\n")
    result = lint(file, "--format", "github")
    message = "must be a page of metrics: line 4, column 13: must be the label's value in quotes, got '1} 2'"
    assert (result.exit_code, result.stdout) == (2, f"::error file={file},line=4,col=13::{message}\n")
    assert result.stderr == f"{file}: {message}\n"


def test_series_limit_option_is_applied() -> None:
    given = CLEAN + 'shop_orders_total{status="failed"} 1\n'
    assert lint("-", "--max-series", "2", given=given).exit_code == 0
    assert lint("-", "--max-series", "1", given=given).exit_code == 1


def test_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    file = tmp_path / "page.txt"
    file.write_text(CLEAN, encoding="utf-8-sig")
    assert lint(file).exit_code == 0
