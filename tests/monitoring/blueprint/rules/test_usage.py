"""Budgets of series as recorded series, and an alert that knows the limits it warns of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from monitoring.blueprint.releases import releases
from monitoring.blueprint.rules import budgets
from monitoring.blueprint.rules.loader import rules, rules_of
from monitoring.blueprint.scraping import limits
from monitoring.fleet import Fleet, Region


def stack_values(fleet: Fleet, region: Region) -> Mapping[str, Any]:
    (stack,) = (one for one in releases(region, fleet.peers_of(region)) if one.name == "kube-prometheus-stack")
    return stack.values


def rule(name: str) -> str:
    (found,) = (one["expr"] for file in rules().files for _, one in rules_of(file) if one.get("alert") == name)
    return str(found)


def test_each_budget_is_recorded_with_its_namespace(zoned: Region) -> None:
    assert budgets.delivered(zoned) == {
        "series-budgets": {
            "groups": [
                {
                    "name": "series_budgets",
                    "interval": "60s",
                    "rules": [
                        {
                            "record": "namespace:series_budget:limit",
                            "expr": "vector(5000)",
                            "labels": {"namespace": "billing"},
                        },
                        {
                            "record": "namespace:series_budget:limit",
                            "expr": "vector(20000)",
                            "labels": {"namespace": "shop"},
                        },
                    ],
                }
            ]
        }
    }


def test_a_region_gets_its_budgets_beside_the_rules_and_nothing_without(fleet: Fleet, zoned: Region) -> None:
    given = stack_values(fleet, zoned)["additionalPrometheusRulesMap"]
    assert given["series-budgets"] == budgets.delivered(zoned)["series-budgets"]
    assert "usage-rules" in given
    assert budgets.delivered(zoned.model_copy(update={"series_budgets": None})) == {}


def test_the_alert_divides_by_what_is_recorded() -> None:
    assert budgets.RECORDED in rule("SeriesBudgetNearlyUsed")


def test_the_alert_warns_of_the_limit_that_a_target_has() -> None:
    numbers = [int(number) for number in re.findall(r"\b\d{4,}\b", rule("ScrapeLimitNear"))]
    assert numbers == [limits.SAMPLES * 8 // 10, limits.SAMPLES] == [8_000, 10_000]


def test_the_alert_leaves_out_the_jobs_whose_limit_is_larger(fleet: Fleet, zoned: Region) -> None:
    values = stack_values(fleet, zoned)
    larger = {
        "kubelet": values["kubelet"]["serviceMonitor"],
        "apiserver": values["kubeApiServer"]["serviceMonitor"],
        "kube-state-metrics": values["kube-state-metrics"]["prometheus"]["monitor"],
    }
    assert {monitor["sampleLimit"] for monitor in larger.values()} == {300_000}
    left_out = re.findall(r'job!~"([^"]+)"', rule("ScrapeLimitNear"))
    assert left_out == ["|".join(larger)]
    assert str(values).count("'sampleLimit': 300000") == len(larger)
