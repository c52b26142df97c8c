"""No rule waits for a series that nothing produces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from monitoring.blueprint.rules import global_rules
from monitoring.blueprint.rules.loader import read_rules, rules, rules_of
from tests.own_input import fail_with
from tests.rules.cases import comments
from tests.rules.sources import known, problems, unknown
from tests.stack.known_metrics import FOLDER as EXPOSITIONS
from tests.stack.known_metrics import parts
from tests.stack.promql_names import Selector, names
from tests.stack.record_expositions import PARTS as RECORDED

HERE = Path(__file__).parent
FAULT = HERE / "bad_sources"


def test_every_metric_and_label_comes_from_a_known_source() -> None:
    fail_with(problems(rules().files))


def test_unknown_metric_is_reported_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "helm-values" / "rules"
    folder.mkdir(parents=True)
    (case,) = FAULT.iterdir()
    (folder / case.name).write_text(case.read_text(encoding="utf-8"), encoding="utf-8")
    files = read_rules(folder, root=tmp_path).files
    assert sorted(map(str, problems(files))) == sorted(comments(case, "expect"))


@pytest.mark.parametrize(
    ("expr", "fault"),
    [
        ("rate(http_request_total[5m])", ["http_request_total"]),
        ('http_requests_total{status=~"5.."}', ["http_requests_total{status}"]),
        ("sum by (status) (http_requests_total)", ["status"]),
        ("sum(http_requests_total) BY (status)", ["status"]),
        ("up / on (server) group_left (colour) pg_up", ["colour", "server"]),
        ("sum by (pod) (pg_up)", ["pod"]),
        ("sum by (pod) (redis_up + up)", []),
        ('up{job="prometheus"}', ["job prometheus"]),
        ('up{job=~"thanos-query|thanos-queri"}', ["job thanos-queri"]),
        ('up{namespace=~"monitoring|monitering"}', ["namespace monitering"]),
        ('{__name__=~"http_.*"}', ["a series without a name"]),
        ('job:http_requests:rate5m{pod="a"}', ["job:http_requests:rate5m{pod}"]),
        ("sum by (instance) (job:http_requests:rate5m)", ["instance"]),
        ('label_replace(up, "server", "$1", "instance", "(.*):.*") * on (server) pg_settings_max_connections', []),
        ("histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", []),
        ("max_over_time(up[1h:1m] offset 5m) # of status\n and on (job) up @ end()", []),
        ("time() - prometheus_config_last_reload_success_timestamp_seconds > bool 1e3", []),
        ("count(up == 0) or vector(0)", []),
    ],
)
def test_names_are_read_out_of_every_form_of_an_expression(expr: str, fault: list[str]) -> None:
    assert list(unknown(expr, known(rules().files))) == fault


@pytest.mark.parametrize("part", parts())
def test_known_metrics_are_recorded_or_have_a_source(part: str) -> None:
    first = (EXPOSITIONS / f"{part}.txt").read_text(encoding="utf-8").partition("\n")[0]
    assert part in RECORDED or re.match(r"# Written by hand: .{10}", first), first


def untested(names_of_rules: Iterable[str]) -> list[str]:
    """Rules and alerts that no file of tests/rules asks for by name."""
    asked = "\n".join(file.read_text(encoding="utf-8") for file in HERE.glob("*.yaml"))
    return [
        name for name in names_of_rules if not re.search(rf"(expr: .*|alertname: ){re.escape(name)}(?![\w:])", asked)
    ]


def test_every_rule_and_alert_has_a_test_of_its_own() -> None:
    """Those that are written by a program are tested by one: test_global.py."""
    files = [file for file in rules().files if file.name != global_rules.FILE]
    named = [rule.get("record") or rule["alert"] for file in files for _, rule in rules_of(file)]
    assert untested(named) == []


def test_a_rule_without_a_test_is_found() -> None:
    assert untested(["job:http_requests:rate1h", "job:http_requests:rate5m"]) == ["job:http_requests:rate1h"]


def test_matchers_are_read_with_their_texts() -> None:
    assert names('a:b{c="d}",e!~"f|g", h="\\""} - x').selectors == (
        Selector(metric="a:b", matchers={"c": ("=", "d}"), "e": ("!~", "f|g"), "h": ("=", '\\"')}),
        Selector(metric="x", matchers={}),
    )
