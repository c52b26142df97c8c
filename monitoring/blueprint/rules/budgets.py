"""Budgets of series by namespace, as recorded series: what the region's file says, for alerts and panels to divide by.

A rule that is static cannot know them, and an alert for each namespace would be as many alerts.
"""

from __future__ import annotations

from typing import Any

from monitoring.fleet.model import Region

OBJECT = "series-budgets"
"""The name of their PrometheusRule."""

RECORDED = "namespace:series_budget:limit"


def delivered(region: Region) -> dict[str, Any]:
    """For the chart's `additionalPrometheusRulesMap`, beside the files'; nothing where no team has a budget."""
    if not region.series_budgets:
        return {}
    rules = [
        {"record": RECORDED, "expr": f"vector({budget})", "labels": {"namespace": namespace}}
        for namespace, budget in sorted(region.series_budgets.items())
    ]
    return {OBJECT: {"groups": [{"name": "series_budgets", "interval": "60s", "rules": rules}]}}
