"""Alerts that fire, by severity: a figure each, since two warnings and two critical alerts are not equally bad."""

from __future__ import annotations

from monitoring.blueprint.dashboards.page import Thresholds, above, below

SEVERITIES: tuple[tuple[str, str, str, Thresholds], ...] = (
    ("critical", "Critical alerts", "Alerts now firing that wake somebody.", above(1)),
    ("warning", "Warnings", "Alerts now firing that can wait for the day.", above(1, 10)),
    (
        "none",
        "Watchdog",
        "It must always fire, once a region: 0 means that rules are not evaluated, or not told.",
        below(1),
    ),
)
"""Severity, and the title, description and thresholds of its figure."""
