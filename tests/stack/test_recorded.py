"""The rules in a real Prometheus: each records something, with the labels that its name says; and what they cost."""

from __future__ import annotations

import re

import pytest
from rich.console import Console
from rich.table import Table

from monitoring.blueprint.rules import OF_ONE_TARGET, level_labels, rules, rules_of
from tests.stack.known_metrics import Series
from tests.stack.prometheus import Prometheus

pytestmark = pytest.mark.stack

GROUPS = {group["name"] for file in rules().files for group in file.data["groups"]}


def test_no_rule_is_without_an_answer(recorded: list[Series]) -> None:
    assert {one.name for one in recorded} == set(rules().recorded)


def test_every_series_has_the_labels_that_its_name_says(recorded: list[Series]) -> None:
    for one in recorded:
        assert frozenset(one.labels) == level_labels(one.name.partition(":")[0]), one.name


def test_what_leaves_the_region_names_no_single_target(region: Prometheus) -> None:
    found = region.query(f'{{__name__=~"{"|".join(rules().federated)}"}}')
    assert {one["metric"]["__name__"] for one in found} == set(rules().federated)
    for one in found:
        assert not one["metric"].keys() & OF_ONE_TARGET, one["metric"]


def test_every_rule_and_alert_is_evaluated_without_an_error(region: Prometheus) -> None:
    groups = region.get("/api/v1/rules")["groups"]
    assert {group["name"] for group in groups} == GROUPS
    assert [rule["name"] for group in groups for rule in group["rules"] if rule["health"] != "ok"] == []
    assert sum(len(group["rules"]) for group in groups) == sum(1 for file in rules().files for _ in rules_of(file))


def test_the_table_of_what_the_rules_cost(region: Prometheus, capsys: pytest.CaptureFixture[str]) -> None:
    page = region.metrics()

    def by_group(metric: str) -> dict[str, float]:
        found = re.findall(rf'^{metric}{{rule_group="[^"]*;(\w+)"}} (\S+)$', page, re.MULTILINE)
        return {group: float(value) for group, value in found}

    count, seconds, out = (
        by_group(f"prometheus_rule_group_{part}")
        for part in ("rules", "last_duration_seconds", "last_evaluation_samples")
    )
    total = len(region.get("/api/v1/series", **{"match[]": '{__name__!=""}'}))
    table = Table("group", "rules", "milliseconds", "series out", title=f"rules over {total} series")
    for group in sorted(GROUPS):
        table.add_row(group, f"{count[group]:.0f}", f"{seconds[group] * 1000:.1f}", f"{out[group]:.0f}")
    with capsys.disabled():
        Console(width=120).print(table)
    assert out.keys() == GROUPS
    assert sum(out.values()) < total
