"""The rules in a real Prometheus: each records something, with the labels that its name says; and what they cost."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

import pytest
from rich.console import Console
from rich.table import Table

from monitoring.blueprint.rules.loader import OF_ONE_TARGET, labels_of, rules, rules_of
from tests.stack.evaluated import evaluated
from tests.stack.known_metrics import Series
from tests.stack.prometheus import Prometheus
from tests.stack.samples import TARGETS

pytestmark = pytest.mark.stack

GROUPS = {group["name"] for file in rules().files for group in file.data["groups"]}
PODS = 200
"""Pods of the service in the region that is large."""


def labels(prometheus: Prometheus, metrics: Iterable[str]) -> set[frozenset[tuple[str, str]]]:
    """Names and labels of the series of these metrics."""
    found = prometheus.query(f'{{__name__=~"{"|".join(metrics)}"}}')
    return {frozenset(one["metric"].items()) for one in found}


def cost(prometheus: Prometheus, title: str) -> tuple[Table, int]:
    """A table of the groups, and the number of series that went in."""
    page = prometheus.metrics()

    def by_group(metric: str) -> dict[str, float]:
        found = re.findall(rf'^{metric}{{rule_group="[^"]*;(\S+)"}} (\S+)$', page, re.MULTILINE)
        return {group: float(value) for group, value in found}

    count, seconds, out = (
        by_group(f"prometheus_rule_group_{part}")
        for part in ("rules", "last_duration_seconds", "last_evaluation_samples")
    )
    made = "|".join((*rules().recorded, "ALERTS", "ALERTS_FOR_STATE"))
    into = len(prometheus.get("/api/v1/series", **{"match[]": f'{{__name__=~".+",__name__!~"{made}"}}'}))
    table = Table("group", "rules", "milliseconds", "series out", title=f"{title}: {into} series in")
    for group in sorted(GROUPS):
        table.add_row(group, f"{count[group]:.0f}", f"{seconds[group] * 1000:.1f}", f"{out[group]:.0f}")
    return table, into


def test_each_recording_rule_returns_samples(recorded: list[Series]) -> None:
    assert {one.name for one in recorded} == set(rules().recorded)


def test_recorded_series_have_the_labels_of_their_level(recorded: list[Series]) -> None:
    for one in recorded:
        assert frozenset(one.labels) == labels_of(one.name), one.name


def test_federated_series_name_no_single_target(region: Prometheus) -> None:
    found = [dict(one) for one in labels(region, rules().federated)]
    assert {one["__name__"] for one in found} == set(rules().federated)
    for one in found:
        assert not one.keys() & OF_ONE_TARGET, one


def test_every_rule_and_alert_is_evaluated_without_an_error(region: Prometheus) -> None:
    groups = region.get("/api/v1/rules")["groups"]
    assert {group["name"] for group in groups} == GROUPS
    assert [rule["name"] for group in groups for rule in group["rules"] if rule["health"] != "ok"] == []
    assert sum(len(group["rules"]) for group in groups) == sum(1 for file in rules().files for _ in rules_of(file))


def test_aggregate_count_and_cost_are_constant_with_more_pods(
    region: Prometheus, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = [
        dataclasses.replace(one, pods=tuple(f"orders-{pod}" for pod in range(PODS))) if one.job == "orders" else one
        for one in TARGETS
    ]
    with evaluated(tmp_path_factory.mktemp("large"), targets=targets) as large:
        small_table, small_in = cost(region, "2 pods of a service")
        large_table, large_in = cost(large, f"{PODS} pods of a service")
        with capsys.disabled():
            for table in (small_table, large_table):
                Console(width=120).print(table)
        assert large_in > small_in + 10 * PODS
        for metrics in (rules().recorded, rules().federated):
            assert labels(large, metrics) == labels(region, metrics)
